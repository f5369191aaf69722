"""Makes home folders: from the skeleton, whole or not at all, never outside the device's root. And removes them again."""

import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

from homeport_agent.durable import flush_folder
from homeport_agent.refusals import Reason, Refusal

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_SECONDS = 60.0


def lies_inside(root: Path, folder: Path) -> bool:
    """Whether ``folder``, with every link followed, is the root or below it."""
    return folder.resolve().is_relative_to(root)


def is_own_folder(root: Path, folder: Path, uid: int) -> bool:
    """Whether ``folder`` is a folder of ``uid`` inside the root, reached without passing a link out of it, and no link itself."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return lies_inside(root, folder.parent) and folder != root and stat.S_ISDIR(found.st_mode) and found.st_uid == uid


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_skeleton(skeleton: Path, home: Path, uid: int, gid: int) -> None:
    """Make ``home`` as a copy of ``skeleton``, mode 0700, owned by ``uid`` and ``gid``."""
    home.parent.mkdir(parents=True, exist_ok=True)
    beside = home.parent / f".homeport-new-{home.name}"
    if beside.exists():
        shutil.rmtree(beside)
    try:
        # Closed before the first file lies in it: nobody reads a home folder while it is made.
        beside.mkdir(mode=0o700)
        if skeleton.is_dir():
            shutil.copytree(skeleton, beside, symlinks=True, dirs_exist_ok=True)
        for path in beside.rglob("*"):
            os.lchown(path, uid, gid)
            if path.is_file() and not path.is_symlink():
                _flush(path)
        os.chown(beside, uid, gid)
        beside.chmod(0o700)
        flush_folder(beside)
        beside.rename(home)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    flush_folder(home.parent)


def mounted_within(folder: Path) -> str | None:
    """Return what is mounted at ``folder`` or below it, as proc_pid_mountinfo(5) tells; None when nothing is."""
    inside, told = os.fsencode(folder.resolve()) + b"/", Path("/proc/self/mountinfo")
    if not told.exists():
        return None  # a Mac has no such file; there `remove_tree` alone stops at what is mounted
    for line in told.read_bytes().split(b"\n"):
        fields = line.split(b" ")
        if len(fields) > 4:  # noqa: PLR2004 - the fifth is the place; space, tab, newline and backslash are octal in it
            place = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), fields[4])
            if (place + b"/").startswith(inside):
                return os.fsdecode(place)
    return None


def remove_home(folder: Path, uid: int, root: Path) -> None:
    """Remove the home folder of ``uid``, if it is theirs and not a link; a Refusal when something is mounted in it, or when it lasts.

    Orders about other people must not wait for a home that takes minutes: what is left is removed at the next try.
    """
    if not is_own_folder(root, folder, uid):
        return
    if mounted := mounted_within(folder):
        raise Refusal(
            Reason.TOOL_FAILED, f"{mounted} is mounted in the home folder, so nothing was removed. Unmount it; it is tried again."
        )
    end = time.monotonic() + _SECONDS
    if not remove_tree(folder, lambda: time.monotonic() < end):
        raise Refusal(Reason.TOOL_FAILED, "The home folder is large. What is left of it is removed at the next try.")


def remove_tree(folder: Path, goes_on: Callable[[], bool]) -> bool:
    """Remove a folder with all that is in it, however deep it was nested; False once ``goes_on`` said no.

    Nothing that is mounted is entered and no link is followed, whoever changes the folders meanwhile: a folder is given a new name
    before it is opened, which the system refuses for the place of a mount, and what lies in it is moved up by descriptors, not by paths.
    """
    top = os.open(folder, _FOLDER)
    try:
        while entries := _entries(top):
            if not all(_take_apart(top, entry, goes_on) for entry in entries):
                return False
    finally:
        os.close(top)
    folder.rmdir()
    return True


def _entries(folder: int) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return list(found)


def _take_apart(top: int, entry: os.DirEntry[str], goes_on: Callable[[], bool]) -> bool:
    """Unlink an entry of the folder ``top``; of a folder, unlink the files and move the folders up to ``top``."""
    if not goes_on():
        return False
    new = _unlink_or_move(top, entry, top)
    if new is None:
        return True
    inner = os.open(new, _FOLDER, dir_fd=top)
    try:
        for one in _entries(inner):
            if not goes_on():
                return False
            _unlink_or_move(inner, one, top)
    finally:
        os.close(inner)
    os.rmdir(new, dir_fd=top)
    return True


def _unlink_or_move(place: int, entry: os.DirEntry[str], top: int) -> str | None:
    """Unlink a file; move a folder to ``top`` under a new name, and return that."""
    if not entry.is_dir(follow_symlinks=False):
        os.unlink(entry.name, dir_fd=place)
        return None
    new = f".homeport-removes-{secrets.token_hex(16)}"
    os.rename(entry.name, new, src_dir_fd=place, dst_dir_fd=top)
    return new
