"""Why a policy has to do with a sign-in, or has not, in words; and what happens to the person."""

from collections.abc import Mapping

from homeport.trust.access.model.conditions import (
    Condition,
    Every,
    InCountry,
    InList,
    Not,
    Place,
    Some,
)
from homeport.trust.access.model.decision import Decision, Judged, Standing, Subject
from homeport.trust.access.model.policies import Action, Mode

_WHY = {
    Standing.DISABLED: "It is disabled.",
    Standing.NOT_MEANT: "It is for others.",
    Standing.LEFT_OUT: "It leaves this person out.",
}


def because(judged: Judged, place: Place, lists: Mapping[str, str]) -> str:
    """Return why a policy applies or not; `lists` are the names of IP lists by their ids."""
    known = _WHY.get(judged.standing, "")
    if known:
        return known
    condition = judged.policy.conditions
    asked = "It has no conditions." if condition is None else f"It asks that {in_words(condition, lists)}; {_seen(place)}."
    match judged.standing:
        case Standing.APPLIES:
            found = f"It applies. {asked}"
        case Standing.AGAINST:
            found = f"It counts against the person, because what it asks cannot be told for certain. {asked}"
        case _:
            found = f"Its conditions are not met. {asked}"
    return f"{found} It is only monitored, so it changes nothing." if judged.policy.mode is Mode.MONITOR else found


def outcome(decision: Decision, subject: Subject) -> str:
    """Return what happens to the person."""
    by = f"by the policy “{decision.policy.name}”" if decision.policy is not None else "by the default, because no policy applies"
    if decision.action is Action.DENY:
        return f"Denied, {by}."
    if decision.action is Action.ALLOW:
        return f"Allowed, {by}."
    then = "The second factor is asked." if subject.has_factor else "There is no second factor yet, so one is set up first."
    return f"Allowed with a second factor, {by}. {then}"


def in_words(condition: Condition, lists: Mapping[str, str]) -> str:
    """Return a tree in words."""
    match condition:
        case InList(names):
            return "the address is in " + " or ".join(f"“{lists.get(name, name)}”" for name in names)
        case InCountry(countries):
            return f"the country is {' or '.join(countries)}"
        case Every(parts):
            return "(" + " and ".join(in_words(part, lists) for part in parts) + ")"
        case Some(parts):
            return "(" + " or ".join(in_words(part, lists) for part in parts) + ")"
        case Not(part):
            return f"it is not so that {in_words(part, lists)}"
        case _:
            return "the device is managed"


def _seen(place: Place) -> str:
    address = f"the address is {place.address}" if place.parsed is not None else "no address is known"
    country = f"the country is {place.country}" if place.country else "the country is not known"
    return f"{address}, {country}, the device {'is managed' if place.managed else 'is not known to be managed'}"
