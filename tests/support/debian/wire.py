"""The device's way to the server: a listener on the device's own loopback, carried over to the server's. It can be cut."""

import contextlib
import ctypes
import os
import re
import socket
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_REQUEST = re.compile(rb"([A-Z]+ \S+) HTTP/1\.1\r\n")


class State(Enum):
    """What a packet meets."""

    UP = "up"
    CUT = "cut"  # connections are refused, those that stand are reset
    SILENT = "silent"  # connections are taken and never answered: a hung server


class Wire:
    """Carries TCP from 127.0.0.1:`port` in the network namespace of process `pid` to 127.0.0.1:`port` of this one."""

    def __init__(self, pid: int, port: int) -> None:
        self._namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.port = port
        self.carried = 0
        """How many connections the device has opened."""
        self._carried_before = 0
        self.asked: list[str] = []
        """What the device has asked for, such as `GET /agent/v1/people?skip=0`, as far as it was carried."""
        self.heard: bytearray | None = None
        """What the device says, for who puts something here to keep it in."""
        self._state = State.CUT
        self._listener: socket.socket | None = None
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.mend()

    @property
    def state(self) -> State:
        return self._state

    def mend(self) -> None:
        """Let everything through."""
        self._become(State.UP)

    def cut(self) -> None:
        """Refuse and reset everything."""
        self._become(State.CUT)

    def hang(self) -> None:
        """Take every connection and never answer; what stands hears nothing more."""
        self._carried_before = self.carried
        self._become(State.SILENT)

    def carried_since_hang(self) -> int:
        """How many connections were taken since then and hear nothing."""
        return self.carried - self._carried_before

    def close(self) -> None:
        self.cut()
        os.close(self._namespace)

    def _become(self, state: State) -> None:
        self._state = state
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        if state is State.CUT and self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        elif state is not State.CUT and self._listener is None:
            self._listener = self._listen()
            threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _listen(self) -> socket.socket:
        """Make a listener over there: only a thread can be in another network namespace, so one goes and ends."""
        made: list[socket.socket | OSError] = []

        def go() -> None:
            try:
                _enter(self._namespace)
                made.append(socket.create_server(("127.0.0.1", self.port), backlog=128))
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=go)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.carried += 1
            if self._keep(near) and self._state is State.UP:
                threading.Thread(target=self._carry, args=[near], daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        except OSError:
            self._forget(near)
            return
        far.settimeout(None)
        if not self._keep(far):
            return
        back = threading.Thread(target=self._pump, args=[far, near], daemon=True)
        back.start()
        self._pump(near, far, self._note)
        back.join()
        self._forget(near)
        self._forget(far)

    def _keep(self, end: socket.socket) -> bool:
        """Hold an end that is to be closed with the wire; close it at once when the wire was cut meanwhile."""
        with self._lock:
            if self._state is not State.CUT:
                self._ends.add(end)
                return True
        end.close()
        return False

    def _note(self, piece: bytes) -> None:
        if self.heard is not None:
            self.heard += piece
        if begun := _REQUEST.match(piece):
            self.asked.append(begun[1].decode())

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, note: Callable[[bytes], None] = lambda _: None) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                note(piece)
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _forget(self, end: socket.socket) -> None:
        with self._lock:
            self._ends.discard(end)
        end.close()


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def interfaces(pid: int) -> list[str]:
    """The names of the network interfaces that process `pid` sees."""
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    return sorted(line.split(":")[0].strip() for line in lines)
