"""Faults that replace or delay a whole answer: errors, HTML, floods, redirects, silence."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from homeport_simulators.okta.errors import api_error, oauth_error
from homeport_simulators.okta.org import Org

Arguments = dict[str, Any]
Commit = Callable[[Org, Request, Arguments], Awaitable[Response | None]]

_FLOOD_BYTES = 50 * 1024 * 1024
_FLOOD_PIECE = b"x" * 65536
_FLOOD_START, _FLOOD_END = b'{"padding":"', b'"}'
_FOR_NOBODY = Response(status_code=503)
_MAINTENANCE = "<!doctype html><html><head><title>Maintenance</title></head><body><h1>We are back soon</h1></body></html>"


async def _internal_error(_org: Org, _request: Request, _arguments: Arguments) -> Response:
    return api_error(500, "E0000009")


async def _not_found(_org: Org, _request: Request, _arguments: Arguments) -> Response:
    return api_error(404, "E0000007")


async def _html(_org: Org, _request: Request, _arguments: Arguments) -> Response:
    return HTMLResponse(_MAINTENANCE)


async def _late(_org: Org, request: Request, arguments: Arguments) -> Response | None:
    """Wait; when the client gives up meanwhile, so does the endpoint, and a later request finds everything as it was."""
    await request.body()  # kept by the request, so that what is still to come is the disconnect
    try:
        await asyncio.wait_for(_gone(request), arguments["seconds"])
    except TimeoutError:
        return None
    return _FOR_NOBODY


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _never(_org: Org, request: Request, _arguments: Arguments) -> Response:
    await _gone(request)
    return _FOR_NOBODY


async def _to_itself(_org: Org, request: Request, _arguments: Arguments) -> Response:
    return RedirectResponse(request.url.path, 302)


async def _elsewhere(_org: Org, request: Request, arguments: Arguments) -> Response:
    return RedirectResponse(arguments["url"], 307 if request.method == "POST" else 302)


async def _flood(_org: Org, _request: Request, arguments: Arguments) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield _FLOOD_START
        for _ in range(_FLOOD_BYTES // len(_FLOOD_PIECE)):
            yield _FLOOD_PIECE
        yield _FLOOD_END

    length = len(_FLOOD_START) + _FLOOD_BYTES + len(_FLOOD_END)
    headers = {"Content-Length": str(length)} if arguments["declared"] else {}
    return StreamingResponse(pieces(), media_type="application/json", headers=headers)


async def _bomb(_org: Org, _request: Request, _arguments: Arguments) -> Response:
    packer = zlib.compressobj(wbits=31)  # 31: with gzip's header
    pieces = [packer.compress(_FLOOD_START)]
    pieces += [packer.compress(_FLOOD_PIECE) for _ in range(_FLOOD_BYTES // len(_FLOOD_PIECE))]
    pieces += [packer.compress(_FLOOD_END), packer.flush()]
    return Response(b"".join(pieces), media_type="application/json", headers={"Content-Encoding": "gzip"})


async def _too_many(org: Org, _request: Request, arguments: Arguments) -> Response:
    response = too_many_requests(org.settings.rate_limit, org.clock.timestamp() + 60)
    if arguments["retry_after"]:
        response.headers["Retry-After"] = str(arguments["retry_after"])
    return response


def too_many_requests(limit: int, reset: int) -> Response:
    """Answer as Okta does when a rate limit is used up; it sends no `Retry-After`."""
    response = api_error(429, "E0000047")
    response.headers.update({"X-Rate-Limit-Limit": str(limit), "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(reset)})
    return response


async def _refused_code(_org: Org, _request: Request, _arguments: Arguments) -> Response:
    return oauth_error(400, "invalid_grant", "The authorization code is invalid or has expired.")


async def _refused_client(_org: Org, _request: Request, _arguments: Arguments) -> Response:
    return oauth_error(401, "invalid_client", "The client secret supplied for a confidential client is invalid.")


# Delays come first, so that a delay and an error can be asked for together.
_COMMITS: dict[str, dict[str, Commit]] = {
    "discovery": {
        "discovery_slow_headers": _late,
        "discovery_hang": _never,
        "discovery_500": _internal_error,
        "discovery_404": _not_found,
        "discovery_html": _html,
        "discovery_50mb": _flood,
        "discovery_gzip_bomb": _bomb,
        "discovery_redirect_loop": _to_itself,
        "discovery_redirect_elsewhere": _elsewhere,
    },
    "keys": {"keys_slow": _late, "keys_500": _internal_error, "keys_html": _html, "keys_50mb": _flood},
    "token": {
        "token_slow": _late,
        "token_500": _internal_error,
        "token_html": _html,
        "token_429": _too_many,
        "token_invalid_grant": _refused_code,
        "token_invalid_client": _refused_client,
        "token_50mb": _flood,
        "token_redirect": _elsewhere,
    },
    "userinfo": {"userinfo_slow": _late, "userinfo_500": _internal_error, "userinfo_html": _html},
}


async def instead(org: Org, endpoint: str, request: Request) -> Response | None:
    """Return the answer a fault puts in place of the endpoint's own, or nothing after any delay that is due."""
    due: list[tuple[Commit, Arguments]] = []
    for name, commit in _COMMITS[endpoint].items():
        if commit is not _late and any(other is not _late for other, _ in due):
            break  # one answer replaces another; the next fault waits for the next request
        arguments = org.faults.take(name)
        if arguments is not None:
            due.append((commit, arguments))
    for commit, arguments in due:
        response = await commit(org, request, arguments)
        if response is not None:
            return response
    return None
