"""Asks one server's REST API: over verified TLS, within a time, up to a size, following no redirect; what goes wrong is a Failure."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from homeport import __version__
from homeport.cli.plainly import Failure, Misuse, Refusal, Unreachable, printable
from homeport.cli.remote.access import Access

if TYPE_CHECKING:
    import http.client
    import ssl

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer; a page of a hundred rows has under one million."""
PAGE = 100
"""Rows asked for at a time; the server gives no more."""
CONNECTING = 10.0
IDLE = 2.0
"""Seconds after which a connection is not used again, since the server may be closing it."""
LONGEST_SENTENCE = 2000
JsonObject = dict[str, Any]
Query = Sequence[tuple[str, str]]


class Refused(Refusal):
    """The server said no. `code` is the HTTP status."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered: JSON, or None where it says nothing. `etag` is empty when it gave none."""

    code: int
    body: Any
    etag: str
    total: int | None


class Api:
    """One server. `seconds` is the longest that one question may take in all."""

    def __init__(self, access: Access, seconds: float = 30) -> None:
        self._access = access
        self._seconds = seconds
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    @property
    def url(self) -> str:
        """The server's address."""
        return self._access.url

    def get(self, path: str, query: Query = ()) -> Answer:
        """Read something."""
        return self._ask("GET", path, query)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, etag: str = "", query: Query = ()) -> Answer:
        """Change something; with `etag`, only if it is still as it was read."""
        return self._ask(method, path, query, body, etag)

    def rows(self, path: str, key: str, query: Query = (), limit: int | None = None) -> Iterator[JsonObject]:
        """Give each thing of a list, fetching page after page while they are taken. `key` names the list in the answer, if it has a name."""
        given = 0
        while limit is None or given < limit:
            size = PAGE if limit is None else min(PAGE, limit - given)
            answer = self.get(path, [*query, ("limit", str(size)), ("skip", str(given))])
            page = answer.body.get(key) if key and isinstance(answer.body, dict) else answer.body
            if not isinstance(page, list) or not all(isinstance(row, dict) for row in page):
                raise self._foreign(f"{path} is no list")
            yield from page
            given += len(page)
            if len(page) < size:
                return

    def _ask(self, method: str, path: str, query: Query, body: Mapping[str, Any] | None = None, etag: str = "") -> Answer:
        import http.client  # noqa: PLC0415 - --help does not need it

        target = f"{quote(path)}?{urlencode(query)}" if query else quote(path)
        headers = {"x-api-key": self._access.key, "Accept": "application/json", "User-Agent": f"homeport/{__version__}"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if etag:
            headers["If-Match"] = etag
        started = time.monotonic()
        connection = self._open()
        assert connection.sock is not None
        watch = threading.Timer(self._seconds, _hang_up, [connection.sock])
        watch.daemon = True
        watch.start()
        try:
            connection.request(method, target, data, headers)
            response = connection.getresponse()
            with response:
                raw = response.read(LARGEST + 1)
            if len(raw) <= LARGEST and response.length:
                raise http.client.IncompleteRead(raw, response.length)
            if time.monotonic() - started >= self._seconds:
                raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error, late=time.monotonic() - started >= self._seconds, changing=method != "GET") from None
        finally:
            watch.cancel()
        self._used_at = time.monotonic()
        if len(raw) > LARGEST:
            self.close()
            raise self._foreign(f"its answer is larger than {LARGEST // 1024 // 1024} MiB")
        return self._judged(response, raw, path)

    def _open(self) -> "http.client.HTTPConnection":
        import http.client  # noqa: PLC0415 - --help does not need it

        if self._connection is not None and self._connection.sock is not None and time.monotonic() - self._used_at < IDLE:
            return self._connection
        self.close()
        parts = urlsplit(self.url)
        limit = min(CONNECTING, self._seconds)
        host = parts.hostname or ""
        connection = (
            http.client.HTTPSConnection(host, parts.port, timeout=limit, context=self._trust())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=limit)
        )
        started = time.monotonic()
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._unreachable(error, late=time.monotonic() - started >= limit, changing=False) from None
        connection.sock.settimeout(self._seconds)
        self._connection = connection
        return connection

    def _trust(self) -> "ssl.SSLContext":
        import ssl  # noqa: PLC0415 - --help does not need it

        try:
            return ssl.create_default_context(cafile=str(self._access.ca_file) if self._access.ca_file else None)
        except (OSError, ssl.SSLError):
            raise Misuse(f"{self._access.ca_file} cannot be used as --ca-file: it must hold certificates in PEM form.") from None

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _judged(self, response: "http.client.HTTPResponse", raw: bytes, path: str) -> Answer:
        code = response.status
        if 300 <= code < 400:  # noqa: PLR2004 - redirects
            raise self._foreign(f"it leads to {printable(response.getheader('Location', '')[:200])}; the key was not sent there")
        body = _parsed(response, raw)
        if code == 421 and isinstance(body, str):  # noqa: PLR2004 - Misdirected Request, RFC 9110 section 15.5.20
            raise Unreachable(f"{printable(body.strip()[:300])} Use that address instead of {self.url}.")
        if code >= 400:  # noqa: PLR2004 - errors
            raise self._refusal(code, body, response, path)
        if isinstance(body, Unreadable):
            raise self._foreign(body.why)
        total = response.getheader("x-total-count", "")
        return Answer(code, body, response.getheader("ETag", ""), int(total) if total.isascii() and total.isdecimal() else None)

    def _refusal(self, code: int, body: Any, response: "http.client.HTTPResponse", path: str) -> Failure:
        said = body.get("message") if isinstance(body, dict) else None
        if not isinstance(said, str) or not said:
            if code >= 500:  # noqa: PLR2004 - the server's fault from here
                return Unreachable(
                    f"{self.url} answers with status {code}: the server, or a proxy before it, has a fault. Try again."
                )
            if isinstance(body, str):
                return Refused(f"{self.url} answers with status {code}: {printable(body.strip()[:300])}", code)
            return self._foreign(
                body.why if isinstance(body, Unreadable) else f"it answers {path} with status {code} and no sentence"
            )
        sentence = printable(said[:LONGEST_SENTENCE]).strip()
        if code == 401:  # noqa: PLR2004 - Unauthorized
            return Refused(
                f"{self.url} does not take this API key: it may have expired or been revoked, or it does not work from this address. "
                "Make another under SETTINGS > API Keys.",
                code,
            )
        if code == 404 and sentence == "There is nothing at this address.":  # noqa: PLR2004 - Not Found
            return Refused(f"{self.url} has no {path}: its version is older or newer than this command's ({__version__}).", code)
        if code == 412:  # noqa: PLR2004 - Precondition Failed
            return Refused(f"{sentence} Nothing was overwritten. Run the command again to see it as it is now.", code)
        if code == 429:  # noqa: PLR2004 - Too Many Requests
            wait = response.getheader("Retry-After", "")
            return Refused(f"{sentence} Try again in {wait} seconds." if wait.isdecimal() else sentence, code)
        if code >= 500:  # noqa: PLR2004 - the server's fault from here
            return Unreachable(sentence)
        return Refused(sentence + _named(body), code)

    def _unreachable(self, error: Exception, *, late: bool, changing: bool) -> Failure:
        import http.client  # noqa: PLC0415 - --help does not need it
        import ssl  # noqa: PLC0415 - the same

        if isinstance(error, ssl.SSLCertVerificationError):
            return Unreachable(
                f"The certificate of {self.url} is not believed: {error.verify_message}. If your organization signs its own, give its "
                "certificate with --ca-file."
            )
        if late or isinstance(error, TimeoutError):
            return self._late(changing=changing)
        if isinstance(error, ssl.SSLError):
            return Unreachable(f"No secure connection to {self.url}: {error.reason or error}. Check the address and its port.")
        if isinstance(error, socket.gaierror):
            return Unreachable(f"The name in {self.url} is not known here. Check it, and the network.")
        if isinstance(error, http.client.RemoteDisconnected) and not changing:
            return Unreachable(f"{self.url} ended the connection without an answer. Check that Homeport runs there.")
        if isinstance(error, http.client.HTTPException | UnicodeError):
            return self._foreign("it does not speak HTTP as it should") if not changing else self._broken()
        if changing:
            return self._broken()
        return Unreachable(
            f"{self.url} cannot be reached: {getattr(error, 'strerror', None) or error}. Check that Homeport runs there."
        )

    def _late(self, *, changing: bool) -> Failure:
        unknown = " Whether the change was made is not known: look before you try again." if changing else ""
        return Unreachable(f"{self.url} did not answer within {self._seconds:g} seconds.{unknown} --timeout allows more.")

    def _broken(self) -> Failure:
        return Unreachable(
            f"The connection to {self.url} broke off. Whether the change was made is not known: look before you try again."
        )

    def _foreign(self, why: str) -> Failure:
        return Unreachable(f"What answers at {self.url} is not Homeport's REST API: {why}. Check the address.")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that is not what the API answers."""

    why: str


def _parsed(response: "http.client.HTTPResponse", raw: bytes) -> Any:
    """Return the body's JSON, plain text as a string, None for nothing."""
    if response.status == 204 or not raw:  # noqa: PLR2004 - No Content
        return None
    kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    if response.getheader("Content-Encoding", "identity") != "identity":
        return Unreadable("its answer is packed although that was not asked for")
    if kind == "text/plain":
        return raw.decode("utf-8", "replace") if response.status >= 400 else Unreadable("it sends text instead of JSON")  # noqa: PLR2004 - errors
    if kind != "application/json":
        return Unreadable(f"it sends {printable(kind[:60]) or 'something without a type'} instead of JSON")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return Unreadable("its JSON cannot be read")


def _named(body: JsonObject) -> str:
    """Return what the details add to the sentence: the permission that is missing."""
    details = body.get("details")
    for one in details if isinstance(details, list) else ():
        permission = one.get("permission") if isinstance(one, dict) else None
        if isinstance(permission, str):
            return f" The permission is {printable(permission[:100])}; docs/reference/permissions.md says which roles have it."
    return ""


def _hang_up(connected: socket.socket) -> None:
    """End a connection under a reader that waits too long; the per-read time-out does not see one that drips."""
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # the TLS layer above would forget that it is one
