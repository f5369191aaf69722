"""What the privileged half needs of an operating system. One contract test suite holds all backends to this."""

from dataclasses import dataclass
from typing import Protocol

from homeport_agent.accounts.model import Account

ADMIN_GROUP = "homeport-admins"
USERS_GROUP = "homeport-users"
"""Everybody whose account is ours; sshd's and sudo's own configuration name it."""


@dataclass(frozen=True)
class Found:
    """An account as the system has it. ``expires_on`` counts days since 1970; None means never."""

    username: str
    uid: int
    gid: int
    full_name: str
    home: str
    shell: str
    locked: bool
    passcode_set: bool
    expires_on: int | None
    groups: frozenset[str]


class AccountBackend(Protocol):
    """Acts on the accounts of one device.

    Each verb is idempotent: what is already so stays so. A Refusal tells what went wrong (``tool_failed``, ``disk_full``,
    ``root_incomplete``). No verb judges whether an account is ours; the caller has done that.
    """

    def require_ready(self) -> None:
        """Refuse when accounts could not be changed safely now."""

    def require_name(self, username: str) -> None:
        """Refuse a name that the system keeps for itself, beyond what no person's account has on any device."""

    def find(self, username: str) -> Found | None:
        """Look an account up."""

    def name_of_uid(self, uid: int) -> str | None:
        """Whose number ``uid`` is."""

    def gid_of_group(self, name: str) -> int | None:
        """Look a group up."""

    def group_of_gid(self, gid: int) -> str | None:
        """Which group's number ``gid`` is."""

    def require_adoptable(self, username: str) -> Found:
        """Find an account that a person may take over after giving its passcode; a Refusal for every other."""

    def passcode_matches(self, username: str, passcode: str) -> bool:
        """Whether ``passcode`` is the account's present one."""

    def home_is_free(self, account: Account) -> bool:
        """Whether the home folder is absent, or already belongs to this uid, and lies inside the device's root."""

    def withdraw_record(self, username: str) -> None:
        """Take away what stands for an account that is not made yet."""

    def add_group(self, name: str, gid: int | None) -> None:
        """Make a group; without ``gid`` a system group."""

    def add_account(self, account: Account) -> None:
        """Make the account, locked, without a home folder; its group exists."""

    def change_account(self, account: Account) -> None:
        """Set full name and shell."""

    def make_home(self, account: Account) -> None:
        """Make the home folder from the skeleton, mode 0700; one that exists keeps its content."""

    def set_expiry(self, username: str, day: int | None) -> None:
        """Set the day since 1970 from which the account is closed; None means never."""

    def set_passcode(self, username: str, passcode: str) -> None:
        """Store the yescrypt hash of ``passcode``; the account is no longer locked."""

    def void_passcode(self, username: str) -> None:
        """Forget the passcode: none opens the account until another is set. Expiry, groups and sessions stay."""

    def lock(self, username: str) -> None:
        """Lock the passcode, keeping its hash, and expire the account: a locked account alone still opens to an ssh key."""

    def unlock(self, username: str) -> None:
        """Undo the lock when there is a passcode behind it; expiry stays."""

    def join_group(self, username: str, group: str) -> None:
        """Make the account a member."""

    def leave_group(self, username: str, group: str) -> None:
        """End a membership."""

    def write_admin_rule(self) -> None:
        """Let the members of our admin group act as root through sudo."""

    def end_sessions(self, uid: int) -> int:
        """End every process of ``uid``; how many were ended."""

    def disable_jobs(self, account: Found) -> None:
        """Keep crontab and at jobs from running."""

    def enable_jobs(self, account: Found) -> None:
        """Put crontab and at jobs back."""

    def remove_account(self, username: str, gid: int) -> None:
        """Remove account and group; the home folder stays."""

    def remove_home(self, home: str, uid: int) -> None:
        """Remove the home folder when it belongs to ``uid`` and lies inside the device's root."""
