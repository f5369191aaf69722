"""Read and change the settings of Macs."""

from dataclasses import dataclass, fields, replace

from homeport.channels.apple.authority.model import Way
from homeport.channels.apple.settings.model import AppleSettings, problems
from homeport.channels.apple.settings.ports import DeviceGroupNames, SettingsStore, UserGroupNames
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Invalid, PreconditionFailed
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission

RESOURCE = Resource("apple_settings", "apple", "Apple settings")
MOST_CHOICES = 200
NO_ROOT = (
    "No root that vouches for Macs is pinned, so no Mac could enrol. Name Apple's Enterprise Attestation Root CA in "
    "HOMEPORT_APPLE_ATTESTATION_ROOTS first."
)
_NOT_A_SETTING = {"version", "updated_at"}


@dataclass(frozen=True, slots=True)
class AppleConfiguration:
    """The settings of one unit of work."""

    store: SettingsStore
    device_groups: DeviceGroupNames
    user_groups: UserGroupNames
    audit: Audit
    clock: Clock
    attests: bool = False
    """A root that vouches for Macs' hardware is pinned."""

    def get(self, actor: Actor) -> AppleSettings:
        """Return the settings; the defaults while nobody saved any."""
        actor.require(Permission.APPLE_READ)
        return self.store.get()

    def choices(self, actor: Actor) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return ids and names of the device groups and of the user groups that can be chosen, at most 200 of each."""
        actor.require(Permission.APPLE_READ)
        listing = Listing(limit=MOST_CHOICES)
        devices = [(group.id, group.name) for group in self.device_groups.list(listing).items]
        users = [(group.id, group.name) for group in self.user_groups.search(listing).items]
        return devices, users

    def save(self, actor: Actor, wanted: AppleSettings, *, version: int | None = None) -> AppleSettings:
        """Store the settings; raises Invalid by field, and PreconditionFailed when somebody changed them since `version`."""
        actor.require(Permission.APPLE_WRITE)
        before = self.store.get(hold=True)
        if version is not None and version != before.version:
            raise PreconditionFailed("Somebody else changed the Apple settings meanwhile. Look at the present values and repeat.")
        wrong = problems(wanted)
        if wanted.device_group_id and self.device_groups.get(wanted.device_group_id) is None:
            wrong["device_group_id"] = "This device group does not exist any more. Choose another one."
        if wanted.admin_group_id and not self.user_groups.get_all([wanted.admin_group_id]):
            wrong["admin_group_id"] = "This user group does not exist any more. Choose another one."
        if wanted.certificate_way is Way.ATTESTED and not self.attests:
            wrong["certificate_way"] = NO_ROOT
        if wrong:
            raise Invalid("The settings were not saved: " + " ".join(wrong.values()), wrong)
        changes = [
            Change(field.name, _shown(getattr(before, field.name)), _shown(getattr(wanted, field.name)))
            for field in fields(AppleSettings)
            if field.name not in _NOT_A_SETTING and getattr(before, field.name) != getattr(wanted, field.name)
        ]
        after = replace(wanted, version=before.version + 1, updated_at=self.clock.now())
        self.store.save(after)
        self.audit.record(actor, "apple_settings_update", resource=RESOURCE, changes=changes)
        return after


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value if value is not None else "")
