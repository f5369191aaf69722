"""Files that survive a crash: written beside, flushed, renamed into place, the folder flushed too."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homeport_agent.refusals import Reason, Refusal

_FULL = (errno.ENOSPC, errno.EDQUOT)


def read_only() -> Refusal:
    """Say that nothing can be written, because a file system is mounted read-only, as after an error of its disk."""
    return Refusal(
        Reason.READ_ONLY,
        "This device's files are read-only at present, so nothing was changed. Have its administrator look at its disk, then try again.",
    )


@contextlib.contextmanager
def disk_full_is_refused() -> Iterator[None]:
    """Turn "no space" and "quota exceeded" into the refusal ``disk_full``, and "read-only file system" into ``read_only``."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EROFS:
            raise read_only() from error
        if error.errno not in _FULL:
            raise
        raise Refusal(Reason.DISK_FULL, "The disk is full, so nothing was written. Free some space and try again.") from error


def flush_folder(folder: Path) -> None:
    """Make names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` with mode 0700 when it is absent; its parents get the usual mode."""
    with disk_full_is_refused():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace ``path`` so that a reader, or a crash, sees the old content or the new and nothing else."""
    beside = path.with_name(f"{path.name}.new")
    with disk_full_is_refused():
        try:
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            with os.fdopen(descriptor, "wb") as stream:
                os.fchmod(stream.fileno(), mode)
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace ``path`` with ``value``, mode 0600."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read what :func:`write_json` wrote; None when the file is absent, a refusal when it is damaged."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refusal(
            Reason.STATE_UNREADABLE, f"{path} is damaged. Restore it from a backup, or remove the state and enrol again."
        )
    return value
