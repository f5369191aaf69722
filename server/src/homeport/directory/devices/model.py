"""Devices, enrolment keys, bindings, provisioning settings, and the rules that need nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from homeport.foundation.kernel.events import Event

FIRST_UID = 20_000
LAST_UID = 59_999
"""The range of uids that Homeport gives out; above what useradd and below what systemd's dynamic users take."""
KEY_LIFETIME = timedelta(days=7)
"""How long an enrolment key works unless the administrator says otherwise."""
LONGEST_KEY_LIFETIME = timedelta(days=365)
MOST_KEY_USES = 100_000
KEY_PREFIX = "hpe1"
"""First part of an enrolment key's text; the format's name and version, and what leak scanners look for."""
IN_CONTACT = timedelta(minutes=3)
DEFAULT_LEASE_DAYS = 14
SHORTEST_LEASE_DAYS, LONGEST_LEASE_DAYS = 1, 90

_KEY = re.compile(r"hpe1\.(?P<id>[0-9A-Za-z-]{1,36})\.(?P<secret>[0-9A-Za-z_-]{1,200})(\.[0-9A-Za-z_-]{1,200})?")
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


class DeviceStatus(StrEnum):
    """Whether a device may do anything: `pending` waits for an administrator's approval."""

    ACTIVE = "active"
    PENDING = "pending"


class OSFamily(StrEnum):
    """Kinds of operating system, as device account provisioning is set for them."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


IMPLEMENTED = frozenset({OSFamily.LINUX})
"""Where Self Service Account Provisioning works in this version."""


class AccountPermission(StrEnum):
    """What a local account may do on its device."""

    STANDARD = "standard"
    ADMIN = "admin"


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
class DeviceFacts:
    """What a device says of itself. `machine_id` is the SHA-256 of its /etc/machine-id in hex. An empty text means unsaid."""

    hostname: str = ""
    serial_number: str = ""
    machine_id: str = ""
    os: str = ""
    os_name: str = ""
    os_version: str = ""
    arch: str = ""
    agent_version: str = ""

    def cleaned(self) -> Self:
        """Return the facts without control characters and not longer than they are stored."""
        longest = {"hostname": 253, "machine_id": 64, "os": 32, "os_version": 64, "arch": 32, "agent_version": 64}
        return replace(
            self,
            **{
                one.name: "".join(letter for letter in getattr(self, one.name) if letter.isprintable())[
                    : longest.get(one.name, 255)
                ]
                for one in fields(self)
            },
        )


@dataclass(frozen=True, slots=True)
class Device:
    """A machine. `thumbprint` is the RFC 7638 SHA-256 thumbprint of `device_key`, its public JWK.

    `deleted_at` marks a tombstone, kept so that the agent can be told. `version` rises with each change by an administrator,
    `desired_state_version` with each change of what the device should do.
    """

    id: str
    hostname: str
    display_name: str
    serial_number: str
    machine_id: str
    os: str
    os_name: str
    os_version: str
    arch: str
    agent_version: str
    device_key: Mapping[str, str]
    thumbprint: str
    status: DeviceStatus
    enrolled_at: datetime
    last_contact_at: datetime | None
    address: str
    enrolled_with: str
    version: int = 1
    desired_state_version: int = 1
    deleted_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return what people call the device."""
        return self.display_name or self.hostname or self.id

    @property
    def os_family(self) -> OSFamily | None:
        """Return the kind of operating system; None for one that Homeport does not know."""
        return OSFamily(self.os) if self.os in set(OSFamily) else None

    def in_contact(self, now: datetime) -> bool:
        """Tell whether the device was heard within the last three minutes; agents call at least every 50 seconds."""
        return self.last_contact_at is not None and now - self.last_contact_at < IN_CONTACT

    @property
    def active(self) -> bool:
        """Tell whether the device may sign people in."""
        return self.status is DeviceStatus.ACTIVE and self.deleted_at is None


class KeyState(StrEnum):
    """Whether an enrolment key still enrols devices."""

    USABLE = "usable"
    EXPIRED = "expired"
    USED_UP = "used_up"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class EnrollmentKey:
    """What lets a device join; its secret is kept as a SHA-256 hash only."""

    id: str
    name: str
    secret_hash: str
    max_uses: int
    uses: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    @property
    def uses_left(self) -> int:
        """Return how many more devices the key can enrol."""
        return max(0, self.max_uses - self.uses)

    def state(self, now: datetime) -> KeyState:
        """Judge the key at a moment."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if now >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.USABLE if self.uses_left else KeyState.USED_UP


@dataclass(frozen=True, slots=True)
class Binding:
    """A user's local account on a device: what is wanted, and what the device last said.

    `after` says what becomes of the account once `desired` is `removed`. `lease_not_after` is the account's expiry date.
    `reason` is the device's reason for a refusal or a failure (`docs/protocols/device.md`, section 5). `confirmed_at` is since when
    the device reports what is wanted; None while it does not.
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

    @property
    def settled(self) -> bool:
        """Tell whether the device has reported what is wanted."""
        return self.observed.value == self.desired.value


@dataclass(frozen=True, slots=True)
class NamedBinding:
    """A binding with the words that lists show for its two ends."""

    binding: Binding
    device_name: str
    user_name: str


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


@dataclass(frozen=True, slots=True)
class ProvisioningSetting:
    """Self Service Account Provisioning for one kind of operating system.

    `several_users` false lets only the first person onto a device. `lease_days` is how long an account works without contact.
    """

    os_family: OSFamily
    enabled: bool = False
    default_permission: AccountPermission = AccountPermission.STANDARD
    several_users: bool = False
    lease_days: int = DEFAULT_LEASE_DAYS

    @property
    def implemented(self) -> bool:
        """Tell whether this version can do it."""
        return self.os_family in IMPLEMENTED


@dataclass(frozen=True, slots=True)
class UidUse:
    """How many of the uids were given out."""

    used: int
    total: int = LAST_UID - FIRST_UID + 1

    @property
    def scarce(self) -> bool:
        """Tell whether 80 % are gone, which the portal warns about."""
        return self.used * 10 >= self.total * 8


@dataclass(frozen=True, slots=True)
class DeviceEnrolled(Event):
    """A device joined for the first time."""

    device_id: str


@dataclass(frozen=True, slots=True)
class DeviceApproved(Event):
    """A waiting device may now be used."""

    device_id: str


@dataclass(frozen=True, slots=True)
class DeviceDeleted(Event):
    """A device was removed; its bindings were, before."""

    device_id: str


@dataclass(frozen=True, slots=True)
class DesiredStateChanged(Event):
    """What a device should do has changed, so an agent that waits should be answered."""

    device_id: str


@dataclass(frozen=True, slots=True)
class BindingChanged(Event):
    """A binding's desired state or lease changed; `kind` is the order that the device needs."""

    binding_id: str
    device_id: str
    kind: BindingAct


def linux_name_allowed(username: str) -> bool:
    """Tell whether a user name can be a Linux account's and is nobody's on a usual system."""
    return _USERNAME.fullmatch(username) is not None and username not in _SYSTEM_NAMES and not username.startswith("systemd-")


def split_key(text: str) -> tuple[str, str] | None:
    """Return id and secret of `hpe1.<id>.<secret>`, whether or not `.<fingerprint>` follows; None when it has another form."""
    found = _KEY.fullmatch(text.strip())
    return (found["id"], found["secret"]) if found else None


def clean_reason(text: str) -> str:
    """Return a device's reason code as it is stored; what is no code becomes `unknown`."""
    return text if not text or _REASON.fullmatch(text) else "unknown"
