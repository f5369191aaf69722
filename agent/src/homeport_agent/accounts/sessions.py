"""Ends processes: every one of a uid, on this machine or within one root folder."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from homeport_agent.accounts.adoption import FIRST_PERSON
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

_ROUNDS = 50
_PAUSE = 0.05


def _runs_as(pid: int, uid: int) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_bytes().decode("ascii", errors="replace").split("\n")
    except OSError:
        return False
    fields = {line.split(":", 1)[0]: line.split(":", 1)[1].split() for line in lines if ":" in line}
    if fields.get("State", ["Z"])[0] in {"Z", "X"}:
        return False  # already dead; only its parent can clear it away
    return str(uid) in fields.get("Uid", [])


def _within(pid: int, root: Root) -> bool:
    if root.is_system:
        return True
    try:
        return Path(f"/proc/{pid}/root").samefile(root.folder)
    except OSError:
        return False


def _processes(uid: int, root: Root) -> Iterator[int]:
    mine = os.getpid()
    for entry in Path("/proc").iterdir():
        if (
            entry.name.isdecimal()
            and int(entry.name) not in {1, mine}
            and _runs_as(int(entry.name), uid)
            and _within(int(entry.name), root)
        ):
            yield int(entry.name)


def _signal(pid: int, uid: int, root: Root, number: signal.Signals) -> None:
    """Signal exactly the process that was looked at, even if its number is given to another meanwhile."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if _runs_as(pid, uid) and _within(pid, root):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)


def end_processes(uid: int, root: Root) -> int:
    """Stop all, then kill all, until none is left; how many were ended. Uids below those of people are never touched."""
    if uid < FIRST_PERSON:
        raise Refusal(Reason.UID_OUT_OF_RANGE, "Processes of the system's own accounts are never ended.")
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        found = list(_processes(uid, root))
        if not found:
            return len(ended)
        # Stopped first, so that none makes another while the others are killed.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                _signal(pid, uid, root, number)
        ended.update(found)
        time.sleep(_PAUSE)
    raise Refusal(
        Reason.TOOL_FAILED, f"Some processes of the number {uid} do not end. The account is closed; look at the device."
    )
