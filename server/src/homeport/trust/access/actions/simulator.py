"""What would happen to somebody who signs in from somewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeport.directory.admins.actions import Administrators
from homeport.directory.admins.model import Administrator
from homeport.directory.people.actions import People, UserGroups
from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.access.actions.decisions import Decisions, administrator_as_subject
from homeport.trust.access.model import Decision, Place, Portal, Subject
from homeport.trust.access.ports import Countries, Factored


@dataclass(frozen=True, slots=True)
class Question:
    """Who signs in where, from where. Without a country, the one that the address belongs to is taken."""

    portal: Portal
    person: str
    address: str = ""
    country: str = ""
    managed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What would happen, to whom, and what was known of the place."""

    decision: Decision
    subject: Subject
    place: Place


@dataclass(frozen=True, slots=True)
class Simulator:
    """Asks the same function as the real sign-in, with the same policies."""

    decisions: Decisions
    people: People
    groups: UserGroups
    administrators: Administrators
    countries: Countries
    factors: Factored

    def ask(self, actor: Actor, question: Question) -> Answer:
        """Return what would happen; raise NotFound for the person, Invalid for an address or a country that is none."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        place = self._place(question)
        if question.portal is Portal.ADMIN:
            subject = administrator_as_subject(self.administrators.get(actor, question.person))
        else:
            user = self.people.get(actor, question.person)
            groups = self.groups.group_ids_of(actor, user.id)
            subject = Subject(Portal.USER, user.id, user.username, groups, has_factor=self.factors.has(user.id))
        return Answer(self.decisions.known(question.portal).judge(subject, place), subject, place)

    def find(self, actor: Actor, portal: Portal, name: str) -> str:
        """Return the id of the user or administrator with this id, name or e-mail address; empty when there is none."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        return self.named(actor, portal, [name]).get(name.casefold(), "") if name else ""

    def named(self, actor: Actor, portal: Portal, names: Sequence[str]) -> Mapping[str, str]:
        """Return the ids of those with one of these ids, names or e-mail addresses, by what they were called, in small letters."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        found: dict[str, str] = {}
        words = [name.lower() for name in names if "," not in name]
        if not words:
            return found
        for field in ("id", "email") if portal is Portal.ADMIN else ("id", "email", "username"):
            wanted = Listing(filters=(Filter(field, "in", ",".join(words)),), limit=len(words))
            found |= {getattr(one, field): one.id for one in self._listed(actor, portal, wanted)}
        return found

    def _listed(self, actor: Actor, portal: Portal, wanted: Listing) -> Sequence[Administrator | User]:
        if portal is Portal.ADMIN:
            return self.administrators.list(actor, wanted).items
        return self.people.list(actor, wanted).items

    def _place(self, question: Question) -> Place:
        address, country = question.address.strip(), question.country.strip().upper()
        fields = {}
        if address and Place(address).parsed is None:
            fields["address"] = f"“{address[:60]}” is no IP address. Use one such as 203.0.113.7."
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):  # noqa: PLR2004 - ISO 3166-1 alpha-2
            fields["country"] = "A country is two letters of ISO 3166, such as DE."
        if fields:
            raise Invalid(" ".join(fields.values()), fields)
        return Place(address, country or self.countries.of(address), question.managed)
