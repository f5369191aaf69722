"""Device authorizations and access tokens."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.foundation.kernel.reasons import ReasonCode

AUTHORIZATION_LIFETIME = timedelta(minutes=10)
NUMBER_ATTEMPTS = 5
NUMBER_DIGITS = 6
POLL_INTERVAL = 1
"""Seconds between polls (RFC 8628, section 3.2); short, because the device waits for a person who is typing."""
SLOW_DOWN = 5
"""Seconds added to the interval of a device that polls too fast (RFC 8628, section 3.5)."""
ORDER_TOKEN_LIFETIME = timedelta(seconds=60)
AGENT_TOKEN_LIFETIME = timedelta(seconds=300)


class AuthorizationState(StrEnum):
    """How far a device authorization has come. Expiry is a matter of time, not of state."""

    PENDING = "pending"
    APPROVED = "approved"
    REDEEMED = "redeemed"
    REFUSED = "refused"


class Scope(StrEnum):
    """What a device may ask a token for."""

    DEVICE_LOGIN = "device_login"
    PASSCODE_RESET = "passcode_reset"
    SUDO = "sudo"
    AGENT = "agent"
    ORDER = "order"

    @property
    def approvable(self) -> bool:
        """Tell whether a person can approve it in a browser."""
        return self not in {Scope.AGENT, Scope.ORDER}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the device says of the prompt that it waits at; all empty when it said nothing.

    `user_id` is the only person who may approve. `nonce` comes back in the signed approval. `place` and `message` are shown to the
    person, such as `sshd from 192.0.2.7` and why they want to act as root.
    """

    user_id: str = ""
    nonce: str = ""
    place: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """One attempt of a person at one device (RFC 8628). `number` is shown in the browser and typed at the device."""

    id: str
    device_id: str
    device_code_hash: str
    user_code: str
    state: AuthorizationState
    created_at: datetime
    expires_at: datetime
    device_address: str
    interval: int
    number: str = ""
    wrong_numbers: int = 0
    user_id: str | None = None
    sign_in_id: str | None = None
    reason: str = ""
    last_polled_at: datetime | None = None
    scope: Scope = Scope.DEVICE_LOGIN
    wanted: Wanted = field(default_factory=Wanted)

    def is_over(self, now: datetime) -> bool:
        """Tell whether the ten minutes are over."""
        return now >= self.expires_at


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token bound to a device's key (RFC 9449, `cnf.jkt`). `used_at` matters to tokens of scope order, which work once."""

    token_hash: str
    device_id: str
    scope: Scope
    thumbprint: str
    expires_at: datetime
    sign_in_id: str | None = None
    user_id: str | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Nobody approved yet, or the number is still missing or wrong."""

    number_wanted: bool = False
    attempts_left: int | None = None


@dataclass(frozen=True, slots=True)
class SlowDown:
    """The device polled too fast; `interval` is the new one in seconds."""

    interval: int


@dataclass(frozen=True, slots=True)
class Expired:
    """The ten minutes are over."""

    sign_in_id: str | None


@dataclass(frozen=True, slots=True)
class Denied:
    """Refused, with the reason that the person and the admin can look up."""

    reason: ReasonCode
    sign_in_id: str | None


@dataclass(frozen=True, slots=True)
class Granted:
    """The number was right: the token for one order."""

    access_token: str


PollAnswer = Pending | SlowDown | Expired | Denied | Granted
