"""When Setup Assistant may go on: a state machine over what the Mac said, kept in the database, with a deadline.

A Mac that awaits configuration shows “Waiting for management” until it gets DeviceConfigured. Homeport sends that once the Mac has
acknowledged AccountConfiguration, or once the deadline has passed, whatever was lost, repeated, refused or restarted meanwhile.
Nothing here does I/O: `step` says what to send, the caller queues it in the same unit of work that stores the new state.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

DEADLINE = timedelta(minutes=15)
"""How long a Mac may wait for its account to be configured."""
AFTER_REFUSAL = timedelta(minutes=1)
"""How much longer it waits once it refused AccountConfiguration, as it does after a restart in the middle (error 101)."""
MOST_TRIES = 2


class Phase(StrEnum):
    """Where the release is: the Mac does not wait, waits for its account, was or will be told to go on, went on."""

    IDLE = "idle"
    CONFIGURING = "configuring"
    RELEASING = "releasing"
    RELEASED = "released"


class Outcome(StrEnum):
    """What became of AccountConfiguration."""

    PENDING = "pending"
    CONFIGURED = "configured"
    REFUSED = "refused"
    NOT_WANTED = "not_wanted"


class Need(StrEnum):
    """What the caller is to queue."""

    ACCOUNT = "AccountConfiguration"
    RELEASE = "DeviceConfigured"


@dataclass(frozen=True, slots=True)
class Release:
    """The state of one Mac. `tries` counts AccountConfiguration commands; `released_late` says that the deadline decided."""

    phase: Phase = Phase.IDLE
    account: Outcome = Outcome.PENDING
    deadline_at: datetime | None = None
    tries: int = 0
    resend: bool = False
    released_late: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the state as it is stored."""
        return {**asdict(self), "deadline_at": self.deadline_at.isoformat() if self.deadline_at else None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the state that was stored."""
        at = stored.get("deadline_at")
        return cls(
            phase=Phase(stored.get("phase", Phase.IDLE)),
            account=Outcome(stored.get("account", Outcome.PENDING)),
            deadline_at=datetime.fromisoformat(at) if at else None,
            tries=int(stored.get("tries", 0)),
            resend=bool(stored.get("resend", False)),
            released_late=bool(stored.get("released_late", False)),
        )


@dataclass(frozen=True, slots=True)
class Awaits:
    """The Mac sent a TokenUpdate; `awaiting` is None when the key was absent, which says nothing."""

    awaiting: bool | None
    account_wanted: bool = True
    patience: timedelta = DEADLINE


@dataclass(frozen=True, slots=True)
class Polled:
    """The Mac asked for work, or time passed: the deadline is looked at. `idle` begins a new conversation."""

    idle: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The Mac answered one of the two commands."""

    need: Need
    acknowledged: bool


Event = Awaits | Polled | Answered


def step(release: Release, event: Event, now: datetime) -> tuple[Release, Need | None]:
    """Return the state after the event, and what to queue; the same event again changes nothing more."""
    match event:
        case Awaits():
            return _awaits(release, event, now)
        case Answered(need=Need.ACCOUNT):
            return _account_answered(release, now, acknowledged=event.acknowledged)
        case Answered():
            return _release_answered(release, acknowledged=event.acknowledged)
        case Polled():
            return _polled(release, now, idle=event.idle)


def _awaits(release: Release, event: Awaits, now: datetime) -> tuple[Release, Need | None]:
    if event.awaiting is None:
        return _polled(release, now, idle=False)
    if not event.awaiting:
        if release.phase in {Phase.CONFIGURING, Phase.RELEASING}:  # it went on, whoever told it
            return replace(release, phase=Phase.RELEASED, resend=False), None
        return release, None
    if release.phase is Phase.CONFIGURING or (release.phase is Phase.RELEASING and not release.resend):
        return _polled(release, now, idle=False)
    if release.phase in {Phase.RELEASING, Phase.RELEASED}:  # it still waits: the release did not reach it
        return replace(release, phase=Phase.RELEASING, resend=False), Need.RELEASE
    fresh = Release(deadline_at=now + event.patience)
    if event.account_wanted:
        return replace(fresh, phase=Phase.CONFIGURING, tries=1), Need.ACCOUNT
    return replace(fresh, phase=Phase.RELEASING, account=Outcome.NOT_WANTED), Need.RELEASE


def _account_answered(release: Release, now: datetime, *, acknowledged: bool) -> tuple[Release, Need | None]:
    if release.phase is not Phase.CONFIGURING:
        late = acknowledged and release.account is Outcome.REFUSED and release.phase is not Phase.IDLE
        return (replace(release, account=Outcome.CONFIGURED) if late else release), None
    if acknowledged:
        return replace(release, phase=Phase.RELEASING, account=Outcome.CONFIGURED), Need.RELEASE
    sooner = min(release.deadline_at or now, now + AFTER_REFUSAL) if release.tries == 1 else release.deadline_at
    refused = replace(release, account=Outcome.REFUSED, deadline_at=sooner)
    if release.tries < MOST_TRIES:
        return replace(refused, tries=release.tries + 1), Need.ACCOUNT
    return _polled(refused, now, idle=False)


def _release_answered(release: Release, *, acknowledged: bool) -> tuple[Release, Need | None]:
    if release.phase is not Phase.RELEASING:
        return release, None
    if acknowledged:
        return replace(release, phase=Phase.RELEASED, resend=False), None
    return replace(release, resend=True), None  # not in this conversation again, or the two would talk for ever


def _polled(release: Release, now: datetime, *, idle: bool) -> tuple[Release, Need | None]:
    if release.phase is Phase.CONFIGURING and release.deadline_at is not None and now >= release.deadline_at:
        return replace(release, phase=Phase.RELEASING, released_late=True), Need.RELEASE
    if release.phase is Phase.RELEASING and release.resend and idle:
        return replace(release, resend=False), Need.RELEASE
    return release, None
