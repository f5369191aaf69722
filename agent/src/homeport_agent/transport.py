"""HTTP with limits: one request, one answer, no redirects, no more bytes and no more seconds than allowed."""

import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from homeport_agent import __version__
from homeport_agent.refusals import Reason, Refusal

SECONDS = 20.0
_MOST_BYTES = 1_048_576
_CHUNK = 65_536


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, its body read as JSON when it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def date(self) -> float | None:
        """The server's time, seconds since 1970, by its ``Date`` header."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except (ValueError, TypeError):
            return None


def checked_address(url: str) -> str:
    """``url`` without a trailing slash; a refusal unless it is https, or http to this machine itself."""
    parts = urlsplit(url)
    try:
        usable = bool(parts.hostname) and parts.username is None and not parts.fragment and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.scheme not in {"http", "https"}:
        raise Refusal(Reason.SERVER_ADDRESS_INVALID, f"{url!r} is no server address. Write it like https://id.example.com.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise Refusal(
            Reason.SERVER_ADDRESS_INVALID,
            f"{url} is not encrypted, and only a server on this same machine may be. Write https:// instead.",
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Transport:
    """Sends requests; the only code of the agent that opens a network connection."""

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Whom it trusts; read when the first connection needs it, since most commands make none and it takes a third of their start."""
        return ssl.create_default_context()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, seconds: float = SECONDS) -> Answer:
        """Fetch ``url``."""
        return self._exchange("GET", url, None, headers or {}, seconds)

    def post_json(self, url: str, value: Any, *, headers: Mapping[str, str] | None = None, seconds: float = SECONDS) -> Answer:
        """Send ``value`` as JSON."""
        body = json.dumps(value).encode()
        return self._exchange("POST", url, body, {**(headers or {}), "Content-Type": "application/json"}, seconds)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> Answer:
        """Send ``fields`` as a form."""
        body = urlencode(fields).encode()
        return self._exchange(
            "POST", url, body, {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}, SECONDS
        )

    def _exchange(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], seconds: float) -> Answer:
        parts = urlsplit(checked_address(url))
        host = parts.hostname or ""
        connection = (
            http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=self._tls)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=seconds)
        )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {"Accept": "application/json", "User-Agent": f"homeport-agent/{__version__}", "Connection": "close", **headers}
        watch = _Watch(seconds)
        try:
            connection.connect()
            watch.socket = connection.sock
            connection.request(method, target, body, sent)
            with contextlib.closing(connection.getresponse()) as response:
                read = _read_limited(response, url)
            watch.check()
        except (OSError, http.client.HTTPException) as error:
            cause = "it took too long" if watch.late else _cause(error)
            raise Refusal(
                Reason.SERVER_UNREACHABLE,
                f"The server at {parts.scheme}://{parts.netloc} does not answer ({cause}). Check the network and try again.",
            ) from error
        finally:
            watch.cancel()
            connection.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, read)


class _Watch:
    """Hangs up after so many seconds; the socket's own timeout begins again with every byte of an answer that drips."""

    def __init__(self, seconds: float) -> None:
        self.late = False
        self.socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self._timer.start()

    def _hang_up(self) -> None:
        self.late = True
        if self.socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)  # not TLS's own, which another thread is using

    def check(self) -> None:
        """Raise when the answer ended because of the watch."""
        if self.late:
            raise TimeoutError

    def cancel(self) -> None:
        """End the watch."""
        self._timer.cancel()


def _read_limited(response: http.client.HTTPResponse, url: str) -> bytes:
    read = bytearray()
    while chunk := response.read(_CHUNK):
        read += chunk
        if len(read) > _MOST_BYTES:
            raise Refusal(
                Reason.SERVER_ANSWER_INVALID, f"The answer from {url} is too long. Check that the address is a Homeport server."
            )
    return bytes(read)


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
