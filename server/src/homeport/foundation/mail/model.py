"""The mail server, a message, and how sending it ended."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.foundation.kernel.events import Event

KEPT_FOR = timedelta(days=30)
"""How long it stays known what was sent to whom, without its text."""
MOST_TRIES = 5
SEALED_PASSWORD = "password of the mail server"  # noqa: S105 - to what it is sealed
PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Tls(StrEnum):
    """STARTTLS begins in the clear and must become TLS (RFC 3207); TLS is so from the start (RFC 8314); NONE never is."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes, and in whose name. `version` counts changes."""

    host: str
    port: int
    tls: Tls
    username: str
    password_sealed: str = field(repr=False)
    sender: str
    """The address that mail comes from, and to which a mail server sends bounces."""
    version: int
    updated_at: datetime
    password_set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A mail server with its password opened, for the moment of sending."""

    host: str
    port: int
    tls: Tls
    username: str
    password: str = field(repr=False)
    sender: str


class MailState(StrEnum):
    """WAITING to be sent, perhaps again; SENT: the mail server took it; REJECTED: it will never; FAILED: given up."""

    WAITING = "waiting"
    SENT = "sent"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One mail. `text_sealed` is empty once it is over; `answer` is what the mail server last said."""

    id: str
    recipient: str
    subject: str
    text_sealed: str = field(repr=False)
    state: MailState
    tries: int
    answer: str
    created_at: datetime
    ended_at: datetime | None = None


class Rejected(Exception):  # noqa: N818 - a kind of answer
    """The mail server will never take this message: a code 5xx (RFC 5321, section 4.2.1)."""


class NotNow(Exception):  # noqa: N818 - a kind of answer
    """It could not be sent now and may be later: no contact, no TLS, a code 4xx, or a server that refuses us as a whole."""


@dataclass(frozen=True, slots=True)
class MailEnded(Event):
    """A message was sent, rejected or given up."""

    message: Message


def sealed_text(message_id: str) -> str:
    """Return to what a message's text is sealed."""
    return f"text of mail {message_id}"
