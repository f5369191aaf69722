"""Bindings: which person has which local account on which device, as wanted and as reported."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from homeport.directory.devices.model.inventory import OSFamily
from homeport.directory.devices.model.provisioning import AccountPermission
from homeport.foundation.kernel.events import Event

_REASON = re.compile(r"[a-z0-9_]{1,64}")
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{0,30}")
_SYSTEM_NAMES = frozenset({
    "adm", "admin", "administrator", "audio", "backup", "bin", "bluetooth", "cdrom", "crontab", "daemon", "dialout",
    "dip", "disk", "docker", "fax", "floppy", "ftp", "games", "gdm", "geoclue", "gnats", "halt", "homeport",
    "homeport-accounts", "homeport-admins", "homeport-agent", "input", "irc", "kmem", "kvm", "lightdm", "list", "lock",
    "lp", "lpadmin", "mail", "man", "messagebus", "mysql", "netdev", "news", "nm-openvpn", "nobody", "nogroup", "ntp",
    "operator", "plugdev", "polkitd", "postfix", "postgres", "proxy", "pulse", "render", "root", "rtkit", "saned", "sasl",
    "scanner", "sddm", "sgx", "shadow", "shutdown", "src", "ssh", "sshd", "staff", "sudo", "sync", "sys", "tape",
    "tcpdump", "tss", "tty", "users", "utmp", "uucp", "video", "voice", "wheel", "www-data",
})  # fmt: skip
"""Accounts and groups that Debian, its usual packages or Homeport itself make."""

NO_LEASE = datetime(9999, 1, 1, tzinfo=UTC)
"""The lease of an account that has none: MDM has no expiry date to set on an account."""
_LONGEST_WINDOWS_NAME = 20
_TAKEN: dict[OSFamily | None, frozenset[str]] = {
    OSFamily.MACOS: frozenset({"everyone", "guest", "localaccounts", "netaccounts", "network", "owner", "procmod", "shared"}),
    OSFamily.WINDOWS: frozenset({
        "administrators", "aux", "com1", "con", "default", "defaultaccount", "everyone", "guest", "guests", "lpt1", "none", "nul",
        "prn", "public", "system", "trustedinstaller", "wdagutilityaccount",
    }),
}  # fmt: skip
"""Names beside those that macOS and Windows, or a file system of theirs, keep for themselves."""


class Desired(StrEnum):
    """What the directory wants of a local account."""

    PRESENT = "present"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class Observed(StrEnum):
    """What the device last reported of a local account; `refused` says that it would not carry out the order."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    REFUSED = "refused"


class After(StrEnum):
    """What becomes of the local account when its binding is removed: it stays usable, is locked, or is deleted with its home.

    A suspended account that should be kept is locked.
    """

    KEEP = "keep"
    LOCK = "lock"
    REMOVE = "remove"


class BindingAct(StrEnum):
    """What a change of a binding asks the device to do; the kinds of orders in `docs/protocols/device.md`, section 3."""

    BIND = "bind"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    UNBIND = "unbind"
    RESET_PASSCODE = "reset_passcode"


class OrderOutcome(StrEnum):
    """How an order ended on the device (section 5 of the protocol); `failed` may be tried again."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class AccountState(StrEnum):
    """How a device found a local account (section 5 of the protocol)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What became of one order, as `channels.linux` reads it from a receipt."""

    binding_id: str
    act: BindingAct
    outcome: OrderOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AccountReport:
    """How the device found one account."""

    user_id: str
    state: AccountState
    passcode_set: bool = False
    adopted: tuple[int, int] | None = None
    """The uid and gid of an account that the person took over; None for one that Homeport made."""


_DONE = {
    BindingAct.BIND: Observed.PRESENT,
    BindingAct.ACTIVATE: Observed.PRESENT,
    BindingAct.SUSPEND: Observed.SUSPENDED,
    BindingAct.UNBIND: Observed.REMOVED,
}
_FOUND = {
    AccountState.ACTIVE: Observed.PRESENT,
    AccountState.SUSPENDED: Observed.SUSPENDED,
    AccountState.MISSING: Observed.REMOVED,
}


@dataclass(frozen=True, slots=True)
class Binding:
    """A user's local account on a device: what is wanted, and what the device last said.

    `after` says what becomes of the account once `desired` is `removed`. `lease_not_after` is the account's expiry date.
    `reason` is the device's reason for a refusal or a failure (`docs/protocols/device.md`, section 5). `confirmed_at` is since when
    the device reports what is wanted; None while it does not. `uid` is the person's number on Linux devices, the same on each and
    nobody else's ever; an account of the device that they took over has numbers of its own, `adopted_uid` and `adopted_gid`.
    """

    id: str
    user_id: str
    device_id: str
    username: str
    uid: int
    gid: int
    permission: AccountPermission
    desired: Desired
    observed: Observed
    reason: str
    sign_in_id: str
    lease_not_after: datetime
    passcode_set_at: datetime | None
    created_at: datetime
    confirmed_at: datetime | None
    after: After | None = None
    version: int = 1
    adopted_uid: int | None = None
    adopted_gid: int | None = None

    @property
    def leased(self) -> bool:
        """Tell whether the account ends by itself; a Mac's under MDM does not."""
        return self.lease_not_after < NO_LEASE

    @property
    def adopted(self) -> bool:
        """Tell whether the account was the device's before the person took it over."""
        return self.adopted_uid is not None

    @property
    def local_uid(self) -> int:
        """Return the account's uid on its device."""
        return self.uid if self.adopted_uid is None else self.adopted_uid

    @property
    def local_gid(self) -> int:
        """Return the account's gid on its device."""
        return self.gid if self.adopted_gid is None else self.adopted_gid

    @property
    def settled(self) -> bool:
        """Tell whether the device has reported what is wanted."""
        return self.observed.value == self.desired.value

    def after_order(self, order: OrderReport) -> Self:
        """Return the binding as it is observed after the device answered an order."""
        if order.act is BindingAct.RESET_PASSCODE:  # says nothing of whether the account is there
            return replace(self, reason="" if order.outcome is OrderOutcome.DONE else clean_reason(order.reason))
        if order.outcome is OrderOutcome.DONE:
            return replace(self, observed=_DONE[order.act], reason="")
        if order.outcome is OrderOutcome.REFUSED:
            return replace(self, observed=Observed.REFUSED, reason=clean_reason(order.reason))
        return replace(self, reason=clean_reason(order.reason))

    def after_account(self, account: AccountReport, now: datetime) -> Self:
        """Return the binding as it is observed after the device said how it found the account."""
        missing_as_said = account.state is AccountState.MISSING and self.observed in {Observed.UNKNOWN, Observed.REFUSED}
        adopted_uid, adopted_gid = account.adopted or (None, None)
        return replace(
            self,
            adopted_uid=adopted_uid,
            adopted_gid=adopted_gid,
            observed=self.observed if missing_as_said else _FOUND[account.state],
            passcode_set_at=(self.passcode_set_at or now) if account.passcode_set else None,
        )

    def as_kept(self, after: After | None) -> After | None:
        """Return what may become of the account: to keep a suspended person's account usable would undo the suspension."""
        return After.LOCK if after is After.KEEP and self.desired is Desired.SUSPENDED else after

    def runs_low(self, lease: timedelta, now: datetime) -> bool:
        """Tell whether less than half of a lease is left, so that it should be renewed."""
        return self.desired is Desired.PRESENT and self.lease_not_after < now + lease / 2


@dataclass(frozen=True, slots=True)
class NamedBinding:
    """A binding with the words that lists show for its two ends."""

    binding: Binding
    device_name: str
    user_name: str


@dataclass(frozen=True, slots=True)
class BindingChanged(Event):
    """A binding's desired state or lease changed; `kind` is the order that the device needs."""

    binding_id: str
    device_id: str
    kind: BindingAct


def linux_name_allowed(username: str) -> bool:
    """Tell whether a user name can be a Linux account's and is nobody's on a usual system."""
    return _USERNAME.fullmatch(username) is not None and username not in _SYSTEM_NAMES and not username.startswith("systemd-")


def name_allowed(os_family: OSFamily | None, username: str) -> bool:
    """Tell whether a user name can be an account's on a kind of operating system and is nobody's on a usual one."""
    if os_family is OSFamily.WINDOWS and (len(username) > _LONGEST_WINDOWS_NAME or username.endswith(".")):
        return False
    return linux_name_allowed(username) and username not in _TAKEN.get(os_family, frozenset())


def clean_reason(text: str) -> str:
    """Return a device's reason code as it is stored; what is no code becomes `unknown`."""
    return text if not text or _REASON.fullmatch(text) else "unknown"
