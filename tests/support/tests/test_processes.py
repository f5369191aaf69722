"""Programs start, are heard, end, and leave nothing behind."""

import sys
import time
from pathlib import Path

import pytest
from tests.support.processes import Program, ProgramError, Programs, free_port, run


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_is_waited_for_by_its_line(start_program):
    program = start_program(*python("print('listening on 4711'); input()"), ready=r"listening on (\d+)")
    assert program.running
    assert program.wait_for(r"on (\d+)").group(1) == "4711"


def test_a_prompt_without_a_newline_is_heard_and_answered(start_program):
    program = start_program(*python("print('hello', input('name? '))"))
    program.wait_for(r"name\? $")
    program.say("Ada")
    program.wait_for("hello Ada")
    assert program.wait() == 0


def test_lines_of_standard_output_come_one_by_one(start_program):
    program = start_program(*python("import sys; print('one'); print('aside', file=sys.stderr); print('two')"))
    assert [program.next_line(), program.next_line()] == ["one", "two"]
    program.wait()
    assert program.stderr == "aside\n"
    assert "aside" in program.output


def test_a_program_that_ends_early_is_told_with_all_it_said():
    with Programs() as programs, pytest.raises(ProgramError, match=r"(?s)ended with status 3 before .*sorry"):
        programs.start(*python("print('sorry'); raise SystemExit(3)"), ready="never")


def test_waiting_has_an_end():
    with Programs() as programs, pytest.raises(ProgramError, match=r"gave no .* within 0.3 s"):
        programs.start(*python("input()"), ready="never", seconds=0.3)


def test_a_port_is_waited_for(start_program):
    port = free_port()
    code = f"import socket, time; time.sleep(0.3); s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
    assert start_program(*python(code), port=port).running


def test_kill_ends_the_children_too(start_program, tmp_path):
    note = tmp_path / "child"
    program = start_program("sh", "-c", f"sleep 600 & echo $! > {note}.new; mv {note}.new {note}; echo up; wait", ready="up")
    child = int(note.read_text())
    program.kill()
    deadline = time.monotonic() + 60
    while _lives(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(child)
    assert program.wait() == -9


def test_stop_asks_before_it_insists(start_program):
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('up'); signal.pause()"
    polite = start_program(*python(code), ready="up")
    deaf = start_program(*python("import signal; signal.signal(15, signal.SIG_IGN); print('up'); signal.pause()"), ready="up")
    assert polite.stop() == 7
    assert deaf.stop(seconds=0.2) == -9


def test_a_name_is_removed_from_the_environment(monkeypatch):
    monkeypatch.setenv("HOMEPORT_PROBE", "1")
    with Program(*python("import os; print(os.environ.get('HOMEPORT_PROBE'))"), env={"HOMEPORT_PROBE": None}) as program:
        assert program.next_line() == "None"


def test_a_failing_run_says_why():
    assert run(*python("print(1)")) == "1\n"
    with pytest.raises(ProgramError, match="ended with status 1"):
        run(*python("raise SystemExit(1)"))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
