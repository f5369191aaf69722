"""Which failed tests get a second look, and what it takes to pass it."""

import subprocess
import sys

import pytest
from tools.alone import GROUP, MOST, TIMES, judge

SSHD = "tests/devices/test_03_ssh.py::test_a_first_sign_in"
PAGES = "tests/journeys/test_every_page.py::test_every_page"
OURS = "server/tests/trust/federation/test_verifier.py::test_a_wrong_nonce_is_refused"


class Alone:
    """Passes as often as said, then fails."""

    def __init__(self, passes=99):
        self.left, self.ran = passes, []

    def __call__(self, name):
        self.ran.append(name)
        self.left -= 1
        return self.left >= 0


def test_a_test_of_foreign_programs_passes_when_it_passes_alone_each_time_and_is_named_at_the_end():
    alone, said = Alone(), []
    assert judge([f"{SSHD}@devices-1", SSHD, f"{PAGES}[a@b]"], alone, said.append)
    assert alone.ran == [SSHD] * TIMES + [f"{PAGES}[a@b]"] * TIMES
    assert said[-1].startswith("== NOT STEADY")
    assert SSHD in said[-1]
    assert f"{PAGES}[a@b]" in said[-1]


@pytest.mark.parametrize("passes", range(TIMES))
def test_one_failure_alone_is_a_failure(passes):
    assert not judge([SSHD], Alone(passes), [].append)


@pytest.mark.parametrize("failed", [[OURS], [SSHD, OURS], [], [f"{SSHD}_{number}" for number in range(MOST + 1)]])
def test_our_own_tests_and_many_at_once_get_no_second_look(failed):
    alone = Alone()
    assert not judge(failed, alone, [].append)
    assert alone.ran == []


def test_the_names_of_failed_tests_are_written_down(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n\ndef test_good(): ...\n\n\n@pytest.mark.xdist_group('a b')\ndef test_bad(): assert 0\n"
    )
    place = tmp_path / "failures"
    words = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-c", "/dev/null", "--rootdir", tmp_path]
    only = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the plugins that are looked at
    ended = subprocess.run(
        [*words, "-p", "xdist", "-p", "tests.support.failures", tmp_path],
        env={"HOMEPORT_FAILURES": str(place), "PYTHONPATH": ".", **only},
        check=False,
    )
    assert ended.returncode == 1
    assert [GROUP.sub("", one) for one in place.read_text().split("\n")] == ["test_it.py::test_bad", ""]
