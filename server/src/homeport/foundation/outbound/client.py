"""The only HTTP client of the server.

Every fetch opens its own connection, so no connection outlives the check of its address, and no state is shared between fetches.
"""

import asyncio
import ssl
import time
import zlib
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

import httpcore2

from homeport.foundation.outbound.addresses import why_blocked
from homeport.foundation.outbound.model import FailureKind, Fetch, FetchFailed, Response
from homeport.foundation.outbound.network import Blocked, CheckedNetwork, Resolver, resolve
from homeport.foundation.outbound.streams import deliver
from homeport.foundation.outbound.urls import Origin, Target

CONNECT_TIMEOUT = 4.0
"""Seconds for one connection attempt, TLS included."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = "Homeport"


class _Failure(Exception):  # noqa: N818 - private to this file
    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Fetches from the network within limits.

    `allow`: exact origins that may be plain http and at any address; they are reached without the proxy. `proxy`: an http or https
    address, from the settings only, never from the environment; the proxy then resolves names, and its own rules decide where it
    connects. `ca_file`: certificates to trust besides the system's. `resolver`, `sockets` and `timer` are fields for tests.
    """

    allow: frozenset[Origin] = frozenset()
    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    resolver: Resolver = resolve
    sockets: httpcore2.AsyncNetworkBackend = field(default_factory=httpcore2.AnyIOBackend, repr=False)
    timer: Callable[[], float] = time.monotonic
    _tls: list[ssl.SSLContext] = field(default_factory=list, repr=False)

    async def fetch(self, request: Fetch) -> Response | FetchFailed:
        """Answer one request; whatever goes wrong is a FetchFailed with a sentence."""
        started = self.timer()
        try:
            async with asyncio.timeout(request.timeout):
                response = await self._follow(request)
        except TimeoutError:
            return FetchFailed(
                FailureKind.TIMEOUT,
                _safe(request.url),
                f"{_safe(request.url)} did not answer completely within {request.timeout:g} s. "
                "Check the address, and whether a firewall drops connections from this server.",
            )
        except _Failure as failure:
            return FetchFailed(failure.kind, _safe(request.url), failure.detail)
        return replace(response, elapsed=self.timer() - started)

    async def deliver(self, origin: Origin, content: bytes, *, timeout: float) -> FetchFailed | None:  # noqa: ASYNC109 - a limit, as of a Fetch
        """Send bytes over TCP or TLS to where nobody answers; None says that the other side took all and closed.

        Never through the proxy, which speaks HTTP only. Addresses are checked as for a fetch; plain TCP needs the allow list.
        """
        return await deliver(self, origin, content, timeout)

    @property
    def tls(self) -> ssl.SSLContext:
        """What certificates are judged by."""
        if not self._tls:
            self._tls.append(self.fresh_tls())
        return self._tls[0]

    def fresh_tls(self) -> ssl.SSLContext:
        """Return the same for one purpose alone, such as a client certificate."""
        context = httpcore2.default_ssl_context()
        if self.ca_file is not None:
            context.load_verify_locations(cafile=self.ca_file)
        return context

    async def _follow(self, request: Fetch) -> Response:
        target = _parse(request.url)
        seen = {str(target)}
        left = request.follow_redirects
        while True:
            response = await self._once(target, request)
            location = response.header("location")
            if request.follow_redirects == 0 or response.status not in REDIRECTS or location is None:
                return response
            try:
                following = target.join(location)
            except ValueError as error:
                raise _Failure(
                    FailureKind.INVALID_URL, f"{target.safe()} redirects to an address that cannot be used."
                ) from error
            if left == 0 or str(following) in seen:
                raise _Failure(
                    FailureKind.REDIRECT_LOOP,
                    f"{_safe(request.url)} redirects in a circle or more than {request.follow_redirects} times. "
                    "Enter the address at which the document really lies.",
                )
            left -= 1
            seen.add(str(following))
            if following.origin != target.origin:
                request = replace(request, headers=())  # a header meant for one origin is not shown to another
            request = replace(request, method="GET", form=None, content=None)
            target = following

    async def _once(self, target: Target, request: Fetch) -> Response:
        allowed = target.origin in self.allow
        if target.origin.scheme != "https" and not allowed:
            raise _Failure(
                FailureKind.NOT_HTTPS,
                f"{target.safe()} is not https, so nothing sent to it would be protected. Use its https address.",
            )
        through_proxy = self.proxy is not None and not allowed
        if through_proxy:
            _refuse_literal(target.origin.host)
        network = CheckedNetwork(self.resolver, allowed or through_proxy, self.connect_timeout, self.sockets)
        try:
            async with self._pool(network, target, through_proxy=through_proxy) as pool:
                return await self._exchange(pool, network, target, request)
        except Blocked as blocked:
            raise _Failure(blocked.kind, blocked.detail) from blocked
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            httpcore2.ProxyError,
            OSError,
        ) as error:
            raise explained(error, target) from error

    def _pool(self, network: CheckedNetwork, target: Target, *, through_proxy: bool) -> httpcore2.AsyncConnectionPool:
        if through_proxy and self.proxy is not None:
            return httpcore2.AsyncHTTPProxy(self.proxy, ssl_context=self.tls, network_backend=network)
        tls = self.tls if target.origin.scheme == "https" else None  # reading the system's certificates takes a while
        return httpcore2.AsyncConnectionPool(ssl_context=tls, network_backend=network)

    async def _exchange(
        self, pool: httpcore2.AsyncConnectionPool, network: CheckedNetwork, target: Target, request: Fetch
    ) -> Response:
        typed = request.content
        if request.form is not None:
            typed = ("application/x-www-form-urlencoded", urlencode(request.form).encode())
        headers = [
            ("Host", str(target.origin).partition("://")[2]),
            ("Accept", request.accept),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
            ("User-Agent", USER_AGENT),
            *request.headers,
        ]
        if typed is not None:
            headers.append(("Content-Type", typed[0]))
        origin = target.origin
        url = httpcore2.URL(
            scheme=origin.scheme.encode(), host=origin.host.encode(), port=origin.port, target=target.path.encode()
        )
        limits = {"connect": self.connect_timeout, "read": request.timeout, "write": request.timeout, "pool": request.timeout}
        async with pool.stream(
            request.method,
            url,
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
            content=typed[1] if typed is not None else None,
            extensions={"timeout": limits},
        ) as answer:
            received = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers)
            if not isinstance(answer.stream, AsyncIterable):
                raise _Failure(FailureKind.PROTOCOL, f"{target.safe()} gave an answer that cannot be read.")
            body = await _read(answer.stream, received, request.max_bytes, target)
            return Response(answer.status, received, body, str(target), network.address)


async def _read(stream: AsyncIterable[bytes], headers: tuple[tuple[str, str], ...], limit: int, target: Target) -> bytes:
    encoding = next((value.strip().lower() for name, value in headers if name == "content-encoding"), "identity")
    if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise _Failure(FailureKind.ENCODING, f"{target.safe()} answered in an encoding that was not asked for.")
    inflate = None if encoding in {"identity", ""} else zlib.decompressobj(wbits=47)  # 47: gzip or zlib, by its header
    body = bytearray()
    try:
        async for part in stream:
            # One byte more than allowed is enough to know; a bomb is never unpacked.
            body += part if inflate is None else inflate.decompress(part, limit + 1 - len(body))
            if len(body) > limit:
                raise _Failure(
                    FailureKind.TOO_LARGE,
                    f"{target.safe()} answered with more than {limit // 1000} kB, so Homeport stopped reading. "
                    "That is not the document that was asked for; check the address.",
                )
    except zlib.error as error:
        raise _Failure(FailureKind.ENCODING, f"{target.safe()} answered with damaged compression.") from error
    if inflate is not None and body and not inflate.eof:
        raise _Failure(FailureKind.ENCODING, f"{target.safe()} broke off in the middle of its answer.")
    return bytes(body)


def _parse(url: str) -> Target:
    try:
        return Target.parse(url)
    except ValueError as error:
        raise _Failure(FailureKind.INVALID_URL, str(error)) from error


def _safe(url: str) -> str:
    try:
        return Target.parse(url).safe()
    except ValueError:
        return "The address"


def _refuse_literal(host: str) -> None:
    """Judge an address that is written out; a name is left to the proxy."""
    why = why_blocked(host)
    if why not in {None, "no IP address"}:
        raise _Failure(
            FailureKind.ADDRESS_BLOCKED, f"{host} is not a public address ({why}), so Homeport does not connect to it."
        )


def explained(error: Exception, target: Target) -> _Failure:
    """Find the cause that an operator can act on."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _Failure(
                FailureKind.TLS,
                f"The certificate of {target.origin.host} is not accepted: {cause.verify_message.rstrip('.')}. "
                "If your own authority issued it, name its file in `outbound.ca_file`.",
            )
        if isinstance(cause, ssl.SSLError):
            return _Failure(FailureKind.TLS, f"{target.origin.host} does not speak TLS as expected. Check scheme and port.")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.TimeoutException):
        return _Failure(
            FailureKind.TIMEOUT,
            f"{target.origin} did not take the connection in time. Check the address and the firewall between.",
        )
    if isinstance(error, httpcore2.ProxyError):
        return _Failure(
            FailureKind.PROXY, f"The proxy refused to connect to {target.origin}. Check `outbound.proxy` and its rules."
        )
    if isinstance(error, httpcore2.ProtocolError):
        return _Failure(FailureKind.PROTOCOL, f"{target.safe()} broke off or does not speak HTTP. Check scheme and port.")
    if isinstance(error, httpcore2.ConnectError):
        return _Failure(FailureKind.REFUSED, f"{target.origin} does not take connections. Check host and port.")
    return _Failure(FailureKind.REFUSED, f"{target.origin} closed the connection before it had answered. Try again.")
