"""Which Host headers are ours, what is too large, and who gets a page and who a program's error."""

import asyncio
import contextlib
import json

import pytest
import structlog
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, PlainTextResponse

from homeport.foundation.http import problems
from homeport.foundation.http.middleware import Shell
from homeport.foundation.kernel.errors import StepUpRequired


def an_app():
    app = FastAPI()

    async def take(request: Request):
        form = await request.form()
        return PlainTextResponse(f"{len(form)} fields")

    async def take_json(body: dict[str, str]):
        return body

    def fail():
        raise RuntimeError("unforeseen")

    def ask_again():
        raise StepUpRequired("Confirm.")

    app.add_api_route("/sensitive", ask_again, methods=["GET"])
    app.add_api_route("/form", take, methods=["POST"])
    app.add_api_route("/oauth/token", take, methods=["POST"])
    app.add_api_route("/api/json", take_json, methods=["POST"])
    for path in ("/admin/link/the-token", "/oauth/callback/one"):
        app.add_api_route(path, fail, methods=["GET"])
    problems.install(app, lambda _request, status, title, detail: HTMLResponse(f"<h1>{title}</h1>{detail}", status))
    return app


def ask(entropy, method, path, *, headers=(), chunks=(b"",), query="", public_url="https://id.example.com"):
    """Send one request over plain ASGI, as uvicorn hands it over; return status, headers and body."""
    given = {"host": "id.example.com", "sec-fetch-site": "same-origin", **dict(headers)}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("192.0.2.7", 4711),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    incoming, sent = list(chunks), []

    async def receive():
        return {"type": "http.request", "body": incoming.pop(0), "more_body": bool(incoming)}

    async def send(message):
        sent.append(message)

    async def run():
        with contextlib.suppress(RuntimeError):  # Starlette raises it again once the answer is out
            await Shell(an_app(), public_url, entropy, max_body=1000)(scope, receive, send)

    asyncio.run(run())
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize(
    ("public_url", "host", "status"),
    [
        ("https://id.example.com", "id.example.com", 404),
        ("https://id.example.com", "ID.Example.COM", 404),
        ("https://id.example.com", "id.example.com:443", 404),
        ("https://id.example.com", "id.example.com:8443", 421),
        ("https://id.example.com", "id.example.com.", 421),
        ("https://id.example.com", "id.example.com.evil.example", 421),
        ("https://id.example.com", "evil.example/id.example.com", 421),
        ("https://id.example.com", "", 421),
        ("https://id.example.com:8443", "id.example.com:8443", 404),
        ("https://id.example.com:8443", "id.example.com", 421),
        ("http://localhost", "localhost:80", 404),
        ("http://[::1]:8080", "[::1]:8080", 404),
        ("http://[::1]:8080", "[::1]", 421),
    ],
)
def test_only_our_own_name_is_answered(entropy, public_url, host, status):
    assert ask(entropy, "GET", "/nothing-here", headers={"host": host}, public_url=public_url)[0] == status


FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(("path", "kind"), [("/form", FORM), ("/oauth/token", FORM), ("/api/json", JSON)])
def test_a_body_that_grows_too_large_while_it_arrives_is_refused_as_too_large(entropy, path, kind):
    chunks = (b'{"a": "', *[b"x" * 300] * 4, b'"}')
    status, headers, body = ask(entropy, "POST", path, headers=kind, chunks=chunks)
    assert status == 413
    assert b"larger than 1000 bytes" in body
    assert headers["x-content-type-options"] == "nosniff"
    if path == "/oauth/token":
        assert json.loads(body)["error"] == "invalid_request"


@pytest.mark.parametrize("length", ["1001", "9" * 5000, "-1", "0x10", ""])
def test_a_content_length_that_is_too_large_or_no_number_is_refused(entropy, length):
    assert ask(entropy, "POST", "/form", headers={**FORM, "content-length": length})[0] == 413


def test_a_person_who_comes_back_from_the_provider_gets_a_page_when_something_breaks(entropy):
    status, headers, body = ask(entropy, "GET", "/oauth/callback/one")
    assert (status, headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert b"Something went wrong" in body


def test_the_log_of_an_error_leaves_out_the_token_of_a_link(entropy):
    with structlog.testing.capture_logs() as lines:
        assert ask(entropy, "GET", "/admin/link/the-token")[0] == 500
    assert [line["event"] for line in lines] == ["unexpected_error", "request"]
    assert {line["path"] for line in lines} == {"/admin/link/…"}


def test_who_must_confirm_comes_back_to_the_same_address(entropy):
    status, headers, _ = ask(entropy, "GET", "/sensitive", query="tab=a%26b&page=2")
    assert (status, headers["location"]) == (303, "/signin/confirm?next=/sensitive%3Ftab%3Da%2526b%26page%3D2")
