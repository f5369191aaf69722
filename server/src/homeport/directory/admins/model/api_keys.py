"""API keys: their text, from where they work, and what looking at one found."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from homeport.directory.admins.model.administrators import Administrator

KEY_DAYS = 90
LONGEST_KEY_DAYS = 365
KEY_PREFIX = "hpk"
"""What every API key's text begins with, so that leak scanners can find one."""
NOTED_EVERY = timedelta(minutes=5)
"""How often a key's last use, or refusal, is stored, so that reading through the API does not write at each request."""
ACCOUNT_KEY_PREFIX = "hps"
"""What every key of a service account begins with."""
_KEY_TEXT = re.compile(r"(hpk|hps)_([0-9a-f]{32})_([A-Za-z0-9_-]{20,100})")
LONGEST_KEY_TEXT = 200


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An administrator's key for the REST API. Its text is `hpk_<id>_<secret>`; only the secret's hash is kept."""

    id: str
    administrator_id: str
    name: str
    secret_hash: str = field(repr=False)
    networks: tuple[str, ...]
    """Addresses from which it works, as CIDR; empty means from everywhere."""
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    last_refused_at: datetime | None = None
    """When the right secret was last refused: expired, from a wrong address, or with the owner's access switched off."""
    made_with: str | None = None
    """The id of the key with which it was made, which it never outlives; None for one made in the admin portal."""
    version: int = 1
    """Counts changes."""

    @property
    def shown_prefix(self) -> str:
        """Return the part of the key's text that is no secret, by which its owner recognizes it."""
        return f"{KEY_PREFIX}_{self.id.replace('-', '')}"

    def allows(self, address: str) -> bool:
        """Tell whether a request from this address may use the key."""
        return within(self.networks, address)


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """What looking at an API key's text found: whose it is, and why it was refused, if it was."""

    key: ApiKey | None = None
    owner: Administrator | None = None
    refusal: str = ""

    def to_note(self, now: datetime) -> bool:
        """Tell whether something should be stored: a use or a refusal that was not noted lately."""
        if self.key is None:
            return False
        noted_at = self.key.last_refused_at if self.refusal else self.key.last_used_at
        return noted_at is None or now - noted_at > NOTED_EVERY


def within(networks: Sequence[str], address: str) -> bool:
    """Tell whether an address is in one of the networks; every address is when there are none."""
    if not networks:
        return True
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in ipaddress.ip_network(network) for network in networks)


def key_text(key_id: str, secret: str, prefix: str = KEY_PREFIX) -> str:
    """Return a key as its owner sees it once."""
    return f"{prefix}_{key_id.replace('-', '')}_{secret}"


def parse_key_text(text: str, prefix: str = KEY_PREFIX) -> tuple[str, str] | None:
    """Return id and secret of a key's text, or None when it is none of this kind."""
    match = _KEY_TEXT.fullmatch(text) if len(text) <= LONGEST_KEY_TEXT else None
    if match is None or match.group(1) != prefix:
        return None
    _, number, secret = match.groups()
    return f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}", secret


def parse_networks(text: str) -> tuple[str, ...]:
    """Return the networks of a list separated by spaces, commas or lines; raise ValueError naming the first that is none."""
    found = []
    for word in text.replace(",", " ").split():
        if "%" in word:  # a zone (RFC 4007, section 11), which means something on one machine only
            raise ValueError(word)
        try:
            found.append(str(ipaddress.ip_network(word, strict=False)))
        except ValueError as error:
            raise ValueError(word) from error
    return tuple(dict.fromkeys(found))
