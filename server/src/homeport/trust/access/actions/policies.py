"""What can be done with access policies."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from homeport.directory.admins.model import ROLES, RoleRenamed
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.access import model
from homeport.trust.access.actions.decisions import Decisions
from homeport.trust.access.model import (
    Action,
    Condition,
    DefaultAction,
    Link,
    Mode,
    Policy,
    Portal,
    Targets,
    lists_of,
    written,
)
from homeport.trust.access.ports import IpListStore, PolicyStore, RoleStore

_FIELDS = ("name", "description", "mode", "action", "targets", "conditions", "message", "links")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants a policy to be."""

    name: str
    action: Action
    mode: Mode = Mode.ENABLED
    description: str = ""
    targets: Targets = field(default_factory=Targets)
    conditions: Condition | None = None
    message: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessPolicies:
    """The access policies of one unit of work."""

    policies: PolicyStore
    lists: IpListStore
    roles: RoleStore
    decisions: Decisions
    audit: Audit
    clock: Clock
    entropy: Entropy

    def list(self, actor: Actor, listing: Listing) -> Page[Policy]:
        """Return policies. Filters and sorting: `id`, `name`, `description`, `portal`, `mode`, `action`, `created_at`, `updated_at`."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return self.policies.search(listing)

    def get(self, actor: Actor, policy_id: str) -> Policy:
        """Return a policy; raise NotFound."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return _found(self.policies.get(policy_id))

    def create(self, actor: Actor, portal: Portal, wanted: Wanted) -> Policy:
        """Add a policy; raise Invalid for what cannot be, Conflict for a name that is taken and for one that shuts everybody out."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        self.decisions.hold()
        now = self.clock.now()
        policy = _with(Policy(self.entropy.new_id(), "", portal, Mode.DISABLED, Action.ALLOW, 1, now, now), wanted)
        self._check(policy)
        if len(self.policies.of_portal(portal)) >= model.MOST_POLICIES:
            raise Conflict(
                f"There are {model.MOST_POLICIES} policies for this portal already. Delete one first.", reason="too_many"
            )
        self.policies.add(policy)
        if policy.portal is Portal.ADMIN and policy.mode is Mode.ENABLED:
            self.decisions.require_way_in(actor)
        self.audit.record(actor, "access_policy_create", resource=_resource(policy), changes=_changes(None, policy))
        return policy

    def update(self, actor: Actor, policy_id: str, wanted: Wanted, *, version: int | None = None) -> Policy:
        """Change a policy; raise PreconditionFailed when `version` is given and is not the present one, else as `create` does."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        self.decisions.hold()
        before = _expected(_found(self.policies.get_for_update(policy_id)), version)
        after = _with(before, wanted)
        changes = _changes(before, after)
        if not changes:
            return before
        self._check(after)
        stored = replace(after, version=before.version + 1, updated_at=self.clock.now())
        self.policies.save(stored)
        if _may_shut_out(before, stored):
            self.decisions.require_way_in(actor)
        self.audit.record(actor, "access_policy_update", resource=_resource(stored), changes=changes)
        return stored

    def set_mode(self, actor: Actor, policy_id: str, mode: Mode, *, version: int | None = None) -> Policy:
        """Enable, disable or only watch a policy."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        present = _found(self.policies.get(policy_id))
        return self.update(actor, policy_id, replace(wanted_of(present), mode=mode), version=version or present.version)

    def delete(self, actor: Actor, policy_id: str, *, version: int | None = None) -> Policy:
        """Remove a policy and return which it was."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        self.decisions.hold()
        policy = _expected(_found(self.policies.get_for_update(policy_id)), version)
        self.policies.remove(policy_id)
        if _may_shut_out(policy, replace(policy, mode=Mode.DISABLED)):
            self.decisions.require_way_in(actor)
        self.audit.record(actor, "access_policy_delete", resource=_resource(policy), changes=_changes(policy, None))
        return policy

    def default(self, actor: Actor, portal: Portal) -> DefaultAction:
        """Return what counts at a portal when no policy applies."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return self.policies.default(portal)

    def set_default(self, actor: Actor, portal: Portal, action: Action, *, version: int | None = None) -> DefaultAction:
        """Set what counts at a portal when no policy applies; raise Conflict when that shuts everybody out."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        self.decisions.hold()
        before = self.policies.default(portal)
        if version is not None and version != before.version:
            raise PreconditionFailed("The default was changed by somebody else since you opened the page.")
        if before.action is action:
            return before
        after = DefaultAction(portal, action, before.version + 1)
        self.policies.save_default(after)
        if portal is Portal.ADMIN and action is Action.DENY:
            self.decisions.require_way_in(actor)
        changes = [Change("action", before.action.value, action.value)]
        self.audit.record(
            actor, "access_default_update", resource=Resource("access_default", portal.value, portal.value), changes=changes
        )
        return after

    def refuse_named_group(self, group_id: str) -> None:
        """Raise Conflict when a policy names the user group, which is about to be deleted: the policy would then mean others."""
        # public: called by an event handler inside the unit of work of an action that was allowed
        for policy in self.policies.of_portal(Portal.USER):
            if group_id in (*policy.targets.groups, *policy.targets.excluded_groups):
                raise Conflict(
                    f"The conditional access policy “{policy.name}” names this group. Take it out of the policy first.",
                    reason="group_in_access_policy",
                )

    def offered_roles(self, actor: Actor) -> Sequence[str]:
        """Return the names of the roles that an admin-portal policy can be for: the built-in ones, then the custom ones."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return [*ROLES, *(role.name for role in self.roles.all())]

    def refuse_named_role(self, name: str) -> None:
        """Raise Conflict when a policy names the custom role, which is about to be deleted."""
        # public: called by an event handler inside the unit of work of an action that was allowed
        for policy in self._naming_role(name):
            raise Conflict(
                f"The conditional access policy “{policy.name}” names this role. Take it out of the policy first.",
                reason="role_in_access_policy",
            )

    def follow_role(self, event: RoleRenamed) -> None:
        """Write a custom role's new name into the policies that are for it, so that they go on meaning the same people."""
        # public: called by an event handler inside the unit of work of an action that was allowed
        for named in self._naming_role(event.before):
            before = _found(self.policies.get_for_update(named.id))
            groups, excluded = (
                tuple(event.after if one == event.before else one for one in some)
                for some in (before.targets.groups, before.targets.excluded_groups)
            )
            targets = replace(before.targets, groups=groups, excluded_groups=excluded)
            after = replace(before, targets=targets, version=before.version + 1, updated_at=self.clock.now())
            self.policies.save(after)
            self.audit.record(event.actor, "access_policy_update", resource=_resource(after), changes=_changes(before, after))

    def _naming_role(self, name: str) -> Sequence[Policy]:
        admin = self.policies.of_portal(Portal.ADMIN)
        return [policy for policy in admin if name in (*policy.targets.groups, *policy.targets.excluded_groups)]

    def _check(self, policy: Policy) -> None:
        problems = {
            "name": model.name_problem(policy.name, "policy"),
            "description": model.text_problem(policy.description, model.LONGEST_DESCRIPTION, "A description"),
            "message": model.text_problem(policy.message, model.LONGEST_MESSAGE, "The message"),
            "links": model.links_problem(policy.links),
            "targets": _targets_problem(policy) or self._roles_problem(policy),
            "conditions": self._conditions_problem(policy.conditions),
        }
        fields = {name: problem for name, problem in problems.items() if problem}
        if fields:
            raise Invalid("The policy was not saved: " + " ".join(fields.values()), fields)

    def _roles_problem(self, policy: Policy) -> str:
        if policy.portal is not Portal.ADMIN:
            return ""
        # Held, so that none of them is deleted or renamed while this is stored.
        for name in sorted({*policy.targets.groups, *policy.targets.excluded_groups} - ROLES.keys()):
            if self.roles.hold_named(name) is None:
                offered = ", ".join([*ROLES, *(role.name for role in self.roles.all())])
                return f"There is no role “{name[:60]}”. Use one of: {offered}."
        return ""

    def _conditions_problem(self, condition: Condition | None) -> str:
        missing = lists_of(condition) - self.lists.names(lists_of(condition)).keys()
        return "A condition names an IP list that does not exist. It may have been deleted." if missing else ""


def wanted_of(policy: Policy) -> Wanted:
    """Return what a policy is, to change a part of it."""
    return Wanted(**{name: getattr(policy, name) for name in _FIELDS})


def _with(policy: Policy, wanted: Wanted) -> Policy:
    plain = {name: getattr(wanted, name).replace("\r\n", "\n").strip() for name in ("name", "description", "message")}
    return replace(
        policy,
        **plain,
        mode=wanted.mode,
        action=wanted.action,
        targets=wanted.targets,
        conditions=wanted.conditions,
        links=wanted.links,
    )


def _may_shut_out(before: Policy, after: Policy) -> bool:
    """Tell whether a change could shut an administrator out. Taking back a policy that denies cannot; it is always the way back."""
    if before.portal is not Portal.ADMIN or Mode.ENABLED not in {before.mode, after.mode}:
        return False
    return not (before.action is Action.DENY and after.mode is not Mode.ENABLED)


def _targets_problem(policy: Policy) -> str:
    targets = policy.targets
    if (
        sum(len(some) for some in (targets.groups, targets.people, targets.excluded_groups, targets.excluded_people))
        > model.MOST_TARGETS
    ):
        return f"A policy names at most {model.MOST_TARGETS} people and groups. Put people into a group."
    if not (targets.everyone or targets.groups or targets.people):
        return "Say whom the policy is for: everybody, or at least one group or person."
    return ""


def _changes(before: Policy | None, after: Policy | None) -> Sequence[Change]:
    found = []
    for name in _FIELDS:
        was, now = (None if one is None else _plain(name, one) for one in (before, after))
        if was != now:
            found.append(Change(name, was, now))
    return found


def _plain(name: str, policy: Policy) -> Any:
    value = getattr(policy, name)
    match name:
        case "targets":
            return {key: list(one) if isinstance(one, tuple) else one for key, one in asdict(value).items()}
        case "conditions":
            return written(value)
        case "links":
            return [asdict(link) for link in value]
        case _:
            return str(value)


def _found(policy: Policy | None) -> Policy:
    if policy is None:
        raise NotFound("There is no such access policy. It may have been deleted.")
    return policy


def _expected(policy: Policy, version: int | None) -> Policy:
    if version is not None and version != policy.version:
        raise PreconditionFailed(
            f"The policy {policy.name} was changed by somebody else since you opened the page. Look at the present values and repeat."
        )
    return policy


def _resource(policy: Policy) -> Resource:
    return Resource("access_policy", policy.id, policy.name)
