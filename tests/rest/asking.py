"""Ask an application in this process what schemathesis made, in the words in which schemathesis sends it, and hear the whole answer.

It is what `TestClient` does, in one step instead of seven between the two threads, and without putting the request into words twice.
"""

from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import anyio
import requests
from schemathesis import Response
from starlette.types import ASGIApp, Message, Scope
from tests.support.one_loop import portal


def ask(app: ASGIApp, request: requests.PreparedRequest) -> Response:
    """Carry out the request; an exception that comes before any answer is raised."""
    body = request.body or b""
    started, content, error = portal().call(_answer, app, scope_of(request), body.encode() if isinstance(body, str) else body)
    if not started:
        raise error or AssertionError(f"{request.method} {request.url} was not answered")
    headers: dict[str, list[str]] = {}
    for name, value in started["headers"]:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    status = started["status"]
    return Response(status, headers, content, request, elapsed=0.0, verify=False, message=HTTPStatus(status).phrase)


def scope_of(request: requests.PreparedRequest) -> Scope:
    """Return what a server makes of the request's first lines."""
    url = urlsplit(str(request.url))
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(url.path),
        "raw_path": url.path.encode("ascii"),
        "root_path": "",
        "query_string": url.query.encode("ascii"),
        "headers": [
            (b"host", url.netloc.encode("ascii")),
            *((_bytes(name).lower(), _bytes(value)) for name, value in request.headers.items()),
        ],
        "client": ("testclient", 50000),
        "server": (url.hostname, url.port or {"http": 80, "https": 443}[url.scheme]),
    }


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


async def _answer(app: ASGIApp, scope: Scope, body: bytes) -> tuple[Message, bytes, Exception | None]:
    asked: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    said: list[Message] = []
    error = None

    async def receive() -> Message:
        while not asked:
            await anyio.sleep_forever()  # whoever asks listens to the end
        return asked.pop()

    async def send(message: Message) -> None:
        said.append(message)

    try:
        await app(scope, receive, send)
    except Exception as raised:  # noqa: BLE001 - as a server does, which has answered 500 by then
        error = raised
    return (said[0] if said else {}), b"".join(one.get("body", b"") for one in said[1:]), error
