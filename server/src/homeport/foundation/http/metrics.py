"""What Prometheus asks: requests by route and status, durations, SQL statements, and the figures that others register.

A label's values are bounded: a route is named by its template, a method that HTTP does not know is `other`.
"""

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NOT_FOUND = "(none)"
"""The route of a request that no route answers."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Figures(Protocol):
    """Figures that are read when Prometheus asks; `collect` may block."""

    def collect(self) -> Iterable[Metric]:
        """Yield the figures as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class Metrics:
    """One application's metrics. They live in a registry of their own, so that two applications in a process share nothing."""

    registry: CollectorRegistry
    requests: Counter
    durations: Histogram
    statements: Counter

    @classmethod
    def fresh(cls) -> "Metrics":
        """Begin at nought."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        return cls(
            registry,
            Counter("homeport_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry),
            Histogram(
                "homeport_http_request_seconds", "Time to the end of the answer.", ("route",), buckets=SECONDS, registry=registry
            ),
            Counter("homeport_database_statements", "SQL statements sent to the database.", registry=registry),
        )

    def register(self, figures: Figures) -> None:
        """Add figures that are read when asked."""
        self.registry.register(figures)


@dataclass(frozen=True, slots=True)
class Metered:
    """Counts every request of the application inside, and answers `/metrics` itself.

    Prometheus names a host by its address, so this stands outside the check of the Host header and has its own: without a token only
    this machine may ask, and only by a loopback name and through no proxy, since behind a proxy everybody comes from loopback.
    """

    app: ASGIApp
    metrics: Metrics
    token: str = field(default="", repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if scope["path"] == "/metrics":
                scope["route"] = Named("/metrics")
                await (await self._answer(scope))(scope, receive, noting_status)
            else:
                await self.app(scope, receive, noting_status)
        finally:
            route = template(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.durations.labels(route).observe(time.perf_counter() - started)

    async def _answer(self, scope: Scope) -> Response:
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("Metrics are only read.\n", 405, {**headers, "Allow": "GET, HEAD"})
        if not self._may_ask(scope):
            return PlainTextResponse(
                "Metrics are for this machine, or for whoever sends the token of HOMEPORT_METRICS_TOKEN.\n",
                401,
                {**headers, "WWW-Authenticate": 'Bearer realm="metrics"'},
            )
        text = await run_in_threadpool(generate_latest, self.metrics.registry)
        return Response(text, 200, headers, CONTENT_TYPE_LATEST)

    def _may_ask(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        kind, _, given = headers.get("authorization", "").partition(" ")
        if self.token and kind.lower() == "bearer":
            return hmac.compare_digest(given.strip().encode(), self.token.encode())
        host = headers.get("host", "").lower()
        name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
        client = (scope.get("client") or ("",))[0]
        return client in LOOPBACK and name in LOOPBACK_NAMES and not any(one in headers for one in FORWARDED)


@dataclass(frozen=True, slots=True)
class Named:
    """Stands for a route where no router took part."""

    path: str


def template(scope: Scope) -> str:
    """Return the template of the route that answered, such as `/admin/users/{user_id}`."""
    found: Any = getattr(scope.get("route"), "path", None)
    if isinstance(found, str):
        return found
    return "/static" if scope["path"].startswith("/static/") else NOT_FOUND
