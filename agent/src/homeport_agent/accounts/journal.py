"""The journal: before and after each step one line, on the disk before the step is taken, so that a crash can be finished."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeport_agent.accounts.model import Step
from homeport_agent.durable import disk_full_is_refused, flush_folder, make_private_folder, write_atomically

_LARGE = 65_536


def utc_text(seconds: float) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Journal:
    """Append-only JSON lines: ``order_id``, ``step``, ``phase`` (``intent`` or ``done``), ``at``; never a passcode."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        make_private_folder(path.parent)
        self._drop_torn_line()

    def _drop_torn_line(self) -> None:
        created = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            content = stream.read()
            whole = content.rfind(b"\n") + 1
            if whole != len(content):
                stream.truncate(whole)
                os.fsync(stream.fileno())
        if created:
            flush_folder(self._path.parent)

    def entries(self) -> list[dict[str, Any]]:
        """Every line that can be read, oldest first."""
        result = []
        for line in self._path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                result.append(entry)
        return result

    def open_order(self) -> dict[str, Any] | None:
        """Find the line that accepted an order which has not been finished; None when all is settled."""
        accepted: dict[str, Any] | None = None
        for entry in self.entries():
            if entry.get("step") == Step.ACCEPT:
                accepted = entry
            elif entry.get("step") == Step.FINISH and accepted and entry.get("order_id") == accepted.get("order_id"):
                accepted = None
        return accepted

    def intend(self, order_id: str, step: Step, **more: str) -> None:
        """Say that ``step`` comes next."""
        self._append({"order_id": order_id, "step": step, "phase": "intent", **more})

    def done(self, order_id: str, step: Step, **more: str) -> None:
        """Say that ``step`` was taken."""
        self._append({"order_id": order_id, "step": step, "phase": "done", **more})

    def _append(self, entry: dict[str, str]) -> None:
        line = json.dumps({"at": utc_text(self._clock()), **entry}).encode() + b"\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        try:
            length = os.fstat(descriptor).st_size
            with disk_full_is_refused():
                try:
                    written = os.write(descriptor, line)
                    if written != len(line):
                        os.write(descriptor, line[written:])
                    os.fsync(descriptor)
                except OSError:
                    os.ftruncate(descriptor, length)
                    raise
        finally:
            os.close(descriptor)

    def compact(self) -> None:
        """Start again with an empty journal when it is large and nothing is open; one rename, so never half."""
        if self._path.stat().st_size > _LARGE and self.open_order() is None:
            write_atomically(self._path, b"")
