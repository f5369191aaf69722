"""Headers on every answer: `Date` by the provider's own clock, and Okta's rate limits under `/oauth2`."""

from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeport_simulators.okta.faults.responses import too_many_requests
from homeport_simulators.okta.org import Org

_WINDOW = 60  # seconds; Okta counts per minute


class OktaHeaders:
    """Adds the headers and, if the org's settings say so, enforces the limit."""

    def __init__(self, app: ASGIApp, org: Org) -> None:
        self._app = app
        self._org = org
        self._window = 0
        self._used = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless its minute is used up."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        # Okta limits neither the keys nor the well-known documents.
        limited = path.startswith("/oauth2/") and not path.endswith("/v1/keys") and "/.well-known/" not in path
        limit, remaining, reset = self._count() if limited else (0, 0, 0)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Date"] = format_datetime(self._org.clock.now(), usegmt=True)
                if limited:
                    headers.setdefault("X-Rate-Limit-Limit", str(limit))
                    headers.setdefault("X-Rate-Limit-Remaining", str(max(remaining, 0)))
                    headers.setdefault("X-Rate-Limit-Reset", str(reset))
            await send(message)

        if limited and remaining < 0 and self._org.settings.enforce_rate_limit:
            await too_many_requests(limit, reset)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _count(self) -> tuple[int, int, int]:
        window = self._org.clock.timestamp() // _WINDOW
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        limit = self._org.settings.rate_limit
        return limit, limit - self._used, (window + 1) * _WINDOW
