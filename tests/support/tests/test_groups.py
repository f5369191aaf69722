"""Tests that share an expensive fixture stay on one worker, and the long ones begin first."""

import re
from pathlib import Path
from textwrap import dedent

import pytest
from tests.support.groups import FIRST
from tests.support.plugin import pytest_plugins

CHECKOUT = Path(__file__).parents[3]
# Only the plugins that are looked at here: the others take three processes a second each to load.
WORDS = ("-p", "xdist", "-p", "tests.support.groups", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup", "-v")


@pytest.fixture(autouse=True)
def _checkout(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_every_run_has_these_turns():
    assert "tests.support.groups" in pytest_plugins


def test_a_group_stays_on_one_worker(pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.xdist_group("shares a server")
        @pytest.mark.parametrize("number", range(6))
        def test_it(number):
            pass
        """
    )
    done = pytester.runpytest_subprocess(*WORDS)
    done.assert_outcomes(passed=6)
    assert len(set(re.findall(r"\[(gw\d)\] \[.*PASSED", done.stdout.str()))) == 1


def test_a_file_stays_on_one_worker_without_its_groups_and_each_worker_has_one(pytester):
    """What both wait for shows that the single test with a group of its own is not held back by its file."""
    meets = f"""
        import time
        from pathlib import Path

        def meets(mine, other):
            Path({str(pytester.path)!r}, mine).touch()
            until = time.monotonic() + 60
            while not Path({str(pytester.path)!r}, other).exists():
                assert time.monotonic() < until
                time.sleep(0.01)
    """
    pytester.makepyfile(
        test_one=f"""{meets}
        import pytest

        @pytest.mark.parametrize("name", [f"a@{{number}}" for number in range(6)])
        def test_it(name):
            meets("one", "other")

        @pytest.mark.xdist_group("by itself")
        def test_other():
            meets("other", "one")
        """
    )
    done = pytester.runpytest_subprocess(*WORDS)
    done.assert_outcomes(passed=7)
    assert len(set(re.findall(r"\[(gw\d)\] \[.*PASSED \S+::test_it", done.stdout.str()))) == 1


def test_what_takes_longest_begins_first_and_a_folder_stays_together(pytester):
    groups = [name for name in FIRST if not name.endswith(("/", ".py"))]
    marked = "".join(f"@pytest.mark.xdist_group({name!r})\ndef test_it_{number}(): ...\n" for number, name in enumerate(groups))
    many = "@pytest.mark.parametrize('number', range(4))\ndef test_many(number): ...\n"
    for path, text in {
        "server/test_a.py": f"import pytest\n\n{many}\n{marked}",
        "tests/test_b.py": "def test_b(): ...",
        "tests/journeys/test_c.py": "def test_c(): ...",
        "tests/journeys/test_d.py": "def test_d(): ...",
        "tests/journeys/test_every_page.py": "def test_every_page(): ...",
    }.items():
        place = pytester.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    done = pytester.runpytest_subprocess("server", "tests", *WORDS, "-n", "1", "--import-mode=importlib")
    done.assert_outcomes(passed=8 + len(groups))
    ran = re.findall(r"PASSED \S+::test_(\w+)", done.stdout.str())
    assert ran == ["it_0", "every_page", "c", "d", *(f"it_{number}" for number in range(1, len(groups))), "b", *["many"] * 4]


def test_what_waits_runs_beside_what_computes(pytester):
    """Two workers, two files that wait for a third: it runs although they have more tests and come first."""
    there = f"Path({str(pytester.path / 'there')!r})"
    waits = f"""
        import time
        from pathlib import Path

        def test_it():
            until = time.monotonic() + 60
            while not {there}.exists():
                assert time.monotonic() < until
                time.sleep(0.01)

        def test_more(): ...
    """
    for path, text in {
        "agent/tests/test_a.py": waits,
        "tests/faults/test_b.py": waits,
        "server/tests/test_c.py": f"from pathlib import Path\n\ndef test_it(): {there}.touch()",
    }.items():
        place = pytester.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(dedent(text))
    done = pytester.runpytest_subprocess("server", "tests", "agent", *WORDS, "--import-mode=importlib")
    done.assert_outcomes(passed=5)


def test_what_begins_first_is_there():
    """A name in FIRST that no test has any more would be kept for nothing."""
    text = "\n".join(
        path.read_text()
        for folder in ("tests", "server/tests", "agent/tests")
        for path in CHECKOUT.glob(f"{folder}/**/test_*.py")
    )
    for name in FIRST:
        assert (CHECKOUT / name).exists() or f'xdist_group("{name}")' in text, name
