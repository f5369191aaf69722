"""Names: how a full name fits into one field, and which user names a Mac or a Windows machine keeps for itself."""

import re

from homeport_agent.refusals import Reason, Refusal

FULL_NAME_BYTES = 200
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,30}\Z")
_LONGEST_ON_WINDOWS = 20  # SAM keeps no longer names of accounts
OF_MACOS = frozenset(
    [
        "admin",
        "bin",
        "certusers",
        "consoleusers",
        "daemon",
        "everyone",
        "guest",
        "interactusers",
        "kmem",
        "localaccounts",
        "mail",
        "netaccounts",
        "network",
        "netusers",
        "nobody",
        "nogroup",
        "operator",
        "owner",
        "procmod",
        "procview",
        "root",
        "shared",
        "staff",
        "sys",
        "tty",
        "utmp",
        "wheel",
    ]
)
"""Accounts and groups of macOS, and what it makes in /Users by itself. Its services begin with an underscore, which no person's name does."""
OF_WINDOWS = frozenset(
    [
        "administrator",
        "administrators",
        "anonymous",
        "authenticated",
        "batch",
        "default",
        "defaultaccount",
        "defaultuser0",
        "dialup",
        "everyone",
        "guest",
        "guests",
        "interactive",
        "krbtgt",
        "local",
        "localservice",
        "network",
        "networkservice",
        "none",
        "owner",
        "public",
        "self",
        "service",
        "system",
        "trustedinstaller",
        "users",
        "wdagutilityaccount",
    ]
)
"""Accounts, groups and well-known principals of Windows, and folders that it makes in Users by itself."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z")  # no folder on Windows can be called so


def gecos(full_name: str) -> str:
    """Make a full name fit into one field of passwd: no separator, no control character, not too long."""
    plain = re.sub(r"[:,=\\\"]", " ", "".join(c if c.isprintable() else " " for c in full_name))
    return " ".join(plain.split()).encode("utf-8", "ignore")[:FULL_NAME_BYTES].decode("utf-8", "ignore")


def require_mac_name(name: str) -> None:
    """Refuse what no person's account or group on a Mac may be called; what passes is safe in a path of dscl."""
    if not _NAME.match(name) or name in OF_MACOS:
        raise _refuse("a Mac")


def require_windows_name(name: str) -> None:
    """Refuse what no person's account on Windows may be called; what passes holds no wildcard of PowerShell."""
    if (
        not _NAME.match(name)
        or name in OF_WINDOWS
        or _DEVICES.match(name)
        or len(name) > _LONGEST_ON_WINDOWS
        or name.endswith(".")
    ):
        raise _refuse("Windows")


def _refuse(system: str) -> Refusal:
    sentence = f"The account's name is not one that a person's account can have on {system}."
    return Refusal(Reason.ACCOUNT_NAME_NOT_ALLOWED, sentence)
