"""Sign-ins: one attempt of one person, with its purpose and its steps."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from homeport.directory.people.model import User
from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.reasons import ReasonCode

LIFETIME = timedelta(minutes=10)
KEPT_FOR = timedelta(days=90)
"""How long a sign-in can be opened with its steps; the audit log keeps who signed in for longer."""
MAX_AGE = 300
"""Seconds: how recent the sign-in at the provider must be to approve a device."""


class Purpose(StrEnum):
    """What a sign-in is for; UNKNOWN is a return that belongs to no sign-in of ours."""

    DEVICE_LOGIN = "device_login"
    PASSCODE_RESET = "passcode_reset"
    SUDO = "sudo"
    USER_PORTAL = "user_portal"
    MAC_ENROLLMENT = "mac_enrollment"
    CONNECTION_TEST = "connection_test"
    UNKNOWN = "unknown"


class State(StrEnum):
    """How far a sign-in has come. The order is the only order; refused and expired end it from anywhere."""

    STARTED = "started"
    AT_PROVIDER = "at_provider"
    CODE_RECEIVED = "code_received"
    IDENTITY_VERIFIED = "identity_verified"
    USER_MATCHED = "user_matched"
    ADMITTED = "admitted"
    COMPLETED = "completed"
    REFUSED = "refused"
    EXPIRED = "expired"

    @property
    def open(self) -> bool:
        """Tell whether the sign-in can still complete."""
        return self not in {State.COMPLETED, State.REFUSED, State.EXPIRED}


@dataclass(frozen=True, slots=True)
class SignIn:
    """One attempt. `browser_hash` ties it to the browser that began it; `state_hash` finds it when the person comes back."""

    id: str
    purpose: Purpose
    state: State
    started_at: datetime
    expires_at: datetime
    provider_id: str = ""
    continuation_id: str = ""
    browser_hash: str = ""
    state_hash: str | None = None
    nonce: str = ""
    verifier_sealed: str = ""
    user_id: str | None = None
    reason: str = ""
    address: str = ""
    user_agent: str = ""
    issuer: str = ""
    subject: str = ""
    email: str = ""
    ended_at: datetime | None = None
    device_id: str | None = None
    methods: str = ""
    """How the provider says that the person signed in: values of `amr` (RFC 8176), with spaces between."""

    def is_over(self, now: datetime) -> bool:
        """Tell whether the ten minutes are over."""
        return now >= self.expires_at


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One line of a sign-in's timeline, as it is kept."""

    number: int
    name: str
    outcome: str
    at: datetime
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A sign-in in the list, with the present names of whom and what it concerns; empty where they are unknown or gone."""

    sign_in: SignIn
    username: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often one reason refused sign-ins lately; connection tests do not count."""

    reason: str
    day: int
    """In the last 24 hours."""
    week: int
    """In the last 7 days."""


@dataclass(frozen=True, slots=True)
class DayOfSignIns:
    """How many sign-ins began on one day (UTC) and how they ended; those still open do not count."""

    day: date
    completed: int = 0
    refused: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class SignInEnded(Event):
    """A sign-in completed or was refused."""

    sign_in: SignIn


@dataclass(frozen=True, slots=True)
class FollowUp(Event):
    """Something that happened after a sign-in completed and belongs on its timeline; `reason` is a code when it failed."""

    sign_in_id: str
    name: str
    reason: str = ""
    detail: str = ""


def status_word(sign_in: SignIn) -> tuple[str, str]:
    """Return the word and the kind of a sign-in's status."""
    return {
        State.COMPLETED: ("Completed", "ok"),
        State.REFUSED: ("Refused", "error"),
        State.EXPIRED: ("Expired", "off"),
    }.get(sign_in.state, ("In progress", "info"))


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What follows a connection test: the page that tells how it went, and nothing else."""

    def admit(self, _sign_in: SignIn, _user: User) -> ReasonCode | None:
        """Admit nobody and refuse nobody: the test ends before this is asked."""
        # public: asked by the sign-in
        return None

    def complete(self, _sign_in: SignIn, _user: User) -> ReasonCode | None:
        """Carry out nothing."""
        # public: called by the sign-in
        return None

    def refused(self, sign_in: SignIn, reason: ReasonCode) -> None:
        """Nobody waits for a test."""
        # public: called by the sign-in

    def location(self, sign_in: SignIn) -> str:
        """Return the page that tells how the test went."""
        # public: only an address
        return f"/admin/identity-providers/{sign_in.provider_id}/test/{sign_in.id}"
