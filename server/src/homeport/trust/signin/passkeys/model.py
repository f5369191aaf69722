"""A passkey, and a ceremony that was begun with one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.foundation.kernel.events import Event

CEREMONY_WITHIN = timedelta(minutes=5)
MOST = 10
LONGEST_NAME = 64
LONGEST_CREDENTIAL = 20_000


class Act(StrEnum):
    """What a ceremony is for; a challenge of one is worth nothing for another."""

    REGISTER = "register"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key whose private half is in somebody's device. `credential_id` and `public_key` are base64url."""

    id: str
    owner_id: str
    credential_id: str
    public_key: str
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PasskeysRemoved(Event):
    """Somebody else removed passkeys of an owner; the owner's sessions end. `whose` is `user` or `admin`."""

    whose: str
    owner_id: str


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A challenge that was handed out; used up by its answer. `owner_id` is empty while nobody knows who answers."""

    challenge_hash: str
    whose: str
    act: Act
    owner_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What an authenticator answered, before it is believed: which credential, and the challenge that it signed (base64url)."""

    credential_id: str
    challenge: str
    user_handle: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """A new public key that was proved."""

    credential_id: str
    public_key: str
    sign_count: int
