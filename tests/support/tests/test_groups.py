"""Tests that share an expensive fixture stay on one worker, and the long ones begin first."""

import re
from pathlib import Path

from tests.support.groups import FIRST

CHECKOUT = Path(__file__).parents[3]
WORDS = ("-p", "tests.support.plugin", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup", "-v")


def test_a_group_stays_on_one_worker(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
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


def test_a_file_stays_on_one_worker_without_its_groups_and_each_worker_has_one(pytester, monkeypatch):
    """What both wait for shows that the single test with a group of its own is not held back by its file."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
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


def test_what_takes_longest_begins_first(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    names = "\n".join(
        f"@pytest.mark.xdist_group({name!r})\ndef test_{number}(): ...\n"
        for number, name in enumerate(["other", *reversed(FIRST)])
    )
    pytester.makepyfile(f"import pytest\n\n@pytest.mark.parametrize('number', range(4))\ndef test_many(number): ...\n\n{names}")
    done = pytester.runpytest_subprocess(*WORDS, "-n", "1", "-p", "no:randomly")
    done.assert_outcomes(passed=5 + len(FIRST))
    ran = re.findall(r"PASSED \S+::test_(\w+)", done.stdout.str())
    assert ran[: len(FIRST)] == [str(number) for number in range(len(FIRST), 0, -1)]


def test_what_begins_first_is_there():
    """A name in FIRST that no test has any more would be kept for nothing."""
    text = "\n".join(
        path.read_text()
        for folder in ("tests", "server/tests", "agent/tests")
        for path in CHECKOUT.glob(f"{folder}/**/test_*.py")
    )
    for name in FIRST:
        assert (CHECKOUT / name).is_file() or f'xdist_group("{name}")' in text or f'group="{name}"' in text, name
