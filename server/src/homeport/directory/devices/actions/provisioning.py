"""Whether and how people may make their own accounts on devices, per kind of operating system."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.model import (
    FIRST_UID,
    LAST_UID,
    LONGEST_LEASE_DAYS,
    SHORTEST_LEASE_DAYS,
    OSFamily,
    ProvisioningSetting,
    UidUse,
)
from homeport.directory.devices.ports import ProvisioningStore, UnixIdStore
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.permissions import Permission

OS_NAMES = {OSFamily.LINUX: "Linux", OSFamily.MACOS: "macOS", OSFamily.WINDOWS: "Windows"}


@dataclass(frozen=True, slots=True)
class Provisioning:
    """The provisioning settings of one unit of work."""

    settings: ProvisioningStore
    unix_ids: UnixIdStore
    audit: Audit

    def list(self, actor: Actor) -> Sequence[ProvisioningSetting]:
        """Return the setting of every kind of operating system."""
        actor.require(Permission.PROVISIONING_READ)
        return [self.settings.get(family) for family in OSFamily]

    def get(self, actor: Actor, os_family: OSFamily = OSFamily.LINUX) -> ProvisioningSetting:
        """Return the setting of one kind of operating system."""
        actor.require(Permission.PROVISIONING_READ)
        return self.settings.get(os_family)

    def set(self, actor: Actor, setting: ProvisioningSetting) -> ProvisioningSetting:
        """Store a setting. Accounts that exist keep their permission; the lease counts from their next renewal."""
        actor.require(Permission.PROVISIONING_WRITE)
        if setting.enabled and not setting.implemented:
            sentence = (
                f"Not in this version: Self Service Account Provisioning for {OS_NAMES[setting.os_family]} cannot be enabled."
            )
            raise Invalid(sentence, {"enabled": sentence})
        if not SHORTEST_LEASE_DAYS <= setting.lease_days <= LONGEST_LEASE_DAYS:
            sentence = f"Enter a number of days from {SHORTEST_LEASE_DAYS} to {LONGEST_LEASE_DAYS}."
            raise Invalid(f"The lease cannot be {setting.lease_days} days. {sentence}", {"leaseDays": sentence})
        before, after = asdict(self.settings.get(setting.os_family)), asdict(setting)
        changes = [Change(name, _plain(before[name]), _plain(after[name])) for name in after if after[name] != before[name]]
        if changes:
            self.settings.save(setting)
            self.audit.record(
                actor,
                "provisioning_setting_update",
                resource=Resource("provisioning_setting", setting.os_family.value, OS_NAMES[setting.os_family]),
                changes=changes,
            )
        return setting

    def any_enabled(self) -> bool:
        """Tell whether people can make their own accounts on any kind of device; federation takes no effect until then."""
        # public: sign-in and the provider's page ask; it tells nothing about anybody
        return any(self.settings.get(family).enabled for family in OSFamily)

    def uid_use(self, actor: Actor) -> UidUse:
        """Return how many uids were given out."""
        actor.require(Permission.PROVISIONING_READ)
        return UidUse(self.unix_ids.count(), LAST_UID - FIRST_UID + 1)


def _plain(value: object) -> str | int | bool:
    return value if isinstance(value, (bool, int)) else str(value)
