"""The agent on a machine, begun by a fork of one of that machine's processes that has read its modules (decision 0022)."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import weakref
from pathlib import Path

from tests.support.debian.machine import Machine, Service


class _Process:
    """A process of the machine that is known by its pidfd; what `subprocess.Popen` is to a child, but its status is not known."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        told = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        self.pid = int(told.split("Pid:")[1].split()[0])

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        watch = select.poll()
        watch.register(self.descriptor, select.POLLIN)
        if not watch.poll(None if timeout is None else timeout * 1000):
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0)
        return 0


class Fork(Service):
    """A program that keeps running on the machine and was begun by a fork."""

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.process.descriptor, number)


class Forks:
    """The process that is forked, seen from here."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        seed = Path(__file__).with_name("seed.py").read_text()
        with theirs:
            machine.start("/usr/bin/python3", "-I", "-c", seed, log="/var/log/forks.log", stdin=theirs)

    def start(self, *words: str, user: str, log: str) -> Service:
        """Begin the agent's command with these words, as `Machine.start` does."""
        with (self._machine.root / log.lstrip("/")).open("ab") as stream:
            socket.send_fds(self._socket, [json.dumps({"words": words, "user": user}).encode()], [stream.fileno()])
            answer, descriptors, *_ = socket.recv_fds(self._socket, 1, 1)
        if not answer:
            raise AssertionError(f"nothing is forked any more: {self._machine.read('/var/log/forks.log')}")
        return Fork(self._machine, _Process(descriptors[0]), log)

    def close(self) -> None:
        """End it; what was forked goes on."""
        self._socket.close()
