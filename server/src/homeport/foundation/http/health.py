"""What a load balancer asks: `/health/live` whether the process answers, `/health/ready` (and `/health`) whether it can work.

The answers name what was looked at and `ok` or `failed`, and leak nothing else: no version, no address, no error text. They are given
whatever host was named, since a load balancer asks by address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from homeport.foundation.http.metrics import Named

log = structlog.get_logger()
LIVE, READY = "/health/live", frozenset({"/health", "/health/ready"})
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Health:
    """Answers the health paths, and passes everything else on. `checks` raise when something fails; they may block."""

    app: ASGIApp
    checks: Mapping[str, Callable[[], None]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or (path != LIVE and path not in READY):
            await self.app(scope, receive, send)
            return
        scope["route"] = Named(path)
        await (await self._answer(scope["method"], path))(scope, receive, send)

    async def _answer(self, method: str, path: str) -> JSONResponse:
        if method not in {"GET", "HEAD"}:
            return JSONResponse({"status": "failed"}, 405, {**HEADERS, "Allow": "GET, HEAD"})
        if path == LIVE:
            return JSONResponse({"status": "ok"}, 200, HEADERS)
        found = {name: await run_in_threadpool(_outcome, name, check) for name, check in self.checks.items()}
        ready = all(outcome == "ok" for outcome in found.values())
        return JSONResponse({"status": "ok" if ready else "failed", "checks": found}, 200 if ready else 503, HEADERS)


def _outcome(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it failed
        log.warning("not_ready", check=name, error=type(error).__name__)
        return "failed"
    return "ok"
