"""What the pages call things, and the way between a form and a policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import ListState
from homeport.trust.access.actions import AccessActions
from homeport.trust.access.model import (
    Action,
    Mode,
    Policy,
    Portal,
)

PORTALS = {Portal.USER: "User portal", Portal.ADMIN: "Admin portal"}
MODES = {
    Mode.ENABLED: ("Enabled", "ok"),
    Mode.DISABLED: ("Disabled", "off"),
    Mode.MONITOR: ("Monitor only", "info"),
}
MODE_CHOICES = (
    ("enabled", "Enabled", "It counts at every sign-in from now on."),
    ("monitor", "Monitor only", "It changes nothing. Each sign-in records what the policy would have done."),
    ("disabled", "Disabled", "It does nothing."),
)
ACTIONS = {Action.ALLOW: "Allow", Action.MFA: "Allow with a second factor", Action.DENY: "Deny"}
ACTION_CHOICES = (
    ("allow", "Allow", "Let the person in, if no other policy says otherwise."),
    (
        "allow_with_mfa",
        "Allow with a second factor",
        "Let the person in after a second factor. Who has none sets one up first.",
    ),
    ("deny", "Deny", "Let nobody in whom the policy is for, whatever other policies allow."),
)
LABELS = {
    "name": "Name",
    "description": "Description",
    "mode": "Status",
    "audience": "For",
    "groups": "Groups",
    "people": "People",
    "excluded_groups": "Groups left out",
    "excluded_people": "People left out",
    "match": "Conditions",
    "address": "Address",
    "lists": "IP lists",
    "country": "Country",
    "countries": "Countries",
    "device": "Device",
    "conditions_text": "Conditions, written out",
    "action": "Action",
    "message": "Message",
    "link_text": "Text of the link",
    "link_url": "Address of the link",
    "second_link_text": "Text of the second link",
    "second_link_url": "Address of the second link",
}
CHOICES = {
    "mode": {mode.value: word for mode, (word, _) in MODES.items()},
    "action": {action.value: word for action, word in ACTIONS.items()},
    "audience": {"everyone": "Everybody", "some": "Only these"},
    "match": {"all": "All are met", "any": "One is met", "text": "As written out"},
    "address": {"": "any", "in": "in one of the lists", "not": "in none of the lists"},
    "country": {"": "any", "in": "one of these", "not": "none of these"},
    "device": {"": "any", "managed": "managed", "not": "not managed"},
}


def asked(state: ListState) -> Listing:
    """Return what the page's address asks of the store."""
    return Listing(
        text=state.text,
        filters=tuple(Filter(name, "eq", value) for name, value in state.chosen),
        sort=(f"-{state.sort}" if state.descending else state.sort,),
        skip=state.offset,
        limit=state.size,
    )


def explain(form: FormState, error: Invalid | Conflict) -> None:
    """Put what is wrong beside its field, or on top."""
    places = {"links": "link_url", "conditions": "conditions_text", "targets": "audience"}
    taken = isinstance(error, Conflict) and error.reason.endswith("name_taken")
    form.explain(error, places=places, at="name" if taken else "")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of whom policies are for, by id."""

    groups: Mapping[str, str]
    people: Mapping[str, str]

    @classmethod
    def of(cls, act: AccessActions, actor: Actor, policies: Sequence[Policy]) -> "Names":
        """Look the names up, all at once for each kind."""
        user = [policy.targets for policy in policies if policy.portal is Portal.USER]
        admin = [policy.targets for policy in policies if policy.portal is Portal.ADMIN]
        group_ids = {one for targets in user for one in (*targets.groups, *targets.excluded_groups)}
        user_ids = {one for targets in user for one in (*targets.people, *targets.excluded_people)}
        roles = {one for targets in admin for one in (*targets.groups, *targets.excluded_groups)}
        admin_ids = {one for targets in admin for one in (*targets.people, *targets.excluded_people)}
        groups = (
            {group.id: group.name for group in act.groups.get_all(actor, group_ids)}
            if group_ids and actor.may(Permission.GROUPS_READ)
            else {}
        )
        people = (
            {user.id: user.username for user in act.people.get_all(actor, user_ids)}
            if user_ids and actor.may(Permission.USERS_READ)
            else {}
        )
        if admin_ids and actor.may(Permission.ADMINISTRATORS_READ):
            wanted = Listing(filters=(Filter("id", "in", ",".join(sorted(admin_ids))),), limit=len(admin_ids))
            people |= {one.id: one.email for one in act.administrators.list(actor, wanted).items}
        return cls({**groups, **{role: role for role in roles}}, people)

    def of_groups(self, ids: Sequence[str]) -> list[str]:
        """Return names; an id that no longer names anybody stays."""
        return [self.groups.get(one, one) for one in ids]

    def of_people(self, ids: Sequence[str]) -> list[str]:
        """Return names; an id that no longer names anybody stays."""
        return [self.people.get(one, one) for one in ids]

    def audience(self, policy: Policy) -> str:
        """Return in words whom a policy is for."""
        targets = policy.targets
        meant = [*self.of_groups(targets.groups), *self.of_people(targets.people)]
        left_out = [*self.of_groups(targets.excluded_groups), *self.of_people(targets.excluded_people)]
        everybody = "Everybody" if policy.portal is Portal.USER else "All administrators"
        words = everybody if targets.everyone else ", ".join(meant)
        return f"{words} except {', '.join(left_out)}" if left_out else words
