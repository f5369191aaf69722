"""A program that is forked from a process with its modules is the program that a new interpreter would have been."""

import json
import os
import subprocess
import sys

import pytest
from tests.support import warm
from tests.support.processes import ProgramError, run

HOMEPORT = (sys.executable, "-m", "homeport")
OKTA = (sys.executable, "-m", "homeport_simulators", "okta", "--port", "0", "--demo")


@pytest.mark.parametrize("words", [("--version",), ("nonsense",), ("restore", "nothing")])
def test_it_says_and_ends_as_it_does_by_itself(start_program, tmp_path, words):
    environment = {"HOMEPORT_DATA": str(tmp_path)}
    alone = subprocess.run([*HOMEPORT, *words], env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    forked = start_program(*HOMEPORT, *words, env=environment)
    assert isinstance(forked.process, warm.Forked)
    assert (forked.wait(), forked.stdout, forked.stderr) == (alone.returncode, alone.stdout, alone.stderr)


def test_two_draw_different_secrets_and_each_is_killed_alone(start_program):
    first, second = (start_program(*OKTA) for _ in range(2))
    [one, other] = [json.loads(okta.next_line()) for okta in (first, second)]
    assert one["client_secret"] != other["client_secret"]
    assert one["password"] != other["password"]
    assert os.getsid(first.pid) == first.pid != second.pid
    first.kill()
    assert first.process.returncode == -9
    assert second.running
    assert second.stop() in {0, -15}


def test_it_gets_the_environment_the_folder_and_the_words_that_it_was_given(start_program, tmp_path):
    given = start_program(sys.executable, "-m", "homeport_agent", "status", "--root", ".", cwd=tmp_path, env={"HOME": None})
    assert given.wait() == 1
    assert "is not enrolled" in given.stdout
    assert str(tmp_path) in given.stdout
    with pytest.raises(ProgramError, match="ended with status 2"):
        run(sys.executable, "-m", "homeport_agent", "nonsense")


def test_what_python_reads_at_its_start_is_no_matter_for_a_fork():
    assert warm.fits([*HOMEPORT, "serve"], os.environ)
    assert not warm.fits([*HOMEPORT, "serve"], {**os.environ, "PYTHONPATH": "/elsewhere"})
    assert not warm.fits(["env", *HOMEPORT, "serve"], os.environ)
    assert not warm.fits([sys.executable, "-c", "pass"], os.environ)
