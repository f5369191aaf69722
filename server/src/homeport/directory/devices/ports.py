"""What the device actions need."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from homeport.directory.devices.model import (
    Assignment,
    Binding,
    Device,
    DeviceGroup,
    DevicePolicy,
    EnrollmentKey,
    Entrant,
    Follower,
    GroupPolicy,
    GroupRule,
    NamedAssignment,
    NamedBinding,
    OSFamily,
    ProvisioningSetting,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
    Terms,
    Way,
)
from homeport.directory.people.model import User
from homeport.foundation.kernel.listing import Listing, Page


class DeviceStore(Protocol):
    """Keeps devices. Tombstones are returned by `get` and `lock` only."""

    def add(self, device: Device) -> bool:
        """Add a device; return False when another one that is not deleted has the same device key."""
        ...

    def get(self, device_id: str) -> Device | None:
        """Return a device or its tombstone."""
        ...

    def lock(self, device_id: str) -> Device | None:
        """Return a device or its tombstone, and hold its row until the unit of work ends."""
        ...

    def find_by_thumbprint(self, thumbprint: str) -> Device | None:
        """Return the device that has this key and is not deleted."""
        ...

    def list(self, listing: Listing) -> Page[Device]:
        """Return devices that are not deleted."""
        ...

    def systems(self) -> Mapping[str, int]:
        """Return how many devices that are not deleted run each operating system, by its name, the most frequent first."""
        ...

    def silent_since(self, moment: datetime) -> int:
        """Count the devices that are not deleted and made no contact since the moment; enrolment is a contact."""
        ...

    def save(self, device: Device) -> None:
        """Store every field of a device that was read with `lock`."""
        ...

    def bump(self, device_id: str) -> None:
        """Raise `desired_state_version` by one."""
        ...


class EnrollmentKeyStore(Protocol):
    """Keeps enrolment keys."""

    def add(self, key: EnrollmentKey) -> None:
        """Add a key."""
        ...

    def get(self, key_id: str) -> EnrollmentKey | None:
        """Return a key."""
        ...

    def lock(self, key_id: str) -> EnrollmentKey | None:
        """Return a key, and hold its row until the unit of work ends."""
        ...

    def list(self, listing: Listing) -> Page[EnrollmentKey]:
        """Return keys, also those that no longer work."""
        ...

    def count_use(self, key_id: str, now: datetime) -> bool:
        """Count one use; return False, and change nothing, when the key is used up, expired or revoked."""
        ...

    def revoke(self, key_id: str, now: datetime) -> None:
        """Make the key unusable."""
        ...

    def settings_version(self) -> int:
        """Return how often the settings of enrolment were changed."""
        ...

    def lock_settings(self) -> int:
        """Return their version, and let nobody else change them until the unit of work ends."""
        ...

    def approval_wanted(self) -> bool:
        """Tell whether new devices wait for approval."""
        ...

    def set_approval_wanted(self, *, wanted: bool) -> None:
        """Decide whether new devices wait for approval."""
        ...

    def default_group_id(self) -> str | None:
        """Return the group that new devices join when their key names none."""
        ...

    def set_default_group_id(self, group_id: str | None) -> None:
        """Choose that group."""
        ...

    def forget_group(self, group_id: str) -> None:
        """Let neither a key nor the default name the group."""
        ...


class DeviceGroupStore(Protocol):
    """Keeps device groups and which devices are in them."""

    def add(self, group: DeviceGroup) -> None:
        """Add a group; raise Conflict when its name is taken."""
        ...

    def get(self, group_id: str) -> DeviceGroup | None:
        """Return a group."""
        ...

    def lock(self, group_id: str) -> DeviceGroup | None:
        """Return a group, and hold its row until the unit of work ends."""
        ...

    def list(self, listing: Listing) -> Page[DeviceGroup]:
        """Return groups."""
        ...

    def save(self, group: DeviceGroup) -> None:
        """Store every field of a group that was read with `lock`; raise Conflict when its name is taken."""
        ...

    def remove(self, group_id: str) -> None:
        """Remove a group without members."""
        ...

    def counts(self, group_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many devices are in each of the groups."""
        ...

    def device_ids(self, group_id: str) -> Sequence[str]:
        """Return the ids of all devices in a group, in their order."""
        ...

    def members(self, group_id: str, listing: Listing) -> Page[Device]:
        """Return devices in a group."""
        ...

    def of_device(self, device_id: str) -> Sequence[DeviceGroup]:
        """Return the groups that a device is in, by name."""
        ...

    def names_of(self, device_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of the groups of each of these devices; a device in no group is left out."""
        ...

    def join(self, group_id: str, device_id: str, now: datetime) -> bool:
        """Put a device in a group; return False when it was in it already."""
        ...

    def leave(self, group_id: str, device_id: str) -> bool:
        """Take a device out of a group; return False when it was not in it."""
        ...


class BindingStore(Protocol):
    """Keeps bindings."""

    def add(self, binding: Binding) -> None:
        """Add a binding."""
        ...

    def get(self, binding_id: str) -> Binding | None:
        """Return a binding."""
        ...

    def lock(self, binding_id: str) -> Binding | None:
        """Return a binding, and hold its row until the unit of work ends."""
        ...

    def lock_live(self, *, user_id: str | None = None, device_id: str | None = None) -> Sequence[Binding]:
        """Return and hold the bindings of a user or a device whose desired state is not `removed`, in the order of their ids."""
        ...

    def live(self, *, user_id: str | None = None, device_id: str | None = None) -> Sequence[Binding]:
        """Return the bindings of a user or a device whose desired state is not `removed`, in the order of their ids."""
        ...

    def save(self, binding: Binding) -> None:
        """Store every field of a binding that was read with a lock."""
        ...

    def count_bindings(self, user_id: str) -> int:
        """Return on how many devices the user has an account."""
        ...

    def named(self, *, user_id: str | None = None, device_id: str | None = None) -> Sequence[NamedBinding]:
        """Return all bindings of a user or a device with names to show, the newest first, removed ones too."""
        ...


class AccessStore(Protocol):
    """Keeps who is assigned to what, and tells what follows from it."""

    def add(self, assignment: Assignment) -> bool:
        """Store an assignment; return False when it was there already."""
        ...

    def remove(self, subject: Subject, target: Target) -> bool:
        """Remove an assignment; return False when there was none."""
        ...

    def forget(self, end: Subject | Target) -> Sequence[Assignment]:
        """Remove every assignment of a subject or to a target, and return what they were."""
        ...

    def list(
        self, end: Subject | Target, skip: int, limit: int, kinds: Collection[SubjectKind | TargetKind] | None = None
    ) -> Page[NamedAssignment]:
        """Return the assignments of a subject or to a target; `kinds` narrows what the other end may be."""
        ...

    def may_enter(self, user_id: str, device_id: str) -> bool:
        """Tell whether access stands against this person on this device; their state does not count here."""
        ...

    def limited(self, device_id: str) -> bool:
        """Tell whether the device itself or a group it is in is limited to assigned people."""
        ...

    def entrants(self, device_id: str, listing: Listing) -> Page[Entrant]:
        """Return the activated users who may sign in on a device."""
        ...

    def ways(self, *, user_id: str | None = None, device_id: str | None = None, skip: int, limit: int) -> Page[Sequence[Way]]:
        """Return all ways that lead a user to devices, or to a device, those of one device or one user together."""
        ...

    def named(self, text: str) -> Subject | None:
        """Return the user with this user name or e-mail address, else the user group of this name."""
        ...

    def named_group(self, text: str) -> str | None:
        """Return the id of the user group of this name."""
        ...

    def lock_subject(self, subject: Subject) -> str | None:
        """Return the name of a user or a user group, and hold its row; None when there is none."""
        ...

    def lock_users(self, user_ids: Collection[str]) -> None:
        """Hold these users until the unit of work ends."""
        ...

    def lock_devices(self, device_ids: Collection[str]) -> None:
        """Hold these devices until the unit of work ends."""
        ...

    def devices_of_users(self, user_ids: Collection[str]) -> Sequence[str]:
        """Return the ids of the devices on which these users have accounts."""
        ...

    def counts_for_access(self, group_id: str) -> bool:
        """Tell whether anything is assigned to a user group."""
        ...

    def followers(
        self, *, user_ids: Collection[str] | None = None, device_ids: Collection[str] | None = None
    ) -> Sequence[Follower]:
        """Return and hold the bindings of these users or devices that do not stand as access and the user's state want it."""
        ...


class UnixIdStore(Protocol):
    """Keeps the numbers that were given to users, for ever."""

    def of(self, user_id: str) -> int | None:
        """Return the uid of a user."""
        ...

    def allocate(self, user_id: str, now: datetime) -> int | None:
        """Return the user's uid; if there is none yet, the next one that nobody ever had, or None when all are gone."""
        ...

    def left(self) -> bool:
        """Tell whether another user could still get a number."""
        ...

    def count(self) -> int:
        """Return how many uids were given out."""
        ...


class ProvisioningStore(Protocol):
    """Keeps the provisioning settings."""

    def get(self, os_family: OSFamily) -> ProvisioningSetting:
        """Return the setting for one kind of operating system; what was never set is the default."""
        ...

    def save(self, setting: ProvisioningSetting) -> None:
        """Store a setting that was read with `lock`."""
        ...

    def rules(self, os_family: OSFamily) -> Sequence[GroupRule]:
        """Return the rules for user groups, in the order of the groups' ids."""
        ...

    def set_rules(self, os_family: OSFamily, rules: Sequence[GroupRule]) -> None:
        """Put these rules in place of those that are there."""
        ...

    def lock(self, os_family: OSFamily) -> ProvisioningSetting:
        """Return the setting, and let nobody else change it or its rules until the unit of work ends."""
        ...

    def terms(self, os_family: OSFamily, user_ids: Collection[str]) -> Mapping[str, Terms]:
        """Return what the rules give to each of these people; whoever is in none of the groups is left out."""
        ...

    def forget_user_group(self, user_group_id: str) -> None:
        """Remove the rules about a user group."""
        ...

    def members(self, user_group_ids: Collection[str]) -> Sequence[str]:
        """Return the ids of everybody in these user groups."""
        ...

    def group_names(self, user_group_ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of those of these user groups that are there."""
        ...

    def device_ids(self, os_family: OSFamily) -> Sequence[str]:
        """Return the ids of all devices of the kind."""
        ...


class PolicyStore(Protocol):
    """Keeps what devices and device groups say of ssh and sudo instead of the setting."""

    def of(self, target: Target) -> DevicePolicy:
        """Return what a target says; nothing when it never said anything."""
        ...

    def save(self, target: Target, policy: DevicePolicy) -> None:
        """Store what a target says; the caller holds the target's row."""
        ...

    def forget(self, target: Target) -> None:
        """Let a target say nothing."""
        ...

    def of_many(self, kind: TargetKind, ids: Collection[str]) -> Mapping[str, DevicePolicy]:
        """Return what each of these devices or groups says; those that say nothing are left out."""
        ...

    def of_their_groups(self, device_ids: Collection[str]) -> Mapping[str, Sequence[GroupPolicy]]:
        """Return what the groups of each of these devices say, by the groups' names; devices whose groups say nothing are left out."""
        ...

    def groups_that_say(self, limit: int) -> Sequence[GroupPolicy]:
        """Return the groups that say something, by name."""
        ...

    def count_devices_that_say(self) -> int:
        """Return how many devices say something."""
        ...

    def bump(self, device_ids: Collection[str]) -> None:
        """Raise `desired_state_version` of these devices, whose rows are held in the order of their ids."""
        ...


class Users(Protocol):
    """What bindings ask of people; the users' own store answers it."""

    def get_for_update(self, user_id: str) -> User | None:
        """Return a user as committed now, and hold the row until the unit of work ends; whoever suspends waits or was first."""
        ...
