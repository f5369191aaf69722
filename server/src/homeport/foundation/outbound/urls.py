"""Addresses of the web, read once and strictly, so that what is checked is what is connected to."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Self
from urllib.parse import urljoin, urlsplit

MAX_URL = 2_048
DEFAULT_PORTS = {"http": 80, "https": 443}
STREAMS = ("tls", "tcp")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?\Z")
_ADDRESS_6 = re.compile(r"[0-9a-f:.]{2,45}\Z")
_NUMERIC = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$")
"""The last label is a number, so resolvers read the whole as an IPv4 address, in forms such as `0x7f.1` too."""
_CHARACTERS = re.compile(r"[!-~]+\Z")
_FORBIDDEN = set('\\"<>^`{|}')
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port (RFC 6454, section 4)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an origin such as `http://127.0.0.1:8081`; raise ValueError with a sentence when it is none.

        What is no web but a stream is written `tls://host:port`, or without encryption `tcp://host:port`.
        """
        scheme, _, rest = text.partition("://")
        if scheme.lower() in STREAMS:
            place = cls.parse(f"https://{rest}")
            if not rest.rstrip("/").endswith(f":{place.port}"):
                raise ValueError(f"{text!r} names no port. It looks like tls://logs.example.com:6514")
            return cls(scheme.lower(), place.host, place.port)
        target = Target.parse(text)
        if target.path not in {"", "/"}:
            raise ValueError(f"{text!r} is no origin: leave out everything after host and port.")
        return cls(target.origin.scheme, target.origin.host, target.origin.port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" if self.port == DEFAULT_PORTS.get(self.scheme) else f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """An absolute http or https address. `path` holds the query too, exactly as it will be sent."""

    origin: Origin
    path: str

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read an address; raise ValueError with a sentence that says what is wrong with it."""
        if len(text) > MAX_URL:
            raise ValueError(f"The address is longer than {MAX_URL} characters.")
        if not _CHARACTERS.match(text) or _FORBIDDEN & set(text):
            raise ValueError(
                "The address holds a space or a character that must not stand in one. Write an international name in its xn-- form."
            )
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ValueError("The address cannot be read. It looks like https://example.okta.com") from error
        scheme = parts.scheme.lower()
        if scheme not in DEFAULT_PORTS:
            raise ValueError("The address must begin with https:// and a host.")
        if "@" in parts.netloc:
            raise ValueError("The address must not hold a user name or a password.")
        host = (parts.hostname or "").lower()
        bracketed = parts.netloc.startswith("[")
        if not (_ADDRESS_6.match(host) if bracketed else _HOST.match(host)):
            raise ValueError("The address names no valid host. It looks like https://example.okta.com")
        if not bracketed and _NUMERIC.search(host):
            _require_plain_address(host)
        if port is not None and not 0 < port <= _MAX_PORT:
            raise ValueError(f"The address's port must be a number from 1 to {_MAX_PORT}.")
        path = parts.path or "/"
        return cls(Origin(scheme, host, port or DEFAULT_PORTS[scheme]), f"{path}?{parts.query}" if parts.query else path)

    def join(self, location: str) -> "Target":
        """Return where a redirect leads (RFC 9110, section 10.2.2); raise ValueError when it leads nowhere."""
        try:
            return Target.parse(urljoin(str(self), location))
        except ValueError as error:
            raise ValueError("A redirect leads to an address that cannot be used.") from error

    def safe(self) -> str:
        """Return the address without its query, for sentences and logs."""
        return f"{self.origin}{self.path.partition('?')[0]}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


def _require_plain_address(host: str) -> None:
    try:
        IPv4Address(host)
    except ValueError as error:
        raise ValueError("The address's host is a number. Write an IP address as four decimal numbers, or use a name.") from error
