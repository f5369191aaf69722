"""The inventory: list, rename, approve, delete; and what a device's contact leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.actions.bindings import Bindings
from homeport.directory.devices.actions.policies import Policies
from homeport.directory.devices.model import (
    After,
    DesiredStateChanged,
    Device,
    DeviceApproved,
    DeviceDeleted,
    DeviceFacts,
    DeviceStatus,
    Target,
    TargetKind,
)
from homeport.directory.devices.ports import AccessStore, DeviceGroupStore, DeviceStore
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Filter, Listing, Page
from homeport.foundation.kernel.permissions import Permission

LONGEST_NAME = 253
CONTACT = system("devices")
KEY_COPIED = "device_key_copied"


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one unit of work."""

    store: DeviceStore
    groups: DeviceGroupStore
    access: AccessStore
    bindings: Bindings
    policies: Policies
    clock: Clock
    publisher: Publisher
    audit: Audit

    def list(self, actor: Actor, listing: Listing) -> Page[Device]:
        """Return devices that are not deleted."""
        actor.require(Permission.DEVICES_READ)
        return self.store.list(listing)

    def get(self, actor: Actor, device_id: str) -> Device:
        """Return a device; raise NotFound when there is none or it was deleted."""
        actor.require(Permission.DEVICES_READ)
        return _present(self.store.get(device_id))

    def systems(self, actor: Actor) -> Mapping[str, int]:
        """Return how many devices run each operating system, by its name, the most frequent first."""
        actor.require(Permission.DEVICES_READ)
        return self.store.systems()

    def silent_for(self, actor: Actor, span: timedelta) -> int:
        """Count the devices that made no contact for so long."""
        actor.require(Permission.DEVICES_READ)
        return self.store.silent_since(self.clock.now() - span)

    def find(self, device_id: str) -> Device | None:
        """Return a device, or its tombstone with `deleted_at`, or None when there never was one."""
        # public: sign-in and the device channel ask on behalf of a device that proved its key
        return self.store.get(device_id)

    def get_for_update(self, device_id: str) -> Device | None:
        """Return a device or its tombstone, held until the unit of work ends."""
        # public: the device channel orders what it sends to one device by holding the device
        return self.store.lock(device_id)

    def find_by_thumbprint(self, thumbprint: str) -> Device | None:
        """Return the device with this key (RFC 7638 thumbprint) that is not deleted."""
        # public: enrolment and tokens ask before anybody is known
        return self.store.find_by_thumbprint(thumbprint)

    def rename(self, actor: Actor, device_id: str, display_name: str, *, version: int | None = None) -> Device:
        """Set the name that people see; an empty name shows the host name again. `version` refuses to overwrite a newer change."""
        actor.require(Permission.DEVICES_WRITE)
        name = display_name.strip()
        if len(name) > LONGEST_NAME or not name.isprintable():
            sentence = f"Use at most {LONGEST_NAME} letters, digits, spaces and signs."
            raise Invalid(f"The name cannot be taken. {sentence}", {"displayName": sentence})
        device = _present(self.store.lock(device_id))
        if version is not None and version != device.version:
            raise PreconditionFailed("Somebody else changed this device meanwhile. Open it again and repeat your change.")
        if name == device.display_name:
            return device
        renamed = replace(device, display_name=name, version=device.version + 1)
        self.store.save(renamed)
        self.audit.record(
            actor, "system_update", resource=_resource(renamed), changes=[Change("displayName", device.display_name, name)]
        )
        return renamed

    def approve(self, actor: Actor, device_id: str) -> Device:
        """Let a waiting device be used; an active one stays as it is."""
        actor.require(Permission.DEVICES_WRITE)
        device = _present(self.store.lock(device_id))
        if device.status is DeviceStatus.ACTIVE:
            return device
        approved = replace(device, status=DeviceStatus.ACTIVE, version=device.version + 1)
        self.store.save(approved)
        self.audit.record(
            actor, "system_update", resource=_resource(approved), changes=[Change("status", device.status.value, "active")]
        )
        self.publisher.publish(DeviceApproved(device_id))
        self._bump(device_id)
        return _present(self.store.get(device_id))

    def delete(self, actor: Actor, device_id: str, after: After = After.KEEP, *, version: int | None = None) -> Device:
        """Remove a device and its bindings, and return it as it was; `after` says what becomes of the local accounts on it.

        Deleting home folders with it needs recent authentication. Raises PreconditionFailed when `version` is given and is not the
        device's present one.
        """
        actor.require(Permission.DEVICES_WRITE)
        if after is After.REMOVE:
            actor.require_recent(self.clock.now())
        device = _present(self.store.lock(device_id))
        if version is not None and version != device.version:
            raise PreconditionFailed("Somebody else changed this device meanwhile. Look at it again before you delete it.")
        removed = self.bindings.remove_all_of_device(actor, device, after)
        for group in self.groups.of_device(device_id):
            self.groups.leave(group.id, device_id)
        self.access.forget(Target(TargetKind.DEVICE, device_id))
        self.policies.forget(Target(TargetKind.DEVICE, device_id))
        latest = _present(self.store.get(device_id))
        self.store.save(replace(latest, deleted_at=self.clock.now(), version=device.version + 1))
        self.audit.record(
            actor, "system_delete", resource=_resource(device), details={"after": after.value, "bindings_removed": removed}
        )
        self.publisher.publish(DeviceDeleted(device_id))
        self._bump(device_id)
        return device

    def touch(self, device_id: str, address: str, facts: DeviceFacts | None = None) -> None:
        """Note that the device made contact now, from where, and what it says of itself; what it leaves unsaid stays."""
        # public: the device channel calls it for a device that proved its key
        device = self.store.lock(device_id)
        if device is None or device.deleted_at is not None:
            return
        said = (facts or DeviceFacts()).cleaned()
        if said.machine_id and device.machine_id not in {"", said.machine_id}:
            self.note_copy(device, said, address)  # what another machine says of itself is nothing about this one
            return
        self.store.save(
            replace(
                device,
                last_contact_at=self.clock.now(),
                address=address[:64],
                hostname=said.hostname or device.hostname,
                serial_number=said.serial_number or device.serial_number,
                os_name=said.os_name or device.os_name,
                os_version=said.os_version or device.os_version,
                agent_version=said.agent_version or device.agent_version,
            )
        )

    def note_copy(self, device: Device, facts: DeviceFacts, address: str) -> None:
        """Record that another machine holds the device's key pair, as after copying a disk; once for each such machine."""
        # public: the device channel calls it for a machine that proved the key
        said = facts.cleaned()
        known = Listing(filters=(Filter("event_type", "eq", KEY_COPIED), Filter("resource_id", "eq", device.id)), limit=100)
        if any(
            json.loads(entry.details).get("machine_id") == said.machine_id for entry in self.audit.search(CONTACT, known).items
        ):
            return
        self.audit.record(
            CONTACT,
            KEY_COPIED,
            resource=_resource(device),
            success=False,
            reason="device_key_in_use",
            details={
                "machine_id": said.machine_id,
                "hostname": said.hostname,
                "serial_number": said.serial_number,
                "address": address[:64],
            },
        )

    def bump(self, device_id: str) -> None:
        """Say that what the device should do has changed."""
        # public: called inside the unit of work of whatever changed it, which was allowed to
        self._bump(device_id)

    def _bump(self, device_id: str) -> None:
        self.store.bump(device_id)
        self.publisher.publish(DesiredStateChanged(device_id))


def _present(device: Device | None) -> Device:
    if device is None or device.deleted_at is not None:
        raise NotFound("There is no such device. It may have been deleted.")
    return device


def _resource(device: Device) -> Resource:
    return Resource("device", device.id, device.name)
