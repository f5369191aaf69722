"""How people with an account may come in by ssh and act as root, where a device or a device group says otherwise than the setting.

Rows are locked in the order of the house: device group, device.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.model import (
    DesiredStateChanged,
    Device,
    DeviceGroup,
    DevicePolicy,
    EffectivePolicy,
    GroupPolicy,
    OSFamily,
    ProvisioningSetting,
    Target,
    TargetKind,
    decide,
)
from homeport.directory.devices.ports import DeviceGroupStore, DeviceStore, PolicyStore, ProvisioningStore
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission

INHERITED = "inherited"


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of one unit of work."""

    store: PolicyStore
    devices: DeviceStore
    groups: DeviceGroupStore
    settings: ProvisioningStore
    clock: Clock
    publisher: Publisher
    audit: Audit

    def get(self, actor: Actor, target: Target) -> DevicePolicy:
        """Return what a device or a device group says itself."""
        actor.require(Permission.DEVICES_READ if target.kind is TargetKind.DEVICE else Permission.GROUPS_READ)
        return self.store.of(target)

    def effective(self, actor: Actor, devices: Iterable[Device]) -> Mapping[str, EffectivePolicy]:
        """Return what holds on each of these devices, by their ids; nothing for a kind of system that Homeport does not know."""
        actor.require(Permission.DEVICES_READ)
        return self._effective([device for device in devices if device.os_family])

    def own(self, actor: Actor, devices: Iterable[Device]) -> Mapping[str, DevicePolicy]:
        """Return what each of these devices says itself, by their ids; one that says nothing is left out."""
        actor.require(Permission.DEVICES_READ)
        return self.store.of_many(TargetKind.DEVICE, [device.id for device in devices])

    def of_groups(self, actor: Actor, groups: Iterable[DeviceGroup]) -> Mapping[str, DevicePolicy]:
        """Return what each of these device groups says, by their ids; one that says nothing is left out."""
        actor.require(Permission.GROUPS_READ)
        return self.store.of_many(TargetKind.DEVICE_GROUP, [group.id for group in groups])

    def exceptions(self, actor: Actor, limit: int) -> tuple[Sequence[GroupPolicy], int]:
        """Return the device groups that say something, by name, and how many devices do."""
        actor.require(Permission.DEVICES_READ)
        return self.store.groups_that_say(limit), self.store.count_devices_that_say()

    def of_device(self, device: Device) -> ProvisioningSetting | None:
        """Return the setting as it holds on a device; None for a kind of system that Homeport does not know."""
        # public: the device channel asks for a device that proved its key
        if device.os_family is None:
            return None
        policy = self._effective([device])[device.id]
        return replace(self.settings.get(device.os_family), ssh=policy.ssh.value, sudo=policy.sudo.value)

    def set(self, actor: Actor, target: Target, policy: DevicePolicy, *, version: int | None = None) -> DevicePolicy:
        """Store what a device or a device group says; the devices hear of it at once. `version` refuses to overwrite a newer change."""
        actor.require(Permission.PROVISIONING_WRITE)
        of_device = target.kind is TargetKind.DEVICE
        held = _present(self.devices.lock(target.id) if of_device else self.groups.lock(target.id))
        if version is not None and version != held.version:
            raise PreconditionFailed("Somebody else changed this meanwhile. Look at the present values and repeat your change.")
        present = self.store.of(target)
        if policy == present:
            return policy
        self.store.save(target, policy)
        if isinstance(held, Device):
            self.devices.save(replace(held, version=held.version + 1))
        else:
            self.groups.save(replace(held, version=held.version + 1, updated_at=self.clock.now()))
        self.audit.record(
            actor,
            "system_update" if of_device else "group_update",
            resource=Resource(target.kind.value, target.id, held.name),
            changes=[
                Change(field, _told(getattr(present, field)), _told(getattr(policy, field)))
                for field in ("ssh", "sudo")
                if getattr(present, field) != getattr(policy, field)
            ],
        )
        self.announce([target.id] if of_device else self.groups.device_ids(target.id))
        return policy

    def forget(self, target: Target) -> None:
        """Let a target that is deleted say nothing any more."""
        # public: called inside the unit of work of whoever deletes it, which was allowed to
        self.store.forget(target)

    def announce(self, device_ids: Collection[str]) -> None:
        """Let devices ask again for their policy, and who may come."""
        # public: called inside the unit of work of whatever changed it, which was allowed to
        self.store.bump(device_ids)
        for device_id in sorted(device_ids):
            self.publisher.publish(DesiredStateChanged(device_id))

    def _effective(self, devices: Sequence[Device]) -> Mapping[str, EffectivePolicy]:
        ids = [device.id for device in devices]
        own, groups = self.store.of_many(TargetKind.DEVICE, ids), self.store.of_their_groups(ids)
        settings: dict[OSFamily, ProvisioningSetting] = {
            family: self.settings.get(family) for family in {device.os_family for device in devices} if family
        }
        return {
            device.id: decide(settings[device.os_family], own.get(device.id, DevicePolicy()), groups.get(device.id, ()))
            for device in devices
            if device.os_family
        }


def _present(held: Device | DeviceGroup | None) -> Device | DeviceGroup:
    if held is None or (isinstance(held, Device) and held.deleted_at is not None):
        raise NotFound("There is no such device or device group. It may have been deleted.")
    return held


def _told(value: str | None) -> str:
    return INHERITED if value is None else str(value)
