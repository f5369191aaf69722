"""How people get local accounts by themselves, per kind of operating system, and the uids that are given out."""

from dataclasses import dataclass, replace
from enum import StrEnum

from homeport.directory.devices.model.inventory import Device, DeviceStatus, OSFamily
from homeport.foundation.kernel.reasons import ReasonCode

FIRST_UID = 20_000
LAST_UID = 59_999
"""The range of uids that Homeport gives out; above what useradd and below what systemd's dynamic users take."""
DEFAULT_LEASE_DAYS = 14
SHORTEST_LEASE_DAYS, LONGEST_LEASE_DAYS = 1, 90
VERIFIED = frozenset({OSFamily.LINUX})
"""Where Self Service Account Provisioning was run on real systems; elsewhere its commands were tested against imitations only."""
LINUX_ONLY = ("ssh", "sudo", "existing")
"""Fields of a setting that only Linux has; elsewhere they keep their defaults."""


class AccountPermission(StrEnum):
    """What a local account may do on its device."""

    STANDARD = "standard"
    ADMIN = "admin"


class SshPolicy(StrEnum):
    """What opens a session over ssh to somebody with an account: a key while the lease lasts, the browser each time, the passcode."""

    KEY = "key"
    BROWSER = "browser"
    PASSCODE = "passcode"


class SudoPolicy(StrEnum):
    """What sudo asks of somebody with an account: the passcode, an approval in the browser with a reason, or it is closed to them."""

    PASSCODE = "passcode"
    BROWSER = "browser"
    NEVER = "never"


class ExistingAccount(StrEnum):
    """What a device does with a local account that it has under the person's name: refuse, or let them take it over by its passcode."""

    REFUSE = "refuse"
    TAKE_OVER = "take_over"


@dataclass(frozen=True, slots=True)
class ProvisioningSetting:
    """Self Service Account Provisioning for one kind of operating system.

    `several_users` false lets only the first person onto a device. `lease_days` is how long an account works without contact.
    `ssh`, `sudo` and `existing` reach the devices as a signed policy; `existing` also stands in the order that makes an account.
    """

    os_family: OSFamily
    enabled: bool = False
    default_permission: AccountPermission = AccountPermission.STANDARD
    several_users: bool = False
    lease_days: int = DEFAULT_LEASE_DAYS
    ssh: SshPolicy = SshPolicy.KEY
    sudo: SudoPolicy = SudoPolicy.PASSCODE
    existing: ExistingAccount = ExistingAccount.REFUSE
    version: int = 0
    """Counts changes of the setting and of the rules for user groups; 0 for what was never set."""

    @property
    def verified(self) -> bool:
        """Tell whether it was run on a real system of the kind; every page and answer that says “enabled” says this beside it."""
        return self.os_family in VERIFIED

    @property
    def takes_effect(self) -> bool:
        """Tell whether people get accounts by it: it is enabled, and there is an agent for such devices that was run on them."""
        return self.enabled and self.verified


@dataclass(frozen=True, slots=True)
class GroupRule:
    """What the members of a user group get instead of the setting's defaults: administrator rights, a lease of their own, or both."""

    user_group_id: str
    admin: bool = False
    lease_days: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What all rules together give to one person: `admin` when any rule says so, the shortest lease that a rule names."""

    admin: bool = False
    lease_days: int | None = None

    def over(self, setting: ProvisioningSetting) -> ProvisioningSetting:
        """Return the setting as it is for this person."""
        permission = AccountPermission.ADMIN if self.admin else setting.default_permission
        return replace(setting, default_permission=permission, lease_days=self.lease_days or setting.lease_days)


@dataclass(frozen=True, slots=True)
class UidUse:
    """How many of the uids were given out."""

    used: int
    total: int = LAST_UID - FIRST_UID + 1

    @property
    def before_scarce(self) -> int:
        """Count how many can still be given out before they are scarce; negative afterwards."""
        return self.total * 8 // 10 - self.used

    @property
    def scarce(self) -> bool:
        """Tell whether 80 % are gone, which the portal warns about."""
        return self.used * 10 >= self.total * 8


def against_device(device: Device | None, setting: ProvisioningSetting | None) -> ReasonCode | None:
    """Return why nobody gets an account on the device, whoever they are; None when nothing stands against it."""
    if device is None or device.deleted_at is not None:
        return ReasonCode.DEVICE_GONE
    if device.status is DeviceStatus.PENDING:
        return ReasonCode.DEVICE_PENDING
    if setting is None or not setting.enabled:
        return ReasonCode.PROVISIONING_DISABLED
    return None
