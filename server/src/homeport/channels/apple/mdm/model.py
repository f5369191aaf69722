"""A Mac under management, and the commands it is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from homeport.channels.apple.mdm.binding import Account, BindingState
from homeport.channels.apple.mdm.release import Release

CHECKIN_PATH, CONNECT_PATH = "/mdm/checkin", "/mdm/connect"
"""CheckInURL and ServerURL of the enrolment profile. They name nobody and never change: a Mac refuses a profile that changes them."""
FINISHED_KEPT = timedelta(days=30)
"""How long an answered command is kept; a queue that only grows ends as a full database."""
WITH_PIN = ("DeviceLock", "EraseDevice")
"""Commands whose PIN opens the Mac again, so they are kept for ever."""


class MacState(StrEnum):
    """How far a Mac is: it began to enrol, it is enrolled, it said that it left, or it was told to erase itself."""

    AUTHENTICATED = "authenticated"
    ENROLLED = "enrolled"
    CHECKED_OUT = "checked_out"


class CommandState(StrEnum):
    """Where a command is: waiting, with the Mac, put off by it, or answered in one of two ways."""

    QUEUED = "queued"
    SENT = "sent"
    NOT_NOW = "not_now"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


OPEN = (CommandState.QUEUED, CommandState.SENT, CommandState.NOT_NOW)


@dataclass(frozen=True, slots=True)
class Mac:
    """One Mac under management; `device_id` is the device of the directory.

    `certificate_sha256` is the certificate its messages are bound to, `session_id` the sign-in that enrolled it. `push_token` is in
    hex. `awaiting` is what it last said of AwaitingConfiguration; a message without the key leaves it. `bootstrap_sealed` and
    `admin_sealed` are secrets in sealed form.
    """

    device_id: str
    serial: str
    udid: str
    certificate_sha256: str
    session_id: str
    user_id: str
    state: MacState
    enrolled_at: datetime
    last_seen_at: datetime
    topic: str = ""
    push_token: str = ""
    push_magic: str = ""
    push_due_at: datetime | None = None
    push_tries: int = 0
    push_error: str = ""
    awaiting: bool = False
    release: Release = field(default_factory=Release)
    account: Account = field(default_factory=Account)
    binding: BindingState = BindingState.NONE
    bootstrap_sealed: str = ""
    admin_name: str = ""
    admin_sealed: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    checked_out_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command for a Mac. `id` is the CommandUUID; `channel` is empty for the device, else a user's GUID.

    `body_sealed` is the command's plist, sealed because it may hold a PIN or a password's hash. `errors` is the Mac's ErrorChain.
    """

    id: str
    device_id: str
    channel: str
    request_type: str
    body_sealed: str
    state: CommandState
    created_at: datetime
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    errors: str = ""
    position: int = 0
    """Its place in the queue, given when it is stored; ids of one millisecond have no order."""

    @property
    def over(self) -> bool:
        """Tell whether the Mac has answered."""
        return self.state not in OPEN


def bootstrap_sealed_as(device_id: str) -> str:
    """Return the context under which a bootstrap token is sealed."""
    return f"apple bootstrap token {device_id}"


def admin_sealed_as(device_id: str) -> str:
    """Return the context under which a managed administrator's password is sealed."""
    return f"apple managed administrator {device_id}"


def command_sealed_as(command_id: str) -> str:
    """Return the context under which a command is sealed."""
    return f"apple command {command_id}"
