"""A backend in memory, for tests of everything above it; the contract suite holds it to what Linux does."""

from dataclasses import dataclass, field, replace

from homeport_agent.accounts.adoption import FIRST_PERSON
from homeport_agent.accounts.backend import ADMIN_GROUP, Found
from homeport_agent.accounts.model import Account
from homeport_agent.accounts.names import gecos
from homeport_agent.refusals import Reason, Refusal

_FIRST_SYSTEM_GID = 900


@dataclass
class MemoryBackend:
    """Accounts, groups, homes and processes as dictionaries."""

    accounts: dict[str, Found] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    homes: dict[str, int] = field(default_factory=dict)
    passcodes: dict[str, str] = field(default_factory=dict)
    processes: dict[int, int] = field(default_factory=dict)
    held_jobs: set[str] = field(default_factory=set)
    admin_rule: bool = False

    def require_ready(self) -> None:
        """Memory is always ready."""

    def require_name(self, username: str) -> None:
        """Memory keeps no name for itself."""

    def find(self, username: str) -> Found | None:
        """Look an account up."""
        return self.accounts.get(username)

    def name_of_uid(self, uid: int) -> str | None:
        """Whose number ``uid`` is."""
        return next((found.username for found in self.accounts.values() if found.uid == uid), None)

    def gid_of_group(self, name: str) -> int | None:
        """Look a group up."""
        return self.groups.get(name)

    def group_of_gid(self, gid: int) -> str | None:
        """Which group's number ``gid`` is."""
        return next((name for name, number in self.groups.items() if number == gid), None)

    def require_adoptable(self, username: str) -> Found:
        """Take every account with a passcode and a person's number."""
        found = self.accounts.get(username)
        if found is None or found.uid < FIRST_PERSON or found.locked or not found.passcode_set:
            raise Refusal(Reason.ACCOUNT_NOT_ADOPTABLE, f"The device has an account {username} that nobody may take over.")
        return found

    def passcode_matches(self, username: str, passcode: str) -> bool:
        """Compare with what was kept."""
        return passcode == self.passcodes.get(username)

    def home_is_free(self, account: Account) -> bool:
        """Whether the home folder is absent or this uid's."""
        return self.homes.get(account.home, account.uid) == account.uid

    def withdraw_record(self, username: str) -> None:
        """Memory has no records."""

    def add_group(self, name: str, gid: int | None) -> None:
        """Make a group."""
        self.groups.setdefault(name, _FIRST_SYSTEM_GID + len(self.groups) if gid is None else gid)

    def add_account(self, account: Account) -> None:
        """Make a locked account."""
        described = (account.username, account.uid, account.gid, gecos(account.full_name), account.home, account.shell)
        self.accounts.setdefault(account.username, Found(*described, True, False, None, frozenset()))

    def _change(self, username: str, **changes: object) -> None:
        if username in self.accounts:
            self.accounts[username] = replace(self.accounts[username], **changes)  # type: ignore[arg-type]  # names are Found's own

    def change_account(self, account: Account) -> None:
        """Set full name, shell and home."""
        self._change(account.username, full_name=gecos(account.full_name), shell=account.shell, home=account.home)

    def make_home(self, account: Account) -> None:
        """Note whose the folder is."""
        self.homes.setdefault(account.home, account.uid)

    def set_expiry(self, username: str, day: int | None) -> None:
        """Set the day."""
        self._change(username, expires_on=day)

    def set_passcode(self, username: str, passcode: str) -> None:
        """Keep the passcode itself: nothing here is real."""
        self.passcodes[username] = passcode
        self._change(username, locked=False, passcode_set=True)

    def void_passcode(self, username: str) -> None:
        """Forget the passcode."""
        self.passcodes.pop(username, None)
        self._change(username, locked=True, passcode_set=False)

    def lock(self, username: str) -> None:
        """Lock and expire."""
        self._change(username, locked=True, expires_on=1)

    def unlock(self, username: str) -> None:
        """Unlock when a passcode is behind the lock."""
        found = self.accounts.get(username)
        if found and found.passcode_set:
            self._change(username, locked=False)

    def join_group(self, username: str, group: str) -> None:
        """Add to a group."""
        found = self.accounts.get(username)
        if found:
            self._change(username, groups=found.groups | {group})

    def leave_group(self, username: str, group: str) -> None:
        """Take out of a group."""
        found = self.accounts.get(username)
        if found:
            self._change(username, groups=found.groups - {group})

    def write_admin_rule(self) -> None:
        """Note that the rule is there."""
        self.admin_rule = ADMIN_GROUP in self.groups

    def end_sessions(self, uid: int) -> int:
        """End the pretended processes."""
        ended = [pid for pid, owner in self.processes.items() if owner == uid]
        for pid in ended:
            del self.processes[pid]
        return len(ended)

    def disable_jobs(self, account: Found) -> None:
        """Note that jobs are held."""
        self.held_jobs.add(account.username)

    def enable_jobs(self, account: Found) -> None:
        """Note that jobs run."""
        self.held_jobs.discard(account.username)

    def remove_account(self, username: str, gid: int) -> None:
        """Remove account and group."""
        self.accounts.pop(username, None)
        if self.groups.get(username) == gid:
            del self.groups[username]

    def remove_home(self, home: str, uid: int) -> None:
        """Forget the folder when it is this uid's."""
        if self.homes.get(home) == uid:
            del self.homes[home]
