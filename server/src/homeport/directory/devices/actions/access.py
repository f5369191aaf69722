"""Who may sign in on which device: limits, assignments, and what becomes of accounts when they change.

Rows are locked in one order: user group, device group, user, device, binding.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.actions.bindings import Bindings
from homeport.directory.devices.actions.policies import Policies
from homeport.directory.devices.model import (
    Assignment,
    Device,
    DeviceGroup,
    Entrant,
    NamedAssignment,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
    Way,
)
from homeport.directory.devices.ports import AccessStore, DeviceGroupStore, DeviceStore
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission

DIRECTORY = system("directory")


@dataclass(frozen=True, slots=True)
class Access:
    """Access to the devices of one unit of work."""

    store: AccessStore
    devices: DeviceStore
    groups: DeviceGroupStore
    bindings: Bindings
    policies: Policies
    clock: Clock
    audit: Audit

    def entrants(self, actor: Actor, device_id: str, listing: Listing) -> Page[Entrant]:
        """Return the activated users who may sign in on a device, by user name; everybody when it is open to everybody."""
        actor.require(Permission.DEVICES_READ)
        _device(self.devices.get(device_id))
        return self.store.entrants(device_id, listing)

    def entrants_of(self, device: Device, listing: Listing) -> Page[Entrant]:
        """Return the same for a device that asks for itself."""
        # public: the device channel asks for a device that proved its key
        return self.store.entrants(device.id, listing)

    def may_enter(self, user_id: str, device_id: str) -> bool:
        """Tell whether access lets this person sign in on this device; their state does not count here."""
        # public: sign-in and the device channel ask before they say anything
        return self.store.may_enter(user_id, device_id)

    def limited(self, actor: Actor, device_id: str) -> bool:
        """Tell whether a device is limited to assigned people, by itself or by one of its groups."""
        actor.require(Permission.DEVICES_READ)
        return self.store.limited(device_id)

    def list(
        self,
        actor: Actor,
        end: Subject | Target,
        *,
        skip: int = 0,
        limit: int = 100,
        kinds: Collection[SubjectKind | TargetKind] | None = None,
    ) -> Page[NamedAssignment]:
        """Return who is assigned to a target, or to what a subject is assigned; `kinds` narrows what the other end may be."""
        actor.require(Permission.DEVICES_READ)
        return self.store.list(end, skip, limit, kinds)

    def devices_of_user(self, actor: Actor, user_id: str, *, skip: int = 0, limit: int = 100) -> Page[Sequence[Way]]:
        """Return the devices to which a user is assigned, each with all the ways that lead there."""
        actor.require(Permission.DEVICES_READ)
        return self.store.ways(user_id=user_id, skip=skip, limit=limit)

    def users_of_device(self, actor: Actor, device_id: str, *, skip: int = 0, limit: int = 100) -> Page[Sequence[Way]]:
        """Return the users who are assigned to a device, each with all the ways that lead from it."""
        actor.require(Permission.DEVICES_READ)
        _device(self.devices.get(device_id))
        return self.store.ways(device_id=device_id, skip=skip, limit=limit)

    def named(self, actor: Actor, text: str) -> Subject | None:
        """Return the user with this user name or e-mail address, else the user group of this name; None when there is none."""
        actor.require(Permission.DEVICES_READ)
        return self.store.named(text.strip()) if text.strip() else None

    def named_group(self, actor: Actor, text: str) -> str | None:
        """Return the id of the user group of this name; None when there is none."""
        actor.require(Permission.GROUPS_READ)
        return self.store.named_group(text.strip()) if text.strip() else None

    def assign(self, actor: Actor, subject: Subject, target: Target) -> bool:
        """Let a user or the members of a user group sign in on a device or the devices of a group; tell whether that is new.

        Accounts that the lack of it had suspended come back. Raises NotFound when either end is not there.
        """
        actor.require(_permission(target))
        names = self._lock(subject, target)
        if not self.store.add(Assignment(subject, target, self.clock.now())):
            return False
        self._record(actor, subject, target, names, op="add")
        self._follow(actor, target)
        return True

    def unassign(self, actor: Actor, subject: Subject, target: Target) -> bool:
        """Take an assignment back and tell whether there was one; accounts that nothing allows any more are suspended."""
        actor.require(_permission(target))
        names = self._lock(subject, target)
        if not self.store.remove(subject, target):
            return False
        self._record(actor, subject, target, names, op="remove")
        self._follow(actor, target)
        return True

    def limit_device(self, actor: Actor, device_id: str, *, limited: bool, version: int | None = None) -> Device:
        """Leave a device to assigned people, or open it to everybody; a limit of one of its groups holds all the same."""
        actor.require(Permission.DEVICES_WRITE)
        device = _device(self.devices.lock(device_id))
        if version is not None and version != device.version:
            raise PreconditionFailed("Somebody else changed this device meanwhile. Open it again and repeat your change.")
        if device.limited == limited:
            return device
        changed = replace(device, limited=limited, version=device.version + 1)
        self.devices.save(changed)
        self.audit.record(
            actor,
            "system_update",
            resource=Resource("device", device.id, device.name),
            changes=[Change("limited", device.limited, limited)],
        )
        self._opened_or_closed(actor, [device_id])
        return _device(self.devices.get(device_id))

    def limit_group(self, actor: Actor, group_id: str, *, limited: bool, version: int | None = None) -> DeviceGroup:
        """Leave the devices of a group to assigned people, or lift this limit."""
        actor.require(Permission.GROUPS_WRITE)
        group = _group(self.groups.lock(group_id))
        if version is not None and version != group.version:
            raise PreconditionFailed("Somebody else changed this group meanwhile. Look at it again and repeat your change.")
        if group.limited == limited:
            return group
        changed = replace(group, limited=limited, version=group.version + 1, updated_at=self.clock.now())
        self.groups.save(changed)
        self.audit.record(
            actor,
            "group_update",
            resource=Resource("device_group", group.id, group.name),
            changes=[Change("limited", group.limited, limited)],
        )
        self._opened_or_closed(actor, self.groups.device_ids(group_id))
        return changed

    def forget_user(self, user_id: str) -> None:
        """Remove the assignments of a user who is deleted; their bindings end by themselves."""
        # public: handles UserDeleted, whose action was allowed
        self.store.forget(Subject(SubjectKind.USER, user_id))

    def forget_user_group(self, group_id: str) -> None:
        """Remove the assignments of a user group that is deleted; accounts that nothing allows any more are suspended."""
        # public: handles UserGroupDeleted, whose action was allowed
        targets = [assignment.target for assignment in self.store.forget(Subject(SubjectKind.USER_GROUP, group_id))]
        device_ids = {device_id for target in targets for device_id in self._devices_of(target)}
        # All that the rules about the group are going to touch too, since a second look would hold users after devices.
        self.bindings.hold(self.bindings.provisioning.members([group_id]), device_ids)
        self.bindings.follow(DIRECTORY, device_ids=device_ids)

    def user_group_changed(self, group_id: str, user_ids: Collection[str]) -> None:
        """Suspend or bring back accounts of users who joined or left a user group."""
        # public: handles UserGroupMembersChanged, whose action was allowed
        if self.store.counts_for_access(group_id):
            self.bindings.follow(DIRECTORY, user_ids=user_ids)

    def _devices_of(self, target: Target) -> Sequence[str]:
        return [target.id] if target.kind is TargetKind.DEVICE else self.groups.device_ids(target.id)

    def _follow(self, actor: Actor, target: Target) -> None:
        self._opened_or_closed(actor, self._devices_of(target))

    def _opened_or_closed(self, actor: Actor, device_ids: Collection[str]) -> None:
        """Let accounts follow, and let the devices ask anew who may come: their prompts know it within seconds."""
        self.bindings.follow(actor, device_ids=device_ids)
        self.policies.announce(device_ids)

    def _lock(self, subject: Subject, target: Target) -> tuple[str, str]:
        """Hold both ends in the order of the house, and return their names."""
        subject_name = self.store.lock_subject(subject) if subject.kind is SubjectKind.USER_GROUP else None
        group = _group(self.groups.lock(target.id)) if target.kind is TargetKind.DEVICE_GROUP else None
        if subject.kind is SubjectKind.USER:
            subject_name = self.store.lock_subject(subject)
        if subject_name is None:
            what = "user" if subject.kind is SubjectKind.USER else "user group"
            raise NotFound(f"There is no such {what}. It may have been deleted.")
        return subject_name, group.name if group else _device(self.devices.lock(target.id)).name

    def _record(self, actor: Actor, subject: Subject, target: Target, names: tuple[str, str], *, op: str) -> None:
        self.audit.record(
            actor,
            "association_change",
            resource=Resource(target.kind.value, target.id, names[1]),
            changes=[Change("assigned", names[0] if op == "remove" else None, names[0] if op == "add" else None)],
            details={"op": op, "subject_type": subject.kind.value, "subject_id": subject.id},
        )


def _permission(target: Target) -> Permission:
    return Permission.DEVICES_WRITE if target.kind is TargetKind.DEVICE else Permission.GROUPS_WRITE


def _device(device: Device | None) -> Device:
    if device is None or device.deleted_at is not None:
        raise NotFound("There is no such device. It may have been deleted.")
    return device


def _group(group: DeviceGroup | None) -> DeviceGroup:
    if group is None:
        raise NotFound("There is no such device group. It may have been deleted.")
    return group
