"""Conditions of a policy: a tree over address, country and device, and how much of it is true of a sign-in.

What cannot be told is neither true nor false. `truth` keeps it so (Kleene's strong logic of three values); `holds` is the plain reading
in which a condition that cannot be told is not met. The decision “unknown counts against” in docs/decisions says which of the two a policy asks, and why.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from homeport.foundation.kernel.texts import is_whole

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
MOST_PARTS, DEEPEST = 60, 6
"""How large a tree may be; a person has to be able to read it."""
TOO_DEEP = f"The conditions are nested deeper than {DEEPEST} levels."
_COUNTRY = re.compile(r"[A-Z]{2}")


class Truth(Enum):
    """What is known of a condition."""

    YES = "met"
    NO = "not met"
    UNKNOWN = "cannot be told"


@dataclass(frozen=True, slots=True)
class Place:
    """From where a sign-in comes, as far as it is known."""

    address: str = ""
    """Empty where there is none, such as for a command on the server itself."""
    country: str | None = None
    """ISO 3166-1 alpha-2 in capitals; None where the country is not known."""
    managed: bool = False
    """Whether it is proven that an enrolled device is used; nothing proves the contrary, so False means unknown."""
    device_id: str = ""

    @property
    def parsed(self) -> Address | None:
        """Return the address as a number, an IPv4 address mapped into IPv6 as the former; None when there is none."""
        try:
            found = ip_address(self.address.partition("%")[0])
        except ValueError:
            return None
        return getattr(found, "ipv4_mapped", None) or found


@dataclass(frozen=True, slots=True)
class InList:
    """The address is in one of these IP lists."""

    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InCountry:
    """The address belongs to one of these countries."""

    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Managed:
    """An enrolled device is used."""


@dataclass(frozen=True, slots=True)
class Every:
    """All of these are met."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these is met."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Something is not met."""

    part: "Condition"


Condition = InList | InCountry | Managed | Every | Some | Not
Networks = Mapping[str, Sequence[Network]]
"""The networks of each IP list, by its id."""


def truth(condition: Condition, place: Place, lists: Networks) -> Truth:
    """Return whether a condition is true of a place. What depends on something unknown is unknown, unless it is decided anyway."""
    match condition:
        case Every(parts):
            return _least([truth(part, place, lists) for part in parts])
        case Some(parts):
            return _negated(_least([_negated(truth(part, place, lists)) for part in parts]))
        case Not(part):
            return _negated(truth(part, place, lists))
        case _:
            return _leaf(condition, place, lists)


def holds(condition: Condition, place: Place, lists: Networks) -> bool:
    """Tell whether a condition is met when whatever cannot be told counts as not met, also inside a `not`."""
    match condition:
        case Every(parts):
            return all(holds(part, place, lists) for part in parts)
        case Some(parts):
            return any(holds(part, place, lists) for part in parts)
        case Not(part):
            return not holds(part, place, lists)
        case _:
            return truth(condition, place, lists) is Truth.YES


def leaves(condition: Condition | None) -> Iterator[InList | InCountry | Managed]:
    """Return what a tree asks of a sign-in, from left to right."""
    match condition:
        case None:
            return
        case Every(parts) | Some(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield condition


def lists_of(condition: Condition | None) -> frozenset[str]:
    """Return the ids of the IP lists that a tree names."""
    return frozenset(name for leaf in leaves(condition) if isinstance(leaf, InList) for name in leaf.lists)


def written(condition: Condition | None) -> dict[str, Any]:
    """Return a tree as it is stored and as JumpCloud's API writes it; `{}` is no condition."""
    match condition:
        case None:
            return {}
        case InList(lists):
            return {"ipAddressIn": list(lists)}
        case InCountry(countries):
            return {"locationIn": {"countries": list(countries)}}
        case Managed():
            return {"deviceManaged": True}
        case Every(parts):
            return {"all": [written(part) for part in parts]}
        case Some(parts):
            return {"any": [written(part) for part in parts]}
        case Not(part):
            return {"not": written(part)}


def read(said: object) -> Condition | None:
    """Return the tree that `written` wrote; raise ValueError with a sentence for what is none."""
    if said == {}:
        return None
    try:
        whole = is_whole(said)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    if not whole:
        raise ValueError("The conditions hold half a character (a lone surrogate, such as \\ud800). Leave it out.")
    condition = _read(said, 1)
    if sum(1 for _ in _all(condition)) > MOST_PARTS:
        raise ValueError(f"The conditions have more than {MOST_PARTS} parts. Use an IP list, or several policies.")
    return condition


def _read(said: object, depth: int) -> Condition:
    if depth > DEEPEST:
        raise ValueError(TOO_DEEP)
    if not isinstance(said, dict) or len(said) != 1:
        raise ValueError(
            "Each condition is an object with exactly one of: all, any, not, ipAddressIn, locationIn, deviceManaged. "
            "To ask for several things, put them into `all`."
        )
    ((kind, value),) = said.items()
    if kind in {"all", "any"}:
        if not isinstance(value, list) or not value:
            raise ValueError(f"“{kind}” holds a list of at least one condition.")
        parts = tuple(_read(one, depth + 1) for one in value)
        return Every(parts) if kind == "all" else Some(parts)
    return Not(_read(value, depth + 1)) if kind == "not" else _read_leaf(kind, value)


def _read_leaf(kind: object, value: object) -> Condition:
    match kind, value:
        case "ipAddressIn", _:
            return InList(_texts(value, "ipAddressIn holds the ids of one IP list or more."))
        case "locationIn", _:
            sentence = "locationIn holds `countries`, a list of ISO 3166 codes of two letters such as DE."
            if not isinstance(value, dict) or set(value) != {"countries"}:
                raise ValueError(sentence)
            found = tuple(code.upper() for code in _texts(value["countries"], sentence))
            if wrong := [code for code in found if not _COUNTRY.fullmatch(code)]:
                raise ValueError(f"“{wrong[0][:20]}” is no country code. Use two letters of ISO 3166, such as DE.")
            return InCountry(found)
        case "deviceManaged", bool():
            return Managed() if value else Not(Managed())
        case "deviceManaged", _:
            raise ValueError("deviceManaged is true or false.")
        case "deviceEncrypted", _:
            raise ValueError("Homeport does not know whether a device's disk is encrypted, so deviceEncrypted cannot be asked.")
        case _:
            raise ValueError(
                f"There is no condition “{str(kind)[:40]}”. Use all, any, not, ipAddressIn, locationIn or deviceManaged."
            )


def _texts(value: object, sentence: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one.strip() for one in value):
        raise ValueError(sentence)
    return tuple(dict.fromkeys(one.strip() for one in value))


def _all(condition: Condition) -> Iterator[Condition]:
    yield condition
    match condition:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _all(part)
        case Not(part):
            yield from _all(part)


def _leaf(condition: Condition, place: Place, lists: Networks) -> Truth:
    match condition:
        case InList(names):
            address = place.parsed
            if address is None:
                return Truth.UNKNOWN
            if any(address in network for name in names for network in lists.get(name, ())):
                return Truth.YES
            return Truth.NO if all(name in lists for name in names) else Truth.UNKNOWN
        case InCountry(countries):
            return Truth.UNKNOWN if place.country is None else _of(place.country in countries)
        case _:
            return Truth.YES if place.managed else Truth.UNKNOWN


def _of(value: bool) -> Truth:  # noqa: FBT001 - a truth in, a truth out
    return Truth.YES if value else Truth.NO


def _least(truths: Sequence[Truth]) -> Truth:
    if Truth.NO in truths:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in truths else Truth.YES


def _negated(one: Truth) -> Truth:
    return {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}[one]
