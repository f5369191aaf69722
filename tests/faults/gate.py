"""A gate before every line of a device's journal: the writer stands still at it until we let it pass, or is killed there.

Linux holds a process that opens a file for as long as a fanotify permission event is unanswered (fanotify(7)). The agent opens its
journal for each line, so between two lines there is a moment at which the process can be killed exactly, without any help of its own.
"""

import ctypes
import json
import os
import select
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CLASS_CONTENT, _CLOEXEC, _ADD, _OPEN_PERM, _ALLOW, _HERE = 0x04, 0x01, 0x01, 0x10000, 1, -100
_EVENT = struct.Struct("IBBHQii")


class Gate:
    """Watches one journal. `decide(lines)` is asked before each new line and told the lines of this run; True kills the writer."""

    def __init__(self, journal: Path, decide: Callable[[list[dict[str, Any]]], bool], kill: Callable[[int], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.killed_after: dict[str, Any] | None = None
        self._journal, self._decide, self._kill = journal, decide, kill
        journal.parent.mkdir(parents=True, exist_ok=True)
        journal.parent.chmod(0o700)
        journal.touch(mode=0o600)
        self._begun = len(journal.read_bytes().splitlines())
        self._events = self._checked(self._libc.fanotify_init(_CLASS_CONTENT | _CLOEXEC, os.O_RDONLY | os.O_CLOEXEC))
        self._mark = str(journal).encode()
        self._checked(self._libc.fanotify_mark(self._events, _ADD, ctypes.c_uint64(_OPEN_PERM), _HERE, self._mark))
        self._wake, self._end = os.pipe()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _checked(self, result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), f"fanotify: {os.strerror(ctypes.get_errno())}")
        return result

    def _watch(self) -> None:
        while True:
            ready, _, _ = select.select([self._events, self._wake], [], [])
            if self._wake in ready:
                return
            found = os.read(self._events, 4096)
            for start in range(0, len(found), _EVENT.size):
                *_, descriptor, pid = _EVENT.unpack_from(found, start)
                try:
                    self._judge(descriptor, pid)
                finally:
                    os.write(self._events, struct.pack("iI", descriptor, _ALLOW))
                    os.close(descriptor)

    def _judge(self, descriptor: int, pid: int) -> None:
        size = os.fstat(descriptor).st_size
        whole = os.pread(descriptor, size, 0).decode().splitlines()
        lines = [json.loads(line) for line in whole[self._begun :]]
        if self.killed_after is None and pid != os.getpid() and self._decide(lines):
            self.killed_after = lines[-1]
            self._kill(pid)

    def close(self) -> None:
        os.write(self._end, b"x")
        self._thread.join(60)
        for descriptor in (self._events, self._wake, self._end):
            os.close(descriptor)


def unavailable() -> str:
    """Why no gate can be put up here; empty when one can."""
    descriptor = ctypes.CDLL(None, use_errno=True).fanotify_init(_CLASS_CONTENT | _CLOEXEC, os.O_RDONLY)
    if descriptor < 0:
        return os.strerror(ctypes.get_errno())
    os.close(descriptor)
    return ""
