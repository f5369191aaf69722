"""A log of what arrived, without its secrets, so that a test can say what a client sent."""

from collections import deque
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeport_simulators.okta.clock import Clock

CONTROL = "/_simulator"
_CAPACITY = 10_000
_BODY_LIMIT = 64 * 1024
_SECRETS = frozenset(
    {"client_secret", "client_assertion", "password", "code", "code_verifier", "access_token", "refresh_token", "id_token_hint"}
)
_KEPT_HEADERS = ("host", "user-agent", "accept", "content-type", "origin")


class RequestLog:
    """What arrived; `entries` has the newest last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._number = 0
        self.entries: deque[dict[str, Any]] = deque(maxlen=_CAPACITY)

    def open(self, scope: Scope) -> dict[str, Any]:
        """Note a request; its form and its status are added as they come."""
        headers = Headers(scope=scope)
        self._number += 1
        entry: dict[str, Any] = {
            "number": self._number,
            "at": self._clock.now().isoformat(),
            "method": scope["method"],
            "path": scope["path"],
            "params": {},
            "headers": {name: headers[name] for name in _KEPT_HEADERS if name in headers},
            "authorization": headers["authorization"].partition(" ")[0] if "authorization" in headers else None,
            "status": None,
        }
        _add(entry["params"], parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        self.entries.append(entry)
        return entry


class Recorded:
    """Passes requests on and records all that are not the control API's."""

    def __init__(self, app: ASGIApp, log: RequestLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, noting it first and its status later."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        entry = self._log.open(scope)
        is_form = entry["headers"].get("content-type", "").startswith("application/x-www-form-urlencoded")
        body = bytearray()

        async def noting_receive() -> Message:
            message = await receive()
            if message["type"] == "http.request" and is_form:
                body.extend(message.get("body", b"")[: _BODY_LIMIT - len(body)])
                if not message.get("more_body"):
                    _add(entry["params"], parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            return message

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        await self._app(scope, noting_receive, noting_send)


def _add(params: dict[str, Any], pairs: Iterable[tuple[str, str]]) -> None:
    """Add parameters; one that comes twice becomes a list, a secret becomes `***`."""
    for name, value in pairs:
        shown = "***" if name in _SECRETS and value else value
        if name not in params:
            params[name] = shown
        elif isinstance(params[name], list):
            params[name].append(shown)
        else:
            params[name] = [params[name], shown]
