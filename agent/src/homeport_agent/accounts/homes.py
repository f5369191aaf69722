"""Makes home folders: from the skeleton, whole or not at all, never outside the device's root."""

import os
import shutil
import stat
from pathlib import Path

from homeport_agent.durable import flush_folder


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
