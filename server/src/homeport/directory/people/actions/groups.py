"""What can be done with user groups."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Happening, Resource
from homeport.directory.people import model
from homeport.directory.people.model import User, UserGroup, UserGroupDeleted, UserGroupMembersChanged
from homeport.directory.people.ports import UserGroupStore
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission

_FIELDS = ("name", "description")


@dataclass(frozen=True, slots=True)
class UserGroups:
    """The user groups of one unit of work."""

    groups: UserGroupStore
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher

    def list(self, actor: Actor, listing: Listing) -> Page[UserGroup]:
        """Return groups. Filters and sorting: `id`, `name`, `description`, `created_at`, `updated_at`."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.search(listing)

    def get(self, actor: Actor, group_id: str) -> UserGroup:
        """Return a group; raise NotFound."""
        actor.require(Permission.GROUPS_READ)
        return _found(self.groups.get(group_id))

    def get_all(self, actor: Actor, group_ids: Collection[str]) -> Sequence[UserGroup]:
        """Return those of these groups that exist, by name."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.get_all(group_ids)

    def find_by_names(self, actor: Actor, names: Collection[str]) -> Sequence[UserGroup]:
        """Return the groups that have one of these names, ignoring case."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.find_by_names(names)

    def count_members(self, actor: Actor, group_ids: Collection[str]) -> Mapping[str, int]:
        """Return how many users each of these groups has."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.count_members(group_ids)

    def members(self, actor: Actor, group_id: str, listing: Listing) -> Page[User]:
        """Return the users who belong to the group; raise NotFound for the group."""
        actor.require(Permission.GROUPS_READ)
        _found(self.groups.get(group_id))
        return self.groups.search_members(group_id, listing)

    def groups_of(self, actor: Actor, user_id: str) -> Sequence[UserGroup]:
        """Return the groups that the user belongs to, by name; none for a user who does not exist."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.groups_of(user_id)

    def group_ids_of(self, actor: Actor, user_id: str) -> frozenset[str]:
        """Return the ids of the groups that the user belongs to."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.group_ids_of(user_id)

    def which_belong(self, actor: Actor, group_id: str, user_ids: Collection[str]) -> frozenset[str]:
        """Return those of these users who belong to the group."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.which_belong(group_id, user_ids)

    def names_of(self, actor: Actor, user_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of the groups of each of these users who has some."""
        actor.require(Permission.GROUPS_READ)
        return self.groups.names_of(user_ids)

    def create(self, actor: Actor, *, name: str, description: str = "") -> UserGroup:
        """Add a group without members; raise Invalid for a bad name, Conflict for one that is taken."""
        actor.require(Permission.GROUPS_WRITE)
        now = self.clock.now()
        group = UserGroup(self.entropy.new_id(), name.strip(), _plain(description), 1, now, now)
        _check(group)
        self.groups.add(group)
        changes = [Change(field, None, getattr(group, field)) for field in _FIELDS]
        self.audit.record(actor, "user_group_create", resource=_resource(group), changes=changes)
        return group

    def update(
        self, actor: Actor, group_id: str, *, version: int | None = None, name: str | None = None, description: str | None = None
    ) -> UserGroup:
        """Change what is given and leave the rest; raise PreconditionFailed when `version` is given and is not the present one."""
        actor.require(Permission.GROUPS_WRITE)
        before = _expected(_found(self.groups.get_for_update(group_id)), version)
        after = replace(
            before,
            name=before.name if name is None else name.strip(),
            description=before.description if description is None else _plain(description),
        )
        changes = [
            Change(field, getattr(before, field), getattr(after, field))
            for field in _FIELDS
            if getattr(before, field) != getattr(after, field)
        ]
        if not changes:
            return before
        _check(after)
        stored = replace(after, version=after.version + 1, updated_at=self.clock.now())
        self.groups.save(stored)
        self.audit.record(actor, "user_group_update", resource=_resource(stored), changes=changes)
        return stored

    def delete(self, actor: Actor, group_id: str, *, version: int | None = None) -> UserGroup:
        """Remove a group after everything that hangs on it was told to let go; its users stay. Return which it was."""
        actor.require(Permission.GROUPS_WRITE)
        group = _expected(_found(self.groups.get_for_update(group_id)), version)
        members = self.groups.count_members([group_id])[group_id]
        self.publisher.publish(UserGroupDeleted(group_id))
        self.groups.remove(group_id)
        changes = [Change(field, getattr(group, field), None) for field in _FIELDS]
        self.audit.record(actor, "user_group_delete", resource=_resource(group), changes=changes, details={"members": members})
        return group

    def add_members(self, actor: Actor, group_id: str, user_ids: Collection[str]) -> Sequence[User]:
        """Add users and return those who did not belong to the group before; whoever does not exist is left out."""
        actor.require(Permission.GROUPS_WRITE)
        group = _found(self.groups.get_for_update(group_id))
        added = self.groups.add_members(group_id, user_ids, self.clock.now())
        self._tell(actor, group, added, "user_group_member_add")
        if added:
            self.publisher.publish(UserGroupMembersChanged(group_id, added=tuple(user.id for user in added)))
        return added

    def remove_members(self, actor: Actor, group_id: str, user_ids: Collection[str]) -> Sequence[User]:
        """Remove users and return those who belonged to the group before."""
        actor.require(Permission.GROUPS_WRITE)
        group = _found(self.groups.get_for_update(group_id))
        removed = self.groups.remove_members(group_id, user_ids)
        self._tell(actor, group, removed, "user_group_member_remove")
        if removed:
            self.publisher.publish(UserGroupMembersChanged(group_id, removed=tuple(user.id for user in removed)))
        return removed

    def _tell(self, actor: Actor, group: UserGroup, users: Sequence[User], event_type: str) -> None:
        """Record the change with each user, since that is where somebody looks for it."""
        details = {"group": group.name, "group_id": group.id}
        self.audit.record_all(
            actor, [Happening(event_type, Resource("user", user.id, user.username), details=details) for user in users]
        )


def _found(group: UserGroup | None) -> UserGroup:
    if group is None:
        raise NotFound("There is no such user group. It may have been deleted.")
    return group


def _expected(group: UserGroup, version: int | None) -> UserGroup:
    if version is not None and version != group.version:
        raise PreconditionFailed(
            f"The group {group.name} was changed by somebody else since you opened the page. Look at the present values and repeat."
        )
    return group


def _plain(description: str) -> str:
    return description.replace("\r\n", "\n").strip()  # a browser sends CRLF for each end of a line


def _check(group: UserGroup) -> None:
    problems = {"name": model.group_name_problem(group.name), "description": model.description_problem(group.description)}
    fields = {field: problem for field, problem in problems.items() if problem}
    if fields:
        raise Invalid("The user group was not saved: " + " ".join(fields.values()), fields)


def _resource(group: UserGroup) -> Resource:
    return Resource("user_group", group.id, group.name)
