"""One long HTTP/2 connection (RFC 9113) with a client certificate, for services that want many requests over one connection.

What is checked is what is reached, as for a fetch: the address is resolved and judged at each connection, and the connection ends with
its check when it is closed.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterable
from dataclasses import dataclass, field

import httpcore2

from homeport.foundation.outbound.client import Outbound, explained
from homeport.foundation.outbound.model import FailureKind, FetchFailed, Response
from homeport.foundation.outbound.network import Blocked, CheckedNetwork
from homeport.foundation.outbound.urls import Origin, Target

MOST_BYTES = 16_384
IDLE = 3_600.0
"""Seconds after which a connection that nobody used is opened anew."""


@dataclass(slots=True)
class Http2:
    """One connection to one origin; opened at the first request, and anew when it broke. `certificate` and `key` are PEM."""

    outbound: Outbound
    origin: Origin
    certificate: str
    key: bytes = field(repr=False)
    _pool: httpcore2.AsyncConnectionPool | None = None

    async def post(
        self,
        path: str,
        headers: tuple[tuple[str, str], ...],
        content: bytes,
        *,
        timeout: float = 10.0,  # noqa: ASYNC109 - a limit, as of a Fetch
    ) -> Response | FetchFailed:
        """Send one request; whatever goes wrong is a FetchFailed with a sentence, which never holds the path."""
        target = Target(self.origin, "/")
        try:
            async with asyncio.timeout(timeout):
                return await self._post(path, headers, content, timeout)
        except Blocked as blocked:
            return FetchFailed(blocked.kind, str(self.origin), blocked.detail)
        except TimeoutError:
            return FetchFailed(FailureKind.TIMEOUT, str(self.origin), f"{self.origin} did not answer within {timeout:g} s.")
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            httpcore2.ProxyError,
            OSError,
        ) as error:
            failure = explained(error, target)
            return FetchFailed(failure.kind, str(self.origin), failure.detail)

    async def close(self) -> None:
        """End the connection."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def _post(self, path: str, headers: tuple[tuple[str, str], ...], content: bytes, limit: float) -> Response:
        if self._pool is None:
            self._pool = self._open()
        origin = self.origin
        url = httpcore2.URL(scheme=b"https", host=origin.host.encode(), port=origin.port, target=path.encode())
        limits = {"connect": self.outbound.connect_timeout, "read": limit, "write": limit, "pool": limit}
        sent = [("Host", str(origin).partition("://")[2]), *headers]
        async with self._pool.stream(
            "POST",
            url,
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in sent],
            content=content,
            extensions={"timeout": limits},
        ) as answer:
            received = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers)
            body = b""
            assert isinstance(answer.stream, AsyncIterable)
            async for part in answer.stream:
                body += part[: MOST_BYTES - len(body)]
            return Response(answer.status, received, body, str(origin), "")

    def _open(self) -> httpcore2.AsyncConnectionPool:
        rules = self.outbound
        allowed = self.origin in rules.allow
        through_proxy = rules.proxy is not None and not allowed
        network = CheckedNetwork(rules.resolver, allowed or through_proxy, rules.connect_timeout, rules.sockets)
        context = rules.fresh_tls()
        _prove(context, self.certificate, self.key)
        if through_proxy and rules.proxy is not None:
            return httpcore2.AsyncHTTPProxy(
                rules.proxy, ssl_context=context, network_backend=network, http1=False, http2=True, max_connections=1
            )
        return httpcore2.AsyncConnectionPool(
            ssl_context=context, network_backend=network, http1=False, http2=True, max_connections=1, keepalive_expiry=IDLE
        )


def _prove(context: ssl.SSLContext, certificate: str, key: bytes) -> None:
    """Load a client certificate. OpenSSL takes files only; this one is in memory and gone at once."""
    handle = os.memfd_create("client-certificate")
    try:
        os.write(handle, certificate.encode() + b"\n" + key)
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
