"""Lets an ordinary user keep the accounts of a root folder: the command runs again inside a user namespace."""

import getpass
import os
import shutil
import sys
from pathlib import Path

from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root


def enter_if_needed(root: Root, arguments: list[str]) -> None:
    """Replace this process by itself as root of a user namespace; return when none is needed.

    Root needs none, and on the machine itself (``/``) none would help.
    """
    if os.geteuid() == 0 or root.is_system:
        return
    user = getpass.getuser()
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("newuidmap") is None:
        raise Refusal(
            Reason.NAMESPACE_UNAVAILABLE,
            "Without root, --root needs a user namespace, and unshare or newuidmap is missing. Install util-linux and uidmap, or use sudo.",
        )
    for name in ("/etc/subuid", "/etc/subgid"):
        if not _has_range(Path(name), user):
            raise Refusal(
                Reason.NAMESPACE_UNAVAILABLE,
                f"Without root, --root needs 65536 subordinate ids, and {name} gives {user} none. "
                f"Run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}, or use sudo.",
            )
    command = [unshare, "--user", "--map-root-user", "--map-auto", "--", sys.executable, "-m", "homeport_agent", *arguments]
    os.execv(unshare, command)  # noqa: S606 - replaces this very program by itself, without a shell


def _has_range(path: Path, user: str) -> bool:
    wanted = {user, str(os.getuid())}
    needed = 60_000
    try:
        rows = [line.split(":") for line in path.read_text().splitlines()]
    except OSError:
        return False
    return any(len(row) == 3 and row[0] in wanted and row[2].isdecimal() and int(row[2]) >= needed for row in rows)  # noqa: PLR2004 - name:first:count
