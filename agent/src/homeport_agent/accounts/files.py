"""Reads passwd, shadow, group and gshadow of a root. Reading only: writing is the tools' work."""

import contextlib
import grp
import pwd
import time
from collections.abc import Iterator
from dataclasses import dataclass

from homeport_agent.accounts.backend import Found
from homeport_agent.accounts.records import is_record
from homeport_agent.root import Root

_DAY = 86_400
_FIELDS = {"passwd": 7, "shadow": 9, "group": 4}


@dataclass(frozen=True)
class AccountFiles:
    """The account database. On this machine itself, other sources of names (NSS) are asked as well."""

    root: Root

    def _rows(self, name: str) -> Iterator[list[str]]:
        path = self.root.etc / name
        if not path.is_file():
            return
        # Only \n ends a line: chfn lets people write U+2028 and its like into their names, which str.splitlines takes for ends too.
        for line in path.read_bytes().decode("utf-8", "surrogateescape").split("\n"):
            row = line.split(":")
            if len(row) == _FIELDS[name] and not line.startswith(("#", "+", "-")):
                yield row

    def account(self, username: str) -> Found | None:
        """One account with its passcode's state and its groups."""
        for name, _, uid, gid, full_name, home, shell in self._rows("passwd"):
            if name == username:
                locked, passcode_set, expires_on = self._secret(username)
                groups = frozenset(row[0] for row in self._rows("group") if username in row[3].split(","))
                return Found(name, int(uid), int(gid), full_name, home, shell, locked, passcode_set, expires_on, groups)
        if self.root.is_system and not is_record(self.root, username):
            return _foreign_account(username)
        return None

    def only_account(self, username: str) -> Found | None:
        """One account of the files themselves; None when its name or its number stands there more than once, or not at all."""
        named = [row for row in self._rows("passwd") if row[0] == username]
        same_number = [row for row in self._rows("passwd") if named and row[2] == named[0][2]]
        secrets = [row for row in self._rows("shadow") if row[0] == username]
        once = len(named) == len(same_number) == len(secrets) == 1 and named[0][2].isdecimal() and named[0][3].isdecimal()
        return self.account(username) if once else None

    def stored_hash(self, username: str) -> str:
        """Return what shadow holds for the account; empty when it has no line."""
        return next((row[1] for row in self._rows("shadow") if row[0] == username), "")

    def is_over(self, username: str) -> bool:
        """Whether the account has expired, or its passcode must be changed before it opens anything (shadow(5))."""
        today = int(time.time() // _DAY)
        for row in self._rows("shadow"):
            if row[0] == username:
                changed, longest, grace, expires = (int(row[place]) if row[place].isdecimal() else None for place in (2, 4, 6, 7))
                too_old = None not in {changed, longest, grace} and today > (changed or 0) + (longest or 0) + (grace or 0)
                return changed == 0 or too_old or (expires is not None and expires <= today)
        return True

    def _secret(self, username: str) -> tuple[bool, bool, int | None]:
        for row in self._rows("shadow"):
            if row[0] == username:
                behind = row[1].lstrip("!")
                return not row[1].startswith("$"), behind.startswith("$"), int(row[7]) if row[7].isdecimal() else None
        return True, False, None

    def name_of_uid(self, uid: int) -> str | None:
        """Whose number ``uid`` is."""
        for row in self._rows("passwd"):
            if row[2] == str(uid):
                return row[0]
        if self.root.is_system:
            with contextlib.suppress(KeyError):
                name = pwd.getpwuid(uid).pw_name
                return None if is_record(self.root, name) else name
        return None

    def gid_of_group(self, name: str) -> int | None:
        """Look a group up."""
        for row in self._rows("group"):
            if row[0] == name:
                return int(row[2])
        if self.root.is_system:
            with contextlib.suppress(KeyError):
                gid = grp.getgrnam(name).gr_gid
                return None if is_record(self.root, name) else gid
        return None

    def group_of_gid(self, gid: int) -> str | None:
        """Which group's number ``gid`` is."""
        for row in self._rows("group"):
            if row[2] == str(gid):
                return row[0]
        if self.root.is_system:
            with contextlib.suppress(KeyError):
                name = grp.getgrgid(gid).gr_name
                return None if is_record(self.root, name) else name
        return None


def _foreign_account(username: str) -> Found | None:
    """Look up an account that comes from elsewhere than the files (LDAP, systemd); it is never ours."""
    try:
        entry = pwd.getpwnam(username)
    except KeyError:
        return None
    return Found(
        entry.pw_name,
        entry.pw_uid,
        entry.pw_gid,
        entry.pw_gecos,
        entry.pw_dir,
        entry.pw_shell,
        True,
        False,
        None,
        frozenset(),
    )
