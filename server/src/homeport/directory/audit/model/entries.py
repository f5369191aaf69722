"""An audit entry, and the header of a sealed batch of entries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.listing import Filter
from homeport.foundation.kernel.texts import made_whole

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"
"""A value that JSON can write."""

MASK = "(secret)"
SECRET_FIELDS = frozenset({
    "access_token",
    "api_key",
    "client_secret",
    "device_code",
    "id_token",
    "passcode",
    "password",
    "password_hash",
    "private_key",
    "refresh_token",
    "secret",
    "token",
})  # fmt: skip
"""Fields whose values the audit log never keeps, whatever a caller hands over."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What an entry is about: `type` such as `user` or `device`, its id, and its name at that moment."""

    type: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: str
    before: JSON = None
    after: JSON = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One of many things that are recorded together."""

    event_type: str
    resource: Resource
    changes: Sequence[Change] = ()
    details: Mapping[str, JSON] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log. `changes` and `details` are canonical JSON text, so that what was sealed is what is stored."""

    id: str
    at: datetime
    event_type: str
    actor_kind: str
    actor_id: str
    actor_name: str
    address: str
    user_agent: str
    request_id: str
    resource_type: str
    resource_id: str
    resource_name: str
    success: bool
    reason: str
    changes: str
    details: str
    batch: int | None = None
    """The number of the batch that sealed it; None until then."""

    def changed(self) -> tuple[Change, ...]:
        """Return the changes as values that can be written anywhere, whatever was sealed."""
        return tuple(Change(item["field"], item["before"], item["after"]) for item in made_whole(json.loads(self.changes)))

    def detailed(self) -> dict[str, JSON]:
        """Return the details as values that can be written anywhere, whatever was sealed."""
        found: dict[str, JSON] = made_whole(json.loads(self.details))
        return found


@dataclass(frozen=True, slots=True)
class EventSearch:
    """Which entries a program asks for: from `start` to before `end`, of every, of some and of none of the filters."""

    start: datetime
    end: datetime | None = None
    every: tuple[Filter, ...] = ()
    some: tuple[Filter, ...] = ()
    none: tuple[Filter, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a batch's signature covers. Hashes are SHA-256 in hex; `previous_hash` is the hash of the header before."""

    number: int
    previous_hash: str
    entries_hash: str
    count: int
    first_id: str
    last_id: str
    sealed_at: datetime
    key_id: str
    note: str = ""
    """Why batches before this one are missing, when an operator put the database back from a backup; otherwise empty."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed batch: its header, the Ed25519 signature over it (base64), and its contents: each entry's id and digest.

    `removal` says that retention removed entries and contents; the header stays.
    """

    header: Header
    signature: str
    contents: str
    removal: "Removal | None" = None


@dataclass(frozen=True, slots=True)
class Removal:
    """When retention removed a batch's entries, and the signature (base64) that nobody without the audit key can make."""

    removed_at: datetime
    key_id: str
    signature: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What the chain says of one entry. Its batch sealed `count` entries, this one at the place `position`, counted from 1."""

    number: int
    position: int
    count: int
    sealed_at: datetime
    key_id: str
    problems: tuple[str, ...] = ()
    """What contradicts: in this entry, in others of its batch, or between its batch and the one before."""


def an_entry(
    id: str,  # noqa: A002 - the field's name
    at: datetime,
    actor: Actor,
    event_type: str,
    resource: Resource,
    *,
    changes: Sequence[Change] = (),
    success: bool = True,
    reason: str = "",
    details: Mapping[str, JSON] | None = None,
) -> Entry:
    """Make an entry from what a caller knows: secrets are masked, characters that a database refuses are replaced."""
    written = [
        {"field": change.field, "before": _masked(change.field, change.before), "after": _masked(change.field, change.after)}
        for change in changes
    ]
    return Entry(
        id=id,
        at=at,
        event_type=event_type,
        actor_kind=actor.kind.value,
        actor_id=_clean(actor.id, 255),
        actor_name=_clean(actor.name, 255),
        address=_clean(actor.origin.address, 64),
        user_agent=_clean(actor.origin.user_agent, 300),
        request_id=_clean(actor.origin.request_id, 64),
        resource_type=_clean(resource.type, 64),
        resource_id=_clean(resource.id, 255),
        resource_name=_clean(resource.name, 255),
        success=success,
        reason=_clean(reason, 1000),
        changes=canonical(made_whole(written)),
        details=canonical(made_whole({key: _masked(key, value) for key, value in (details or {}).items()})),
    )


def canonical(value: object) -> str:
    """Write JSON in the one form that is hashed: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _masked(name: str, value: JSON) -> JSON:
    if name.lower() in SECRET_FIELDS and value is not None:
        return MASK
    if isinstance(value, Mapping):
        return {key: _masked(key, inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_masked("", inner) for inner in value]
    return value


def _clean(text: str, limit: int) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")[:limit]
