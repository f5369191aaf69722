"""Judge a sign-in, and refuse a change that would shut out the last administrator."""

from collections.abc import Collection
from dataclasses import dataclass

from homeport.directory.admins.model import BILLING, Administrator
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.errors import Conflict
from homeport.trust.access.model import (
    Decision,
    Known,
    Place,
    Portal,
    Subject,
    lists_of,
)
from homeport.trust.access.ports import BillingStore, Countries, Devices, IpListStore, PolicyStore

SHUT_OUT = "last_administrator_shut_out"


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of one unit of work."""

    policies: PolicyStore
    lists: IpListStore
    administrators: BillingStore
    countries: Countries
    devices: Devices

    def of_administrator(self, administrator: Administrator, origin: Origin) -> Decision:
        """Decide about an administrator who just gave the right password."""
        # public: the sign-in asks it before anybody is signed in
        return self.known(Portal.ADMIN).judge(administrator_as_subject(administrator), self.place(origin))

    def of_person(self, user_id: str, groups: Collection[str], origin: Origin, *, has_factor: bool) -> Decision:
        """Decide about a user who just proved who they are."""
        # public: the sign-in asks it before anybody is signed in
        subject = Subject(Portal.USER, user_id, groups=frozenset(groups), has_factor=has_factor)
        return self.known(Portal.USER).judge(subject, self.place(origin))

    def known(self, portal: Portal) -> Known:
        """Return what counts at a portal."""
        # public: asked by the sign-in and by actions that were allowed
        policies = self.policies.of_portal(portal)
        named = frozenset[str]().union(*(lists_of(policy.conditions) for policy in policies))
        return Known(policies, self.policies.default(portal), self.lists.networks(named) if named else {})

    def place(self, origin: Origin) -> Place:
        """Return what is known of where a request comes from."""
        # public: asked by the sign-in and by actions that were allowed
        device_id = self.devices.with_key(origin.client_key) if origin.client_key else ""
        if not device_id and origin.device_browser:
            device_id = self.devices.with_browser(origin.device_browser)
        return Place(origin.address, self.countries.of(origin.address), bool(device_id), device_id)

    def hold(self) -> None:
        """Keep others from changing what decides whether somebody can get in, until the unit of work ends.

        Every change of policies and lists begins with it, and so does every change of administrators, so that two changes that
        are harmless one by one cannot shut everybody out together.
        """
        # public: called by actions that were allowed
        self.administrators.hold_role(BILLING)

    def require_way_in(self, actor: Actor) -> None:
        """Raise Conflict when, as things now stand in this unit of work, nobody with Billing could sign in from where the actor is.

        Whoever lacks a second factor that is demanded is led to set one up, so that shuts nobody out.
        """
        # public: called by actions that were allowed, after their change
        holders = [self.administrators.get(one) for one in self.administrators.hold_role(BILLING)]
        known, place = self.known(Portal.ADMIN), self.place(actor.origin)
        found = [known.judge(administrator_as_subject(one), place) for one in holders if one is not None]
        if not found or any(not decision.denied for decision in found):
            return
        where = f"from {place.address}, where you are" if place.address else "from a place that is not known"
        policy = next((decision.policy for decision in found if decision.policy), None)
        by = f"by the policy “{policy.name}”" if policy else "because no policy lets them in"
        raise Conflict(
            f"This was not saved: no {BILLING} could sign in to the admin portal any more {where}, {by}. "
            "Exclude one of them from the policy, or make the change from a place that it lets in.",
            reason=SHUT_OUT,
        )


def administrator_as_subject(administrator: Administrator) -> Subject:
    """Return how policies see an administrator."""
    return Subject(
        Portal.ADMIN,
        administrator.id,
        administrator.email,
        frozenset({administrator.role}),
        has_factor=administrator.factor_since is not None,
    )
