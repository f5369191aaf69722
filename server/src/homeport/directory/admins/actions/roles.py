"""What can be done with custom roles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from homeport.directory.admins import model
from homeport.directory.admins.actions.refusals import refuse_fields
from homeport.directory.admins.model import RESERVED, ROLES, Role, RoleDeleted, RoleRenamed
from homeport.directory.admins.ports import LinkStore, RoleStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Change, Resource
from homeport.directory.people.model import name_problem
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission

NAMED = 5
"""How many of those who use a role a refusal names."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The custom roles of one unit of work."""

    roles: RoleStore
    links: LinkStore
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher

    def list(self, actor: Actor) -> Sequence[Role]:
        """Return the custom roles by name."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return self.roles.all()

    def get(self, actor: Actor, role_id: str) -> Role:
        """Return a custom role; raise NotFound."""
        actor.require(Permission.ADMINISTRATORS_READ)
        return _found(self.roles.get(role_id))

    def users_of(self, actor: Actor, role: Role) -> Sequence[str]:
        """Return the names of who has the role: administrators, service accounts, and invited people."""
        actor.require(Permission.ADMINISTRATORS_READ)
        invited = [f"{email} (invited)" for email in self.links.of_role(role.name, self.clock.now())]
        return [*self.roles.administrators_with(role.name), *self.roles.accounts_with(role.name), *invited]

    def create(self, actor: Actor, *, name: str, description: str = "", permissions: Iterable[str] = ()) -> Role:
        """Make a custom role; raise Conflict when there are twenty, or when the name is taken."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        present = self.roles.hold_all()
        chosen = _checked(actor, name, description, permissions)
        if present >= model.MOST_ROLES:
            raise Conflict(f"There are {model.MOST_ROLES} custom roles already. Delete one first.", reason="too_many_roles")
        role = Role(self.entropy.new_id(), name.strip(), description.strip(), chosen, 1, now, now)
        self.roles.add(role)
        self.audit.record(actor, "role_create", resource=_resource(role), changes=_changes(None, role))
        return role

    def change(
        self,
        actor: Actor,
        role_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        permissions: Iterable[str] | None = None,
        version: int | None = None,
    ) -> Role:
        """Set what is not None; whoever has the role may do what it then allows from their next request on."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        before = _expected(_found(self.roles.get_for_update(role_id)), version)
        wanted = before.permissions if permissions is None else permissions
        called = before.name if name is None else name.strip()
        about = before.description if description is None else description.strip()
        after = replace(before, name=called, description=about, permissions=_checked(actor, called, about, wanted))
        if after == before:
            return before
        after = replace(after, version=before.version + 1, updated_at=now)
        self.roles.save(after, before.name)
        self.audit.record(actor, "role_update", resource=_resource(after), changes=_changes(before, after))
        if after.name != before.name:
            self.publisher.publish(RoleRenamed(before.name, after.name, actor))
        return after

    def delete(self, actor: Actor, role_id: str, *, version: int | None = None) -> Role:
        """Remove a custom role that nobody has; raise Conflict, which names who has it, otherwise."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        actor.require_recent(self.clock.now())
        role = _expected(_found(self.roles.get_for_update(role_id)), version)
        # Invitations first: who accepts one meanwhile is an administrator when those are looked at.
        invited = [f"{email} (invited)" for email in self.links.of_role(role.name, self.clock.now())]
        users = [*self.roles.administrators_with(role.name), *self.roles.accounts_with(role.name), *invited]
        if users:
            more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
            raise Conflict(
                f"The role {role.name} is in use by {', '.join(users[:NAMED])}{more}. Give them another role first.",
                reason="role_in_use",
            )
        self.publisher.publish(RoleDeleted(role.name))
        self.roles.remove(role.id)
        self.audit.record(actor, "role_delete", resource=_resource(role), changes=_changes(role, None))
        return role


def custom_permissions_of(roles: RoleStore, name: str, *, service_account: bool = False) -> frozenset[Permission]:
    """Return what a custom role allows that is about to be given, and keep it from being deleted meanwhile; nothing for a built-in one.

    Raises Invalid for a role that does not exist. A service account proves by its key alone who it is, so it cannot have a role that
    demands a second factor.
    """
    if service_account and name in model.REQUIRED_FOR:
        raise Invalid(
            "A service account cannot have this role.",
            {"role": f"{name} demands a second factor, which a program does not have. Choose another role."},
        )
    if name in ROLES:
        return frozenset()
    custom = roles.hold_named(name)
    if custom is None:
        built_in = (one for one in ROLES if not service_account or one not in model.REQUIRED_FOR)
        offered = [*built_in, *(one.name for one in roles.all())]
        raise Invalid("There is no such role.", {"role": f"Choose one of: {', '.join(offered)}."})
    return custom.permissions


def _checked(actor: Actor, name: str, description: str, permissions: Iterable[str]) -> frozenset[Permission]:
    """Return the permissions; raise Invalid for what cannot be a role, Denied for more than the actor has."""
    texts = {str(one) for one in permissions}
    known = {permission.value for permission in Permission}
    unknown = sorted(texts - known)
    chosen = frozenset(Permission(one) for one in texts & known)
    reserved = sorted(chosen & RESERVED)
    sentence = ""
    if unknown:
        sentence = f"There is no permission “{unknown[0][:64]}”."
    elif reserved:
        sentence = f"Only an Administrator with Billing has {', '.join(reserved)}. Leave it out."
    elif not chosen:
        sentence = "Choose at least one permission."
    fields = {
        "name": _name_problem(name.strip()),
        "description": name_problem(description.strip()),
        "permissions": sentence,
    }
    refuse_fields("The role was not saved.", fields)
    beyond = sorted(chosen - actor.permissions)
    if beyond:
        raise Denied(f"A role cannot grant what you may not do yourself: {', '.join(beyond)}.", permission=beyond[0])
    return chosen


def _name_problem(name: str) -> str:
    if not name:
        return "Enter a name."
    if len(name) > model.LONGEST_ROLE_NAME:
        return f"Use at most {model.LONGEST_ROLE_NAME} characters; this has {len(name)}."
    if model.built_in(name):
        return "A built-in role has this name. Choose another."
    return name_problem(name)


def _found(role: Role | None) -> Role:
    if role is None:
        raise NotFound("There is no such custom role. It may have been deleted.")
    return role


def _expected(role: Role, version: int | None) -> Role:
    if version is not None and version != role.version:
        raise PreconditionFailed(f"The role {role.name} was changed by somebody else meanwhile. Look again and repeat.")
    return role


def _changes(before: Role | None, after: Role | None) -> Sequence[Change]:
    def values(role: Role | None) -> dict[str, JSON]:
        if role is None:
            return {"name": None, "description": None, "permissions": None}
        return {
            "name": role.name,
            "description": role.description,
            "permissions": sorted(one.value for one in role.permissions),
        }

    old, new = values(before), values(after)
    return [Change(field, old[field], new[field]) for field in old if old[field] != new[field]]


def _resource(role: Role) -> Resource:
    return Resource("role", role.id, role.name)
