"""Our programs started by a fork of a process that has read their modules, since reading them takes most of a start.

What runs is the real program: the fork begins with its own `__main__`, as `python -m` does, in a process, a session and an environment
of its own, with nothing opened, decided or drawn yet; only the modules, at whose import nothing is read, are there already. It is
killed like any other. Each process of the tests keeps one such process for each program; it has no threads, and ends with the tests.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OF_OTHERS = ("cryptography.hazmat.backends.openssl.backend", "encodings.idna")
_OF_SERVERS = ("uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.loops.uvloop", "uvicorn.protocols.websockets.auto")
"""What libraries read at first use."""
_READ = {
    "homeport": (
        *_OF_OTHERS,
        *_OF_SERVERS,
        "pydantic.v1",
        "homeport.cli",
        "homeport.bootstrap.web",
        "homeport.bootstrap.restore",
        "homeport.serve",
        "homeport.backup",
        "homeport.logs",
    ),
    "homeport_agent": (*_OF_OTHERS, "homeport_agent.cli"),
    "homeport_simulators": (
        *_OF_OTHERS,
        *_OF_SERVERS,
        "homeport_simulators.cli",
        "homeport_simulators.okta.demo",
        "homeport_simulators.okta.serve",
    ),
    "tests.faults.clock": (*_OF_OTHERS, "tests.faults.shifted"),
}
"""The programs, each with the modules that are read before it is forked."""
_PAGES = {"foundation/ui": "ui", "trust/issuer": "issuer"}
"""Whose templates a fork has compiled: the layouts and macros of all pages, and the pages of a sign-in at a device."""
_MOST = 200_000
"""Bytes of a request: the words and the environment of a program."""
_HEEDED = ("PYTHON", "LD_", "LC_", "LANG", "HOMEPORT_TEST_LOGS")


def _told(names: Mapping[str, str]) -> dict[str, str]:
    """What of an environment a program heeds as it starts, and never again."""
    return {name: value for name, value in names.items() if name.startswith(_HEEDED) and name != "PYTHONUNBUFFERED"}


def fits(argv: list[str], environment: Mapping[str, str]) -> bool:
    """Whether a fork does the same as this command: a program of ours, by this Python, which would start as this process did."""
    ours = argv[:2] == [sys.executable, "-m"] and len(argv) > 2 and argv[2] in _READ
    return ours and _told(environment) == _told(os.environ)


_turn = threading.Lock()


class Warm:
    """The process that is forked, seen from here."""

    def __init__(self, program: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        self._socket = ours
        words: list[str] = [sys.executable, "-m", "tests.support.warm", program, str(theirs.fileno())]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with theirs:
            self._process = subprocess.Popen(
                words, env=environment, cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )

    def fork(self, argv: list[str], environment: Mapping[str, str], cwd: Path | None, descriptors: list[int]) -> int:
        """Have a program begin with these descriptors as its standard ones; the fourth gets its status. Its process id."""
        request = {"argv": argv, "environment": dict(environment), "cwd": str(cwd or Path.cwd())}
        with self._turn:
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            answer = self._socket.recv(64)
        if not answer:
            raise RuntimeError("The process that this program is forked from has ended; its words are above.")
        return int(answer)

    def close(self) -> None:
        """End it; what was forked goes on."""
        self._socket.close()
        self._process.wait(60)


_kept: dict[tuple[str, str], Warm] = {}


class Forked:
    """A program that was forked: what `subprocess.Popen` is to one that was started."""

    def __init__(self, argv: list[str], environment: Mapping[str, str], cwd: Path | None) -> None:
        theirs, self.stdin = _pipe("wb")
        self.stdout, out = _pipe("rb")
        self.stderr, err = _pipe("rb")
        self._end, end = os.pipe()
        self._turn = threading.Lock()
        self.args = argv
        self.returncode: int | None = None
        try:
            self.pid = _warm(argv[2]).fork(argv, environment, cwd, [theirs, out, err, end])
        finally:
            for descriptor in (theirs, out, err, end):
                os.close(descriptor)

    def poll(self) -> int | None:
        """The exit status, as `subprocess` says it, once the program has ended."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self._look(0.5 if deadline is None else max(0, min(0.5, deadline - time.monotonic())))) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(self.args, timeout)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the program has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _look(self, seconds: float) -> int | None:
        with self._turn:
            if self.returncode is None and select.select([self._end], [], [], seconds)[0]:
                told = os.read(self._end, 64)
                os.close(self._end)
                if not told:
                    raise RuntimeError(
                        "The process that this program is forked from has ended, and nobody knows how its forks end."
                    )
                self.returncode = os.waitstatus_to_exitcode(int(told))
            return self.returncode


def _pipe(mode: str) -> tuple[Any, Any]:
    """A pipe; first the end to read from. The one of this process is a file without a buffer of its own for reading."""
    reading, writing = os.pipe()
    return (reading, os.fdopen(writing, mode)) if mode == "wb" else (os.fdopen(reading, mode), writing)


def _warm(program: str) -> Warm:
    with _turn:
        kind = program, json.dumps(_told(os.environ), sort_keys=True)
        if kind not in _kept:
            _kept[kind] = Warm(program)
        return _kept[kind]


def pytest_unconfigure() -> None:
    while _kept:
        _kept.popitem()[1].close()


def _serve(asked: socket.socket) -> dict[str, Any] | None:
    """Fork at each request until nobody asks any more; None in this process, and in each fork what it is to become."""
    awake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([asked, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            _tell_of_the_ended(running)
        if asked not in ready:
            continue
        message, descriptors, *_ = socket.recv_fds(asked, _MOST, 4)
        if not message:
            return None
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            for number, descriptor in enumerate(descriptors[:3]):
                os.dup2(descriptor, number)
            asked.detach()
            os.closerange(3, 4096)
            return json.loads(message)
        asked.send(str(pid).encode())
        for descriptor in descriptors[:3]:
            os.close(descriptor)
        running[pid] = descriptors[3]


def _tell_of_the_ended(running: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with os.fdopen(running.pop(ended[0]), "w") as told, contextlib.suppress(BrokenPipeError):
                told.write(str(ended[1]))


def _compile_pages() -> None:
    from tests.support.once import templates_compiled_once  # noqa: PLC0415 - for a server only

    from homeport.foundation.ui.assets import Assets  # noqa: PLC0415 - the same
    from homeport.foundation.ui.templates import PACKAGE, Templates  # noqa: PLC0415 - the same

    templates_compiled_once()
    pages = Templates(Assets()).environment
    for slice_of, name in _PAGES.items():
        folder = PACKAGE / slice_of / "templates"
        for page in sorted((folder / name).rglob("*.*")):
            pages.get_template(page.relative_to(folder).as_posix())


def main() -> None:
    """Read the modules, then fork; a fork goes on as `python -m` with the words that it was given."""
    program, asked = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
    gc.disable()  # what modules make stays, so nothing of it is looked through again and again
    for name in _READ[program]:
        importlib.import_module(name)
    if program == "homeport":
        _compile_pages()
    gc.collect()
    gc.freeze()
    gc.enable()
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a fork has one thread only"
    wanted = _serve(asked)
    if wanted is not None:
        os.environ.clear()
        os.environ.update(wanted["environment"])
        os.chdir(wanted["cwd"])
        time.tzset()
        sys.argv = [program, *wanted["argv"][3:]]
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
