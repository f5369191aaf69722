"""The Windows backend: cmdlets for local accounts. Never run on Windows: known from imitations only.

Windows has no uid. The number that the server gave stands in the account's description (``Homeport 20000``), and beside it whether
a passcode was set; only an administrator of the machine can write there. Windows has no group of one's own either, and makes the
home (the profile) at the first logon: both verbs say so here.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeport_agent.accounts.backend import ADMIN_GROUP, Found
from homeport_agent.accounts.commands import Runner, SystemRunner, not_adoptable
from homeport_agent.accounts.model import Account
from homeport_agent.accounts.names import gecos, require_windows_name
from homeport_agent.accounts.powershell import ADMINISTRATORS, USERS, Script, run_script
from homeport_agent.refusals import Reason, Refusal

SHELL = "/bin/false"
"""What an order names in the place of a shell, which Windows has not."""
_DAY = 86_400
_MARK = re.compile(r"Homeport (\d+)( passcode)?\Z")
_OUR_GROUP = "Homeport"
_BUILT_IN = frozenset({USERS, ADMINISTRATORS})
Thing = Mapping[str, Any]


@dataclass(frozen=True)
class WindowsBackend:
    """AccountBackend for Windows 10 and later, over PowerShell 5.1."""

    run: Runner = field(default_factory=SystemRunner)

    def require_ready(self) -> None:
        """Refuse when the accounts cannot be listed."""
        self._list()

    # Looking up

    def require_name(self, username: str) -> None:
        """Refuse names of Windows' own accounts, groups and devices, and what is too long for it."""
        require_windows_name(username)

    def find(self, username: str) -> Found | None:
        """Look an account up, whatever the case of its letters: Windows does not tell them apart."""
        users, groups = self._list()
        user = _named(users, username)
        if user is None:
            return None
        uid, passcode_set = _number(user), _has_passcode(user)
        return Found(
            username=user["name"],
            uid=uid,
            gid=uid,
            full_name=user["full_name"],
            home=f"/Users/{user['name']}",
            shell=SHELL,
            locked=not user["enabled"],
            passcode_set=passcode_set,
            expires_on=None if user["expires"] is None else int(user["expires"]) // _DAY,
            groups=frozenset(one["name"] for one in groups if user["sid"] in one["members"] and one["sid"] not in _BUILT_IN),
        )

    def name_of_uid(self, uid: int) -> str | None:
        """Whose number ``uid`` is."""
        return next((str(user["name"]) for user in self._list()[0] if _number(user) == uid), None)

    def gid_of_group(self, name: str) -> int | None:
        """Look a group up; an account that is ours stands for a group of its own, since no group may be called like an account."""
        users, groups = self._list()
        user = _named(users, name)
        if user is not None and _MARK.match(user["description"]):
            return _number(user)
        group = _named(groups, name)
        return _relative(group) if group else None

    def group_of_gid(self, gid: int) -> str | None:
        """Which group's number ``gid`` is."""
        users, groups = self._list()
        ours = [user for user in users if _MARK.match(user["description"]) and _number(user) == gid]
        return next((str(one["name"]) for one in (*ours, *(group for group in groups if _relative(group) == gid))), None)

    def _list(self) -> tuple[list[Thing], list[Thing]]:
        found = run_script(self.run, Script.LIST, {})
        try:
            users, groups = list(found["users"]), list(found["groups"])
            if all(isinstance(one["name"], str) and isinstance(one["sid"], str) for one in (*users, *groups)):
                return users, groups
        except (KeyError, TypeError):
            pass
        raise Refusal(Reason.TOOL_FAILED, "powershell gave no list of accounts that can be read.")

    def require_adoptable(self, username: str) -> Found:
        """Refuse: whoever resets a passcode on Windows loses what it keeps, so an account that was there stays as it is."""
        raise not_adoptable(username, "Windows")

    def passcode_matches(self, username: str, passcode: str) -> bool:  # noqa: ARG002 - the port's words; nobody asks here
        """Refuse, as above."""
        raise not_adoptable(username, "Windows")

    def home_is_free(self, account: Account) -> bool:
        """Whether the profile's folder is absent, or the profile of this account."""
        require_windows_name(account.username)
        found = run_script(self.run, Script.HOME, {"home": f"/Users/{account.username}".replace("/", "\\")})
        if not found["there"]:
            return True
        owner = next((user for user in self._list()[0] if user["sid"] == found["sid"]), None)
        return owner is not None and _number(owner) == account.uid

    # Making

    def withdraw_record(self, username: str) -> None:
        """Nothing stands for an account that is not made yet."""

    def add_group(self, name: str, gid: int | None) -> None:
        """Make a group; one with a number is a person's own, which Windows has not."""
        require_windows_name(name)
        if gid is None and self.gid_of_group(name) is None:
            self._do(Script.ADD_GROUP, group=name, mark=_OUR_GROUP)

    def add_account(self, account: Account) -> None:
        """Make the account, disabled, with a passcode that nobody knows, then put it among the users: New-LocalUser does not."""
        require_windows_name(account.username)
        found = self.find(account.username)
        if found is not None and found.uid != account.uid:
            return
        if found is None:
            described = {"name": account.username, "full_name": gecos(account.full_name), "mark": _mark(account.uid)}
            run_script(self.run, Script.ADD_USER, described, _unknown())
        self._join(account.username, USERS)

    def change_account(self, account: Account) -> None:
        """Set the full name, when it differs."""
        found = self._known(account.username)
        if found and found.full_name != gecos(account.full_name):
            self._do(Script.FULL_NAME, name=found.username, full_name=gecos(account.full_name))

    def make_home(self, account: Account) -> None:
        """Leave it to Windows, which makes the profile at the first logon."""

    def set_expiry(self, username: str, day: int | None) -> None:
        """Set or clear the moment from which Windows lets nobody log on."""
        found = self._known(username)
        if found is None or found.expires_on == day:
            return
        if day is None:
            self._do(Script.NEVER_EXPIRES, name=found.username)
        else:
            self._do(Script.EXPIRES, name=found.username, at=day * _DAY)

    def set_passcode(self, username: str, passcode: str) -> None:
        """Set the passcode, note that there is one, and enable the account."""
        found = self._known(username)
        if found is None:
            raise Refusal(Reason.ACCOUNT_MISSING, f"The device has no account {username}.")
        run_script(self.run, Script.PASSCODE, {"name": found.username, "mark": _mark(found.uid, passcode_set=True)}, passcode)

    # Closing and opening

    def void_passcode(self, username: str) -> None:
        """Disable the account and put a passcode that nobody knows in the place of the old one."""
        found = self._known(username)
        if found and found.passcode_set:
            run_script(self.run, Script.VOID, {"name": found.username, "mark": _mark(found.uid)}, _unknown())

    def lock(self, username: str) -> None:
        """Disable, and expire."""
        found = self._known(username)
        if found and not found.locked:
            self._do(Script.DISABLE, name=found.username)
        self.set_expiry(username, 1)

    def unlock(self, username: str) -> None:
        """Enable when a passcode is behind the lock."""
        found = self._known(username)
        if found and found.locked and found.passcode_set:
            self._do(Script.ENABLE, name=found.username)

    def join_group(self, username: str, group: str) -> None:
        """Add to a group; our administrators also to the machine's own, ours first so that what we gave is known."""
        sid = self._sid_of_group(group)
        if self._known(username) and sid:
            self._join(username, sid)
            if group == ADMIN_GROUP:
                self._join(username, ADMINISTRATORS)

    def leave_group(self, username: str, group: str) -> None:
        """Take out of a group; of the machine's administrators only whom we put there."""
        found, sid = self._known(username), self._sid_of_group(group)
        if found and sid and group in found.groups:
            for one in (ADMINISTRATORS, sid) if group == ADMIN_GROUP else (sid,):
                if self._is_member(username, one):
                    self._do(Script.LEAVE, name=found.username, sid=one)

    def _join(self, username: str, sid: str) -> None:
        if not self._is_member(username, sid):
            self._do(Script.JOIN, name=username, sid=sid)

    def _is_member(self, username: str, sid: str) -> bool:
        users, groups = self._list()
        user = _named(users, username)
        return user is not None and any(one["sid"] == sid and user["sid"] in one["members"] for one in groups)

    def _sid_of_group(self, group: str) -> str:
        found = _named(self._list()[1], group)
        return str(found["sid"]) if found else ""

    def write_admin_rule(self) -> None:
        """Members of Administrators need no rule."""

    def end_sessions(self, uid: int) -> int:
        """Log every session of the account off and end what is left of its processes."""
        user = next((one for one in self._list()[0] if _number(one) == uid), None)
        return int(run_script(self.run, Script.END_SESSIONS, {"sid": user["sid"]})) if user else 0

    def disable_jobs(self, account: Found) -> None:
        """Leave scheduled tasks alone: Windows starts none as an account that is disabled."""

    def enable_jobs(self, account: Found) -> None:
        """Nothing was held."""

    def remove_account(self, username: str, gid: int) -> None:
        """Remove the account; the profile stays, under an id that no account has any more."""
        found = self._known(username)
        if found and found.gid == gid:
            self._do(Script.REMOVE_USER, name=found.username)

    def remove_home(self, home: str, uid: int) -> None:
        """Remove the profile of a person whose account is gone: no account of the machine has its id."""
        name = home.rpartition("/")[2]
        require_windows_name(name)
        place = f"/Users/{name}".replace("/", "\\")
        found = run_script(self.run, Script.HOME, {"home": place})
        owner = next((user for user in self._list()[0] if user["sid"] == found["sid"]), None)
        if found["there"] and found["sid"] and (owner is None or _number(owner) == uid):
            self._do(Script.REMOVE_HOME, home=place, sid=found["sid"])

    def _known(self, username: str) -> Found | None:
        """Return an account whose name can be said to a cmdlet: it holds no wildcard."""
        found = self.find(username)
        if found is not None:
            require_windows_name(found.username.lower())
        return found

    def _do(self, script: Script, **values: str | int) -> None:
        run_script(self.run, script, values)


def _mark(uid: int, *, passcode_set: bool = False) -> str:
    return f"Homeport {uid}{' passcode' if passcode_set else ''}"


def _unknown() -> str:
    return secrets.token_urlsafe(48) + "aA1!"  # with what the machine's rules may ask for


def _named(things: list[Thing], name: str) -> Thing | None:
    return next((one for one in things if one["name"].casefold() == name.casefold()), None)


def _relative(thing: Thing) -> int:
    tail = thing["sid"].rpartition("-")[2]
    return int(tail) if tail.isdecimal() else -1


def _number(user: Thing) -> int:
    marked = _MARK.match(user["description"])
    return int(marked[1]) if marked else _relative(user)


def _has_passcode(user: Thing) -> bool:
    marked = _MARK.match(user["description"])
    return bool(marked[2]) if marked else bool(user["enabled"])
