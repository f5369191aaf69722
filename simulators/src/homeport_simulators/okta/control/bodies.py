"""Reading a control request's JSON, and refusing what does not fit in Okta's form."""

import json
from collections.abc import Awaitable, Callable, Mapping
from types import UnionType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from homeport_simulators.okta.errors import api_error

Handler = Callable[[Request], Awaitable[Response]]


class ControlError(Exception):
    """A request that is not served; `sentence` says why."""

    def __init__(self, sentence: str, *, status: int = 400, code: str = "E0000001") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.code = code


def not_found(kind: str, key: str) -> ControlError:
    """Return the error for something that is not there."""
    return ControlError(f"There is no {kind} {key}.", status=404, code="E0000007")


async def json_object(request: Request, types: Mapping[str, type | UnionType]) -> dict[str, Any]:
    """Return the body's members, all of them known and of their type; an empty body is an empty object."""
    raw = await request.body()
    if not raw:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ControlError("Send application/json.", code="E0000003")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise ControlError("The body is not JSON.", code="E0000003") from error
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.", code="E0000003")
    for name, value in body.items():
        if name not in types:
            raise ControlError(f"There is no member {name}; the members are: {', '.join(types)}.")
        if not isinstance(value, types[name]):
            raise ControlError(f"The member {name} must be of type {getattr(types[name], '__name__', types[name])}.")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise ControlError(f"The member {name} must be a list of strings.")
    return body


def guarded(handler: Handler, own_origin: str) -> Handler:
    """Return the handler for callers on this machine, which no web page may call, its refusals rendered."""

    async def answer(request: Request) -> Response:
        client = request.client.host if request.client else ""
        if not (client.startswith("127.") or client == "::1"):
            return api_error(403, "E0000006", "The control API answers only callers on the same machine.")
        if request.headers.get("origin", own_origin) != own_origin:
            return api_error(403, "E0000006", "The control API does not answer web pages of other sites.")
        try:
            return await handler(request)
        except ControlError as error:
            return api_error(error.status, error.code, error.sentence)

    return answer
