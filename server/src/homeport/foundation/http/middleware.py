"""Raw ASGI middleware: request id, Host check, body limit and encoding, same-origin check, security headers, access log."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeport.foundation.kernel.entropy import Entropy

log = structlog.get_logger()
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROGRAM_PATHS = ("/api/", "/insights/", "/agent/", "/oauth/token", "/oauth/device_authorization", "/scim/", "/mdm")
"""Paths that never look at the session cookie, so a cross-site request gains nothing there."""
SECRET_PATHS = ("/admin/link/", "/user/link/", "/user/device/")
"""Paths that end in a secret, so the access log leaves their end out."""
LARGER_BODIES = {"/admin/users/import": 256_000_000}
"""Paths that take files, with the most bytes of a body; the page says in its own words what is too large before that."""
TOO_LARGE = "The request is larger than {} bytes.\n"
MOST_DIGITS = 19
"""Of a Content-Length: what 64 bits hold; Python refuses to read numbers of thousands of digits."""
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action {forms}; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class Shell:
    """Wraps the application. `public_url` is the only source of links; `max_body` is in bytes."""

    app: ASGIApp
    public_url: str
    entropy: Entropy
    max_body: int = 1_000_000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = self.entropy.new_id()
        started = time.perf_counter()
        headers = Headers(scope=scope)
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        limit = LARGER_BODIES.get(scope["path"], self.max_body)
        refusal = self._refusal(scope, headers, limit)
        try:
            if refusal is not None:
                await refusal(scope, receive, send_with_headers)
            else:
                await self.app(scope, _Limited(receive, limit), send_with_headers)
        finally:
            log.info(
                "request",
                method=scope["method"],
                path=without_secret(scope["path"]),
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                request_id=scope["request_id"],
                address=scope["client"][0] if scope.get("client") else "",
            )

    def _refusal(self, scope: Scope, headers: Headers, limit: int) -> PlainTextResponse | None:
        if "\x00" in scope["path"]:
            return PlainTextResponse("There is nothing at this address.\n", 404)
        if len(headers.getlist("host")) > 1:
            return PlainTextResponse("The request names two hosts.\n", 400)  # RFC 9112, section 3.2
        if not self._is_ours(headers.get("host", "")):
            return PlainTextResponse(f"This server answers only as {self.public_url}.\n", 421)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > MOST_DIGITS or int(length) > limit:
            return PlainTextResponse(TOO_LARGE.format(limit), 413)
        if not _is_utf8(headers.get("content-type", "")):
            return PlainTextResponse("Send text as UTF-8.\n", 415)
        if scope["method"] not in SAFE_METHODS and not scope["path"].startswith(PROGRAM_PATHS) and not self._same_origin(headers):
            return PlainTextResponse(
                "This form was sent from another site, so it was not carried out. Open the page again and repeat.\n", 403
            )
        return None

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host header names this server; letters' case and a default port make no difference (RFC 9110, 7.2)."""
        scheme, _, expected = self.public_url.partition("://")
        return host.lower().removesuffix(":443" if scheme == "https" else ":80") == expected

    def _same_origin(self, headers: Headers) -> bool:
        """Tell whether a browser sent this from our own pages: `Sec-Fetch-Site` first, `Origin` for browsers without it."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return headers.get("origin") == self.public_url

    def _add_headers(self, headers: MutableHeaders, scope: Scope) -> None:
        forms: Iterable[str] = scope.get("state", {}).get("form_origins", ())
        headers.setdefault("Content-Security-Policy", CSP.format(forms=" ".join(["'self'", *forms])))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("X-Request-Id", scope["request_id"])
        headers.setdefault("Cache-Control", "no-store")
        if self.public_url.startswith("https:"):
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _is_utf8(content_type: str) -> bool:
    """Tell whether a body's text is UTF-8. Another `charset`, such as one that spells half characters, is decoded for nobody."""
    parameters = [one.partition("=") for one in content_type.lower().split(";")[1:]]
    charsets = {value.strip().strip('"') for name, _, value in parameters if name.strip() == "charset"}
    return charsets <= {"utf-8", "utf8", "us-ascii"}


def without_secret(path: str) -> str:
    """Return the path as the log may keep it: a one-time link's token is as good as a password."""
    return next((f"{prefix}…" for prefix in SECRET_PATHS if path.startswith(prefix)), path)


class _Limited:
    """Counts a request's body as it arrives, since `Content-Length` may be missing or wrong; raises 413 for what is too large."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self.receive, self.limit, self.left = receive, limit, limit

    async def __call__(self) -> Message:
        message = await self.receive()
        if message["type"] == "http.request":
            self.left -= len(message.get("body", b""))
            if self.left < 0:
                raise HTTPException(413, TOO_LARGE.format(self.limit).strip())
        return message
