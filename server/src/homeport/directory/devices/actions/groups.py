"""Device groups: list, create, change, delete; and which devices are in them. Rows are locked in one order: group, device."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.actions.bindings import Bindings
from homeport.directory.devices.actions.policies import Policies
from homeport.directory.devices.model import (
    Device,
    DeviceGroup,
    Target,
    TargetKind,
    description_problem,
    group_name_problem,
)
from homeport.directory.devices.ports import AccessStore, DeviceGroupStore, DeviceStore, EnrollmentKeyStore
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class DeviceGroups:
    """The device groups of one unit of work."""

    store: DeviceGroupStore
    devices: DeviceStore
    keys: EnrollmentKeyStore
    access: AccessStore
    bindings: Bindings
    policies: Policies
    clock: Clock
    entropy: Entropy
    audit: Audit

    def list(self, actor: Actor, listing: Listing) -> Page[DeviceGroup]:
        """Return groups by name."""
        actor.require(Permission.GROUPS_READ)
        return self.store.list(listing)

    def get(self, actor: Actor, group_id: str) -> DeviceGroup:
        """Return a group; raise NotFound when there is none."""
        actor.require(Permission.GROUPS_READ)
        return _present(self.store.get(group_id))

    def counts(self, actor: Actor, groups: Iterable[DeviceGroup]) -> Mapping[str, int]:
        """Return how many devices are in each of the groups."""
        actor.require(Permission.GROUPS_READ)
        return self.store.counts([group.id for group in groups])

    def create(self, actor: Actor, name: str, description: str = "") -> DeviceGroup:
        """Make an empty group; raise Invalid for a bad name or description, Conflict for a name that is taken."""
        actor.require(Permission.GROUPS_WRITE)
        now = self.clock.now()
        group = DeviceGroup(self.entropy.new_id(), name.strip(), _lines(description), 1, now, now)
        _check(group)
        self.store.add(group)
        changes = [Change(field, None, getattr(group, field)) for field in ("name", "description")]
        self.audit.record(actor, "group_create", resource=_resource(group), changes=changes)
        return group

    def update(
        self,
        actor: Actor,
        group_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        version: int | None = None,
    ) -> DeviceGroup:
        """Change what is given and leave the rest. `version` refuses to overwrite a newer change."""
        actor.require(Permission.GROUPS_WRITE)
        before = _present(self.store.lock(group_id))
        if version is not None and version != before.version:
            raise PreconditionFailed(
                "Somebody else changed this group meanwhile. Look at the present values and repeat your change."
            )
        after = replace(
            before,
            name=before.name if name is None else name.strip(),
            description=before.description if description is None else _lines(description),
        )
        _check(after)
        changes = [
            Change(field, getattr(before, field), getattr(after, field))
            for field in ("name", "description")
            if getattr(before, field) != getattr(after, field)
        ]
        if not changes:
            return before
        after = replace(after, version=before.version + 1, updated_at=self.clock.now())
        self.store.save(after)
        self.audit.record(actor, "group_update", resource=_resource(after), changes=changes)
        return after

    def delete(self, actor: Actor, group_id: str, *, version: int | None = None) -> DeviceGroup:
        """Remove a group; its devices stay in the directory and its assignments end. Keys and the default that named it name none afterwards."""
        actor.require(Permission.GROUPS_WRITE)
        group = _present(self.store.lock(group_id))
        if version is not None and version != group.version:
            raise PreconditionFailed("Somebody else changed this group meanwhile. Look at it again before you delete it.")
        device_ids = self.store.device_ids(group_id)
        for device_id in device_ids:
            self.store.leave(group_id, device_id)
        self.keys.forget_group(group_id)
        self.access.forget(Target(TargetKind.DEVICE_GROUP, group_id))
        self.policies.announce(device_ids)
        self.policies.forget(Target(TargetKind.DEVICE_GROUP, group_id))
        self.store.remove(group_id)
        self.audit.record(actor, "group_delete", resource=_resource(group), details={"devices": len(device_ids)})
        self.bindings.follow(actor, device_ids=device_ids)
        return group

    def members(self, actor: Actor, group_id: str, listing: Listing) -> Page[Device]:
        """Return devices in a group."""
        actor.require(Permission.GROUPS_READ)
        _present(self.store.get(group_id))
        return self.store.members(group_id, listing)

    def of_device(self, actor: Actor, device_id: str) -> Sequence[DeviceGroup]:
        """Return the groups that a device is in."""
        actor.require(Permission.GROUPS_READ)
        return self.store.of_device(device_id)

    def names_of(self, actor: Actor, devices: Iterable[Device]) -> Mapping[str, Sequence[str]]:
        """Return the names of the groups of each of these devices; a device in no group is left out."""
        actor.require(Permission.GROUPS_READ)
        return self.store.names_of([device.id for device in devices])

    def join(self, actor: Actor, group_id: str, device_ids: Iterable[str]) -> int:
        """Put devices in a group and return how many were not in it; raise NotFound, and do nothing, when one is not there."""
        actor.require(Permission.GROUPS_WRITE)
        return self._move(actor, group_id, device_ids, joins=True)

    def leave(self, actor: Actor, group_id: str, device_ids: Iterable[str]) -> int:
        """Take devices out of a group and return how many were in it."""
        actor.require(Permission.GROUPS_WRITE)
        return self._move(actor, group_id, device_ids, joins=False)

    def default(self, actor: Actor) -> DeviceGroup | None:
        """Return the group that new devices join when their enrolment key names none."""
        actor.require(Permission.GROUPS_READ)
        group_id = self.keys.default_group_id()
        return self.store.get(group_id) if group_id else None

    def set_default(self, actor: Actor, group_id: str | None) -> None:
        """Choose the group that devices join which enrol from now on, unless their enrolment key names one; None for none."""
        actor.require(Permission.GROUPS_WRITE)
        group = _present(self.store.lock(group_id)) if group_id else None
        before_id = self.keys.default_group_id()
        before = self.store.get(before_id) if before_id else None
        if before_id == group_id:
            return
        self.keys.set_default_group_id(group_id)
        self.audit.record(
            actor,
            "device_settings_update",
            resource=Resource("device_settings", "enrollment", "Enrolment"),
            changes=[Change("defaultDeviceGroup", before.name if before else None, group.name if group else None)],
        )

    def _move(self, actor: Actor, group_id: str, device_ids: Iterable[str], *, joins: bool) -> int:
        group = _present(self.store.lock(group_id))
        moved = []
        for device_id in sorted(set(device_ids)):
            device = self.devices.lock(device_id)
            if device is None or device.deleted_at is not None:
                raise NotFound("There is no such device. It may have been deleted.")
            changed = self.store.join(group_id, device_id, self.clock.now()) if joins else self.store.leave(group_id, device_id)
            if changed:
                moved.append(device_id)
                self.audit.record(
                    actor,
                    "association_change",
                    resource=_resource(group),
                    changes=[Change("device", None, device.name) if joins else Change("device", device.name, None)],
                    details={"op": "add" if joins else "remove", "device_id": device_id},
                )
        self.policies.announce(moved)
        self.bindings.follow(actor, device_ids=moved)
        return len(moved)


def _present(group: DeviceGroup | None) -> DeviceGroup:
    if group is None:
        raise NotFound("There is no such device group. It may have been deleted.")
    return group


def _check(group: DeviceGroup) -> None:
    problems = {"name": group_name_problem(group.name), "description": description_problem(group.description)}
    fields = {field: problem for field, problem in problems.items() if problem}
    if fields:
        raise Invalid("The device group was not saved. " + " ".join(fields.values()), fields)


def _lines(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def _resource(group: DeviceGroup) -> Resource:
    return Resource("device_group", group.id, group.name)
