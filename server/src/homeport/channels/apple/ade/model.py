"""The server token and the inventory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

WARN_BEFORE = timedelta(days=30)
"""How long before its end a token counts as expiring."""


class TokenState(StrEnum):
    """How a server token stands."""

    MISSING = "missing"
    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Token:
    """OAuth 1.0a credentials of one server at Apple; valid for a year."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    access_token: str
    access_secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AdeServer:
    """Our side of one server at Apple Business Manager.

    `certificate` is PEM and is what the administrator uploads there; `key_sealed` its private key. `consumer_key` is kept readable,
    since a renewed token must have the same one. `cursor` with `fetched` tells where the synchronization stands: before the whole
    inventory was fetched, or following changes since. `generation` counts full fetches. `paused_until` is set when Apple throttles.
    `error` is a code, `error_text` a sentence for the administrator.
    """

    certificate: str
    key_sealed: str = field(repr=False)
    certificate_expires_at: datetime
    consumer_key: str = ""
    token_sealed: str = field(default="", repr=False)
    token_expires_at: datetime | None = None
    server_name: str = ""
    server_uuid: str = ""
    org_name: str = ""
    cursor: str = ""
    fetched: bool = False
    generation: int = 0
    synced_at: datetime | None = None
    attempted_at: datetime | None = None
    paused_until: datetime | None = None
    error: str = ""
    error_text: str = ""
    profile_uuid: str = ""
    profile_digest: str = ""
    profile_defined_at: datetime | None = None
    version: int = 1

    def token_state(self, now: datetime) -> TokenState:
        """Return how the token stands."""
        if not self.token_sealed or self.token_expires_at is None:
            return TokenState.MISSING
        if now >= self.token_expires_at:
            return TokenState.EXPIRED
        return TokenState.EXPIRING if now >= self.token_expires_at - WARN_BEFORE else TokenState.VALID


@dataclass(frozen=True, slots=True)
class AdeDevice:
    """A device that Apple Business Manager has assigned to this server.

    `profile_status` is Apple's word: empty, assigned, pushed or removed. `failure` is what Apple said of our last assignment, with
    `try_after` when it may be repeated. `removed_at` says since when it is no longer assigned to us. An administrator
    may have `blocked` it: then nobody may enrol it.
    """

    serial: str
    model: str = ""
    description: str = ""
    color: str = ""
    asset_tag: str = ""
    os: str = ""
    device_family: str = ""
    profile_uuid: str = ""
    profile_status: str = "empty"
    profile_assigned_at: datetime | None = None
    profile_pushed_at: datetime | None = None
    assigned_at: datetime | None = None
    assigned_by: str = ""
    generation: int = 0
    seen_at: datetime | None = None
    removed_at: datetime | None = None
    failure: str = ""
    try_after: datetime | None = None
    blocked: bool = False

    @property
    def is_mac(self) -> bool:
        """Tell whether it is a Mac; an empty family, which old entries have, counts as one."""
        return self.device_family in {"", "Mac"}

    @property
    def ours(self) -> bool:
        """Tell whether it is assigned to this server now."""
        return self.removed_at is None
