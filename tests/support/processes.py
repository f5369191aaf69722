"""Real programs as a test needs them: started, waited for, talked to, killed, and never left behind."""

import codecs
import contextlib
import itertools
import os
import random
import re
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import pytest
from tests.support import logs, warm


class ProgramError(AssertionError):
    """A program did not do what the test waited for; the message carries everything the program said."""


_PORTS = random.SystemRandom().sample(range(10_000, 32_000), 22_000)
_next_port = itertools.count()


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on at this moment, and none that this process was given before.

    It lies below the range from which Linux takes the ports of outgoing connections (ip_local_port_range), so that nobody gets it
    by chance before its program has bound it, nor while that program is killed and started again.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in _next_port:
        with socket.socket(family, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.bind((host, _PORTS[number]))
            return _PORTS[number]
    raise AssertionError("every port is taken")


def _begin(argv: list[str], environment: Mapping[str, str], cwd: Path | None) -> subprocess.Popen[bytes] | warm.Forked:
    if warm.fits(argv, environment):
        return warm.Forked(argv, environment, cwd)
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, env=environment, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)


SERVICES = {"serve", "run", "accounts"}
"""The words of commands that run as services: what these say on standard output is a log, and of no other is."""


class Program:
    """One running program in a session of its own, so that its children end with it.

    `argv` are the words of the command; `env` is added to this process's environment (a value of None removes the name).
    `output` is everything written to standard output and standard error so far, in order of arrival.
    """

    def __init__(
        self, *argv: str | Path, env: Mapping[str, str | None] | None = None, cwd: Path | None = None, seconds: float = 120
    ) -> None:
        self.argv = [str(word) for word in argv]
        self.seconds = seconds
        self._heard = threading.Condition()
        self._said = {"stdout": "", "stderr": ""}
        self._output = ""
        self._read_to = 0
        self._closing = False
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        for name, value in (env or {}).items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        self.process = _begin(self.argv, environment, cwd)
        self._log = logs.Log("-".join(Path(word).name for word in self.argv[:4]))
        self._logged = {"stderr"} | ({"stdout"} if SERVICES & set(self.argv) else set())
        self._listeners = [
            threading.Thread(target=self._listen, args=(name,), daemon=True, name=f"{name} of {self.argv[0]}")
            for name in self._said
        ]
        for listener in self._listeners:
            listener.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def output(self) -> str:
        with self._heard:
            return self._output

    @property
    def stdout(self) -> str:
        with self._heard:
            return self._said["stdout"]

    @property
    def stderr(self) -> str:
        with self._heard:
            return self._said["stderr"]

    def wait_for(self, pattern: str, seconds: float | None = None) -> re.Match[str]:
        """Wait until the output contains the regular expression; a prompt without a newline counts."""
        wanted = re.compile(pattern, re.MULTILINE)
        return self._until(lambda: wanted.search(self._output), f"{pattern!r} in the output", seconds)

    def next_line(self, seconds: float | None = None) -> str:
        """The next whole line of standard output that this method has not returned yet, without its newline."""

        def whole_line() -> str | None:
            line, newline, _ = self._said["stdout"][self._read_to :].partition("\n")
            return line + newline if newline else None

        line = self._until(whole_line, "another line of standard output", seconds)
        self._read_to += len(line)
        return line.rstrip("\n")

    def wait_for_port(self, port: int, host: str = "127.0.0.1", seconds: float | None = None) -> None:
        """Wait until the port accepts a connection."""

        def connected() -> bool:
            with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
                return True
            return False

        self._until(connected, f"a listener on {host} port {port}", seconds)

    def say(self, line: str) -> None:
        """Write one line to the program's standard input."""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except ValueError:  # another thread killed it, and closed this
            raise BrokenPipeError("the program's standard input is closed") from None

    def end_input(self) -> None:
        """Close the program's standard input."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def wait(self, seconds: float | None = None) -> int:
        """Wait for the end of the program and return its exit status (negative: the signal that ended it)."""
        limit = self.seconds if seconds is None else seconds
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise ProgramError(self._complaint(f"did not end within {limit:g} s")) from None
        self._hear_the_rest()
        return status

    def kill(self) -> None:
        """End the program and its children at once, as `kill -9` does; nothing of theirs runs any more."""
        self._signal_all(signal.SIGKILL)
        self.process.wait()
        self._close()

    def stop(self, seconds: float = 30) -> int:
        """Ask the program to end (SIGTERM), insist after `seconds`, and return its exit status."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listen(self, name: str) -> None:
        stream = getattr(self.process, name)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        watch = select.poll()
        watch.register(stream, select.POLLIN)
        while True:
            # A child that left the session may hold the pipe for as long as it lives; nobody waits for that.
            while not watch.poll(200):
                if self._closing:
                    return
            piece = os.read(stream.fileno(), 65536)
            text = decode(piece, final=not piece)
            with self._heard:
                if name in self._logged:
                    self._log.write(piece)
                self._said[name] += text
                self._output += text
                self._heard.notify_all()
            if not piece:
                return

    def _until(self, found, what: str, seconds: float | None):
        limit = self.seconds if seconds is None else seconds
        deadline = time.monotonic() + limit
        with self._heard:
            while not (value := found()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ProgramError(self._complaint(f"gave no {what} within {limit:g} s"))
                if not self.running and not any(listener.is_alive() for listener in self._listeners) and not found():
                    raise ProgramError(self._complaint(f"ended with status {self.process.returncode} before {what}"))
                self._heard.wait(min(left, 0.05))
        return value

    def _complaint(self, what: str) -> str:
        return f"`{' '.join(self.argv)}` {what}. It said:\n{self._output or '(nothing)'}"

    def _signal_all(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _hear_the_rest(self) -> None:
        for listener in self._listeners:
            listener.join(5)

    def _close(self) -> None:
        self.end_input()
        self._closing = True
        self._hear_the_rest()
        for name, listener in zip(self._said, self._listeners, strict=True):
            if not listener.is_alive():
                getattr(self.process, name).close()


class Programs:
    """Starts programs and ends them all, newest first, when its `with` block ends."""

    def __init__(self) -> None:
        self._started: list[Program] = []

    def start(
        self,
        *argv: str | Path,
        ready: str | None = None,
        port: int | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        seconds: float = 120,
    ) -> Program:
        """Start a program; with `ready` wait for that pattern in its output, with `port` for a listener."""
        program = Program(*argv, env=env, cwd=cwd, seconds=seconds)
        self._started.append(program)
        if ready is not None:
            program.wait_for(ready)
        if port is not None:
            program.wait_for_port(port)
        return program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in reversed(self._started):
            program.stop()


def _run(words: Sequence[str], input: str | None, seconds: float) -> subprocess.CompletedProcess[str]:  # noqa: A002 - subprocess's own word
    return subprocess.run(words, input=input, capture_output=True, text=True, timeout=seconds, check=False)


def _run_warm(words: Sequence[str], input: str | None, seconds: float) -> subprocess.CompletedProcess[str]:  # noqa: A002 - subprocess's own word
    with Program(*words, seconds=seconds) as program:
        with contextlib.suppress(BrokenPipeError):
            program.process.stdin.write((input or "").encode())
        program.end_input()
        return subprocess.CompletedProcess(words, program.wait(), program.stdout, program.stderr)


def attempt(*argv: str | Path, seconds: float = 120, input: str | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002 - subprocess's own word
    """Run a program to its end, whichever that is, and return its exit status and what it said."""
    words = [str(word) for word in argv]
    done = _run_warm(words, input, seconds) if warm.fits(words, os.environ) else _run(words, input, seconds)
    logs.Log(Path(argv[0]).name).write(done.stderr)
    return done


def run(*argv: str | Path, seconds: float = 120, input: str | None = None) -> str:  # noqa: A002 - subprocess's own word
    """Run a program to its end and return its standard output; a failure carries all it said."""
    done = attempt(*argv, seconds=seconds, input=input)
    if done.returncode != 0:
        raise ProgramError(f"`{' '.join(done.args)}` ended with status {done.returncode}. It said:\n{done.stdout}{done.stderr}")
    return done.stdout


@pytest.fixture
def programs() -> Iterator[Programs]:
    """The programs of one test; each is stopped when the test ends."""
    with Programs() as started:
        yield started


@pytest.fixture
def start_program(programs: Programs):
    """`start_program(*argv, ready=…, port=…, env=…, cwd=…, seconds=…)` starts a program that ends with the test."""
    return programs.start
