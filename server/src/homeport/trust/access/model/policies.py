"""A policy, whom it is for, what counts without one, an IP list, and the rules for what an administrator types of them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network, summarize_address_range
from urllib.parse import urlsplit

from homeport.foundation.kernel.listing import folded
from homeport.trust.access.model.conditions import Condition, Network

LONGEST_NAME, LONGEST_KEY, LONGEST_DESCRIPTION = 255, 765, 1024
LONGEST_MESSAGE, LONGEST_LINK_TEXT, LONGEST_LINK = 1000, 100, 2000
MOST_LINKS = 2
MOST_POLICIES = 200
"""Of one portal; each sign-in looks at all of them."""
MOST_NETWORKS = 1000
MOST_TARGETS = 500


class Portal(StrEnum):
    """What a policy guards."""

    USER = "user_portal"
    ADMIN = "admin_portal"


class Mode(StrEnum):
    """Whether a policy counts; one that is only watched writes down what it would have done."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    MONITOR = "monitor"


class Action(StrEnum):
    """What a policy does with a sign-in, the weakest last: of several that apply the first of these counts."""

    DENY = "deny"
    MFA = "allow_with_mfa"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Link:
    """Where somebody who was denied can read on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom a policy is for. `groups` are ids of user groups, or names of roles for the admin portal; people are told by id."""

    everyone: bool = True
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    excluded_groups: tuple[str, ...] = ()
    excluded_people: tuple[str, ...] = ()

    def excludes(self, person: str, groups: Collection[str]) -> bool:
        """Tell whether somebody is left out, whoever else is meant."""
        return person in self.excluded_people or any(group in groups for group in self.excluded_groups)

    def includes(self, person: str, groups: Collection[str]) -> bool:
        """Tell whether somebody is meant, were they not left out."""
        return self.everyone or person in self.people or any(group in groups for group in self.groups)


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule for the sign-in to a portal. `version` counts changes and is the ETag."""

    id: str
    name: str
    portal: Portal
    mode: Mode
    action: Action
    version: int
    created_at: datetime
    updated_at: datetime
    description: str = ""
    targets: Targets = field(default_factory=Targets)
    conditions: Condition | None = None
    """None: always."""
    message: str = ""
    """What somebody reads whom it denies; empty: Homeport's own sentence."""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class DefaultAction:
    """What happens at a portal when no policy applies."""

    portal: Portal
    action: Action
    version: int = 0


@dataclass(frozen=True, slots=True)
class IpList:
    """Addresses with a name. `version` counts changes and is the ETag."""

    id: str
    name: str
    networks: tuple[Network, ...]
    version: int
    created_at: datetime
    updated_at: datetime
    description: str = ""


def name_key(name: str) -> str:
    """Return what two names are compared by."""
    return folded(name)


def name_problem(name: str, what: str) -> str:
    """Return what is wrong with a trimmed name, or an empty string."""
    if not name:
        return f"Enter a name for the {what}."
    if len(name) > LONGEST_NAME or len(name_key(name)) > LONGEST_KEY:
        return f"A name has at most {LONGEST_NAME} characters."
    return "" if name.isprintable() else "A name cannot hold control characters."


def text_problem(text: str, longest: int, what: str) -> str:
    """Return what is wrong with a text of several lines, or an empty string."""
    if len(text) > longest:
        return f"{what} has at most {longest} characters; this has {len(text)}."
    if any(not character.isprintable() and character not in "\n\t" for character in text):
        return f"{what} cannot hold control characters."
    return ""


def links_problem(links: Sequence[Link]) -> str:
    """Return what is wrong with the links under a refusal, or an empty string. Only https and mailto lead somewhere."""
    if len(links) > MOST_LINKS:
        return f"There are at most {MOST_LINKS} links."
    for link in links:
        if not link.text.strip() or len(link.text) > LONGEST_LINK_TEXT or not link.text.isprintable():
            return f"Each link needs a text of 1 to {LONGEST_LINK_TEXT} characters."
        if not _leads_somewhere(link.url):
            return f"“{link.url[:80]}” is no address to link to. Use one that begins with https:// or mailto:"
    return ""


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return the addresses and networks of an IP list; raise ValueError with a sentence naming the first that is none.

    An address alone, a network in CIDR notation, or two addresses with a hyphen between them.
    """
    found: list[Network] = []
    for text in texts:
        word = "".join(text.split())
        if not word:
            continue
        try:
            found += _networks(word)
        except (ValueError, TypeError):
            raise ValueError(
                f"“{text.strip()[:60]}” is no address. Use one such as 203.0.113.7, a network by its first address, such as 203.0.113.0/24, "
                "or a range from a lower to a higher address, such as 203.0.113.7-203.0.113.20."
            ) from None
        if len(found) > MOST_NETWORKS:
            raise ValueError(f"An IP list has at most {MOST_NETWORKS} networks. Join neighbours, or make a second list.")
    return tuple(dict.fromkeys(found))


def network_text(network: Network) -> str:
    """Return a network as people write it; one of a single address as the address."""
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _networks(word: str) -> list[Network]:
    if "%" in word:
        raise ValueError("a zone (RFC 4007, section 11) means something on one machine only")
    first, dash, last = word.partition("-")
    if dash:
        return list(summarize_address_range(ip_address(first), ip_address(last)))
    return [ip_network(word)]


_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+")


def _leads_somewhere(url: str) -> bool:
    if not url.isprintable() or " " in url or len(url) > LONGEST_LINK:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return "@" in parts.path
    return parts.scheme == "https" and bool(_HOST.fullmatch(host)) and parts.username is None
