"""What can be done with IP lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Change, Resource
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.access import model
from homeport.trust.access.actions.decisions import Decisions
from homeport.trust.access.model import IpList, Mode, Network, Policy, Portal, lists_of
from homeport.trust.access.ports import IpListStore, PolicyStore

_FIELDS = ("name", "description", "networks")


@dataclass(frozen=True, slots=True)
class IpLists:
    """The IP lists of one unit of work."""

    lists: IpListStore
    policies: PolicyStore
    decisions: Decisions
    audit: Audit
    clock: Clock
    entropy: Entropy

    def list(self, actor: Actor, listing: Listing) -> Page[IpList]:
        """Return IP lists. Filters and sorting: `id`, `name`, `description`, `created_at`, `updated_at`."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return self.lists.search(listing)

    def get(self, actor: Actor, list_id: str) -> IpList:
        """Return an IP list; raise NotFound."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return _found(self.lists.get(list_id))

    def find_by_names(self, actor: Actor, names: Sequence[str]) -> Mapping[str, IpList]:
        """Return the lists that have one of these names, ignoring case, by the name that was asked."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        found = {model.name_key(one.name): one for one in self.lists.with_names(names)}
        return {name: found[key] for name in names if (key := model.name_key(name)) in found}

    def used_by(self, actor: Actor) -> Mapping[str, Sequence[Policy]]:
        """Return the policies that name each list, by the list's id."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return self._used()

    def create(self, actor: Actor, *, name: str, networks: Sequence[str], description: str = "") -> IpList:
        """Add a list; raise Invalid for what is no address, Conflict for a name that is taken."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        now = self.clock.now()
        made = IpList(self.entropy.new_id(), name.strip(), _networks(networks), 1, now, now, _plain(description))
        _check(made)
        self.lists.add(made)
        self.audit.record(actor, "ip_list_create", resource=_resource(made), changes=_changes(None, made))
        return made

    def update(
        self,
        actor: Actor,
        list_id: str,
        *,
        name: str | None = None,
        networks: Sequence[str] | None = None,
        description: str | None = None,
        version: int | None = None,
    ) -> IpList:
        """Change what is given; raise Conflict when a policy that names the list would then shut everybody out."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        self.decisions.hold()
        before = _expected(_found(self.lists.get_for_update(list_id)), version)
        after = replace(
            before,
            name=before.name if name is None else name.strip(),
            networks=before.networks if networks is None else _networks(networks),
            description=before.description if description is None else _plain(description),
        )
        changes = _changes(before, after)
        if not changes:
            return before
        _check(after)
        stored = replace(after, version=before.version + 1, updated_at=self.clock.now())
        self.lists.save(stored)
        using = self._used().get(list_id, ())
        if before.networks != after.networks and any(
            policy.portal is Portal.ADMIN and policy.mode is Mode.ENABLED for policy in using
        ):
            self.decisions.require_way_in(actor)
        self.audit.record(actor, "ip_list_update", resource=_resource(stored), changes=changes)
        return stored

    def delete(self, actor: Actor, list_id: str, *, version: int | None = None) -> IpList:
        """Remove a list and return which it was; raise Conflict while a policy names it."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        actor.require_recent(self.clock.now())
        self.decisions.hold()
        one = _expected(_found(self.lists.get_for_update(list_id)), version)
        using = self._used().get(list_id, ())
        if using:
            raise Conflict(
                f"The policy “{using[0].name}” names this list. Take it out of the policy first.", reason="ip_list_in_use"
            )
        self.lists.remove(list_id)
        self.audit.record(actor, "ip_list_delete", resource=_resource(one), changes=_changes(one, None))
        return one

    def _used(self) -> Mapping[str, Sequence[Policy]]:
        found: dict[str, list[Policy]] = {}
        for portal in Portal:
            for policy in self.policies.of_portal(portal):
                for name in lists_of(policy.conditions):
                    found.setdefault(name, []).append(policy)
        return found


def _networks(texts: Sequence[str]) -> tuple[Network, ...]:
    try:
        return model.parse_networks(texts)
    except ValueError as error:
        raise Invalid(f"The IP list was not saved: {error}", {"networks": str(error)}) from error


def _check(one: IpList) -> None:
    problems = {
        "name": model.name_problem(one.name, "list"),
        "description": model.text_problem(one.description, model.LONGEST_DESCRIPTION, "A description"),
        "networks": "" if one.networks else "Enter at least one address or network.",
    }
    fields = {name: problem for name, problem in problems.items() if problem}
    if fields:
        raise Invalid("The IP list was not saved: " + " ".join(fields.values()), fields)


def _changes(before: IpList | None, after: IpList | None) -> Sequence[Change]:
    was, now = _plainly(before), _plainly(after)
    return [Change(name, was.get(name), now.get(name)) for name in _FIELDS if was.get(name) != now.get(name)]


def _plainly(one: IpList | None) -> dict[str, JSON]:
    if one is None:
        return {}
    return {"name": one.name, "description": one.description, "networks": [str(network) for network in one.networks]}


def _found(one: IpList | None) -> IpList:
    if one is None:
        raise NotFound("There is no such IP list. It may have been deleted.")
    return one


def _expected(one: IpList, version: int | None) -> IpList:
    if version is not None and version != one.version:
        raise PreconditionFailed(
            f"The list {one.name} was changed by somebody else since you opened the page. Look at the present values and repeat."
        )
    return one


def _plain(description: str) -> str:
    return description.replace("\r\n", "\n").strip()


def _resource(one: IpList) -> Resource:
    return Resource("ip_list", one.id, one.name)
