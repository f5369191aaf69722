"""What is asked of the network and what comes back; pure, so that state machines can speak of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from homeport.foundation.outbound.urls import Origin

TIMEOUT = 8.0
"""Seconds that one fetch may take in all: names, connections, redirects and the last byte of the body."""
MAX_BYTES = 1_000_000
"""How large a body may be after decompression."""


class FailureKind(StrEnum):
    """Why there is no answer."""

    INVALID_URL = "invalid_url"
    NOT_HTTPS = "not_https"
    DNS = "dns"
    ADDRESS_BLOCKED = "address_blocked"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    TLS = "tls"
    PROXY = "proxy"
    PROTOCOL = "protocol"
    ENCODING = "encoding"
    TOO_LARGE = "too_large"
    REDIRECT_LOOP = "redirect_loop"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request. `form` makes a body of type `application/x-www-form-urlencoded`; `content` is a body of any other type.

    `timeout` is in seconds and covers everything; `max_bytes` counts after decompression; `follow_redirects` is how many redirects
    are followed (0: the redirect itself is the answer). Headers and bodies may hold secrets, so they stay out of the text form.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    form: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)
    content: tuple[str, bytes] | None = field(default=None, repr=False)
    """Its media type and its bytes."""
    timeout: float = TIMEOUT
    max_bytes: int = MAX_BYTES
    follow_redirects: int = 0
    accept: str = "application/json"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of any status. `url` is where it came from after redirects, `address` the checked address, `elapsed` seconds."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    url: str
    address: str = ""
    elapsed: float = 0.0

    def header(self, name: str) -> str | None:
        """Return the first header of that name, or None."""
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """No answer. `detail` says what happened, why, and how to mend it; it never holds a secret."""

    kind: FailureKind
    url: str
    detail: str


class Fetcher(Protocol):
    """Whatever answers fetches: the client itself, or a cache in front of it."""

    async def fetch(self, request: Fetch) -> Response | FetchFailed:
        """Answer one request; failures are results."""
        ...


class Sender(Fetcher, Protocol):
    """The client itself, which also sends bytes to where nobody answers."""

    async def deliver(self, origin: Origin, content: bytes, *, timeout: float) -> FetchFailed | None:  # noqa: ASYNC109 - a limit, as of a Fetch
        """Send bytes over TCP or TLS; None says that the other side took all and closed."""
        ...
