"""Administrators, roles, one-time links, API keys, and the rule for passwords."""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.permissions import Permission

BILLING = "Administrator with Billing"
READ_ONLY = "Read Only"
ROLES: dict[str, frozenset[Permission]] = {
    BILLING: frozenset(Permission),
    READ_ONLY: frozenset({one for one in Permission if one.value.endswith(":read")} | {Permission.API_KEYS_OWN}),
}
"""Every role and what it may do, in the order in which a form offers them."""

LINK_LIFETIME = timedelta(hours=1)
INVITATION_LIFETIME = timedelta(hours=24)
KEY_DAYS = 90
LONGEST_KEY_DAYS = 365
KEY_PREFIX = "hpk"
"""What every API key's text begins with, so that leak scanners can find one."""
NOTED_EVERY = timedelta(minutes=5)
"""How often a key's last use, or refusal, is stored, so that reading through the API does not write at each request."""
_KEY_TEXT = re.compile(r"hpk_([0-9a-f]{32})_([A-Za-z0-9_-]{20,100})")
LONGEST_KEY_TEXT = 200

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 64
SHORTEST_NAME_LOOKED_FOR = 3
"""A name of one or two letters occurs in nearly every password, so it is not looked for."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who signs in to the admin portal. `version` counts changes."""

    id: str
    email: str
    firstname: str
    lastname: str
    role: str
    password_hash: str = field(repr=False)
    api_keys_allowed: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def full_name(self) -> str:
        """Return first and last name, or the address of somebody without a name."""
        return " ".join(part for part in (self.firstname, self.lastname) if part) or self.email

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return what the present role may do; a role that no longer exists may do nothing."""
        return ROLES.get(self.role, frozenset())


@dataclass(frozen=True, slots=True)
class AdministratorLink:
    """A one-time link. `email` is empty on a link for the first administrator or for recovery; an invitation names one."""

    id: str
    token_hash: str
    email: str
    role: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    @property
    def is_invitation(self) -> bool:
        """Tell whether the link makes one particular new administrator and can reset nobody's password."""
        return bool(self.email)

    def usable(self, now: datetime) -> bool:
        """Tell whether the link was neither used nor has expired."""
        return self.used_at is None and now < self.expires_at


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

    @property
    def shown_prefix(self) -> str:
        """Return the part of the key's text that is no secret, by which its owner recognizes it."""
        return f"{KEY_PREFIX}_{self.id.replace('-', '')}"

    def allows(self, address: str) -> bool:
        """Tell whether a request from this address may use the key."""
        if not self.networks:
            return True
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in ipaddress.ip_network(network) for network in self.networks)


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


@dataclass(frozen=True, slots=True)
class AdministratorDeleted(Event):
    """The administrator is about to be removed; sessions end."""

    administrator_id: str


@dataclass(frozen=True, slots=True)
class AdministratorChanged(Event):
    """Role or access to the API changed."""

    administrator_id: str


@dataclass(frozen=True, slots=True)
class AdministratorPasswordChanged(Event):
    """The password was set anew; sessions that began with the old one end."""

    administrator_id: str


def actor_of(administrator: Administrator, origin: Origin) -> Actor:
    """Return the administrator as an actor without a session."""
    return Actor(
        ActorKind.ADMINISTRATOR,
        administrator.id,
        administrator.email,
        administrator.permissions,
        role=administrator.role,
        origin=origin,
    )


def normal_password(text: str) -> str:
    """Return the password in the form that is hashed: NFKC, as NIST SP 800-63B section 5.1.1.2 asks."""
    return unicodedata.normalize("NFKC", text)


def password_problem(password: str, *, email: str, firstname: str = "", lastname: str = "") -> str:
    """Return what is wrong with a new password, or an empty string: 12 to 64 characters, without the person's own names."""
    normal = normal_password(password)
    if not SHORTEST_PASSWORD <= len(normal) <= LONGEST_PASSWORD:
        return f"Use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; this has {len(normal)}."
    folded = normal.casefold()
    names = {
        "the part of your e-mail address before the @": email.rpartition("@")[0],
        "your name": firstname,
        "your last name": lastname,
    }
    for what, name in names.items():
        looked_for = normal_password(name).casefold().strip()
        if len(looked_for) >= SHORTEST_NAME_LOOKED_FOR and looked_for in folded:
            return f"The password contains {what}, which is the first thing somebody would try. Choose another."
    return ""


def key_text(key_id: str, secret: str) -> str:
    """Return an API key as its owner sees it once."""
    return f"{KEY_PREFIX}_{key_id.replace('-', '')}_{secret}"


def parse_key_text(text: str) -> tuple[str, str] | None:
    """Return id and secret of an API key's text, or None when it is none."""
    match = _KEY_TEXT.fullmatch(text) if len(text) <= LONGEST_KEY_TEXT else None
    if match is None:
        return None
    number, secret = match.groups()
    return f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}", secret


def parse_networks(text: str) -> tuple[str, ...]:
    """Return the networks of a list separated by spaces, commas or lines; raise ValueError naming the first that is none."""
    found = []
    for word in text.replace(",", " ").split():
        try:
            found.append(str(ipaddress.ip_network(word, strict=False)))
        except ValueError as error:
            raise ValueError(word) from error
    return tuple(dict.fromkeys(found))
