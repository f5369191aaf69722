import asyncio
import logging

import httpcore2
import pytest

from homeport.foundation.outbound.model import FailureKind, Fetch, FetchFailed

NAME = "idp.example.com"


@pytest.fixture
def fetch(run, client):
    """Fetch a path of the loopback server over plain http, which it allows."""

    def go(path="/x", *, outbound=None, **asked):
        async def action(port):
            made = outbound(port) if outbound else client(port)
            return await made.fetch(Fetch(f"http://127.0.0.1:{port}{path}", **asked))

        return run(action)

    return go


def kind(outcome):
    assert isinstance(outcome, FetchFailed), outcome
    assert outcome.detail.endswith(".") or "okta.com" in outcome.detail
    return outcome.kind


def test_answer_comes_back_whole(fetch, server):
    server.answer(b'{"a": 1}', x_thing="y")
    answer = fetch()
    assert (answer.status, answer.body, answer.header("X-Thing"), answer.address) == (200, b'{"a": 1}', "y", "127.0.0.1")
    assert answer.url == f"http://127.0.0.1:{server.port}/x"
    assert 0 < answer.elapsed < 5
    assert "Host: 127.0.0.1:" in server.requests[0]
    assert "cookie" not in server.requests[0].lower()


def test_form_is_posted(fetch, server):
    server.answer()
    fetch(method="POST", form=(("code", "a b&c"), ("x", "ä")), headers=(("authorization", "Basic x"),))
    head, _, body = server.requests[0].partition("\r\n\r\n")
    assert head.startswith("POST /x HTTP/1.1")
    assert "application/x-www-form-urlencoded" in head
    assert "authorization: Basic x" in head
    assert body == "code=a+b%26c&x=%C3%A4"


def test_answer_of_any_status_is_an_answer(fetch, server):
    server.answer(b"no", status="503 Service Unavailable")
    assert fetch().status == 503


# Where it may connect


def test_plain_http_is_refused_unless_allowed(run, client):
    async def action(port):
        return await client().fetch(Fetch(f"http://127.0.0.1:{port}/"))

    assert kind(run(action)) is FailureKind.NOT_HTTPS


def test_allowed_origin_is_exact(run, client, server):
    server.answer()

    async def action(port):
        return [
            kind(await client(port).fetch(Fetch(url)))
            for url in (f"https://127.0.0.1:{port}/", f"http://localhost:{port}/", f"http://127.0.0.1:{port + 1}/")
        ]

    assert run(action) == [FailureKind.ADDRESS_BLOCKED, FailureKind.NOT_HTTPS, FailureKind.NOT_HTTPS]
    assert server.requests == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1"]
)
def test_name_that_leads_to_a_private_address_is_refused(run, client, server, resolving, address):
    server.answer()

    async def action(port):
        return await client(resolver=resolving([address])).fetch(Fetch(f"https://{NAME}:{port}/"))

    outcome = run(action)
    assert kind(outcome) is FailureKind.ADDRESS_BLOCKED
    assert address in outcome.detail
    assert server.requests == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(run, client, resolving):
    async def action(_port):
        return await client(resolver=resolving(["8.8.8.8", "10.0.0.1"])).fetch(Fetch(f"https://{NAME}/"))

    assert kind(run(action)) is FailureKind.ADDRESS_BLOCKED


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest"]
)
def test_written_out_private_address_is_refused(run, client, url):
    async def action(_port):
        return await client().fetch(Fetch(url))

    assert kind(run(action)) is FailureKind.ADDRESS_BLOCKED


def test_name_that_resolves_differently_the_second_time_gains_nothing(run, client, server, resolving):
    """The name is resolved once for a connection; the next connection is judged by what it resolves to then."""
    server.answer()
    resolver = resolving(["8.8.8.8"], ["127.0.0.1"])
    reached = []

    class Sockets:
        async def connect_tcp(self, host, _port, **_):
            reached.append(host)
            raise httpcore2.ConnectError("no network in tests")

    async def action(port):
        made = client(resolver=resolver, sockets=Sockets())
        return [await made.fetch(Fetch(f"https://{NAME}:{port}/")) for _ in range(2)]

    first, second = run(action)
    assert kind(first) is FailureKind.REFUSED
    assert reached == ["8.8.8.8"]
    assert kind(second) is FailureKind.ADDRESS_BLOCKED
    assert len(resolver.asked) == 2
    assert server.requests == []


def test_redirect_to_a_private_address_is_refused(fetch, server):
    server.answer(status="302 Found", location="https://10.0.0.1/")
    assert kind(fetch(follow_redirects=3)) is FailureKind.ADDRESS_BLOCKED


def test_redirect_to_plain_http_is_refused(fetch, server):
    server.answer(status="302 Found", location="http://example.com/")
    assert kind(fetch(follow_redirects=3)) is FailureKind.NOT_HTTPS


def test_redirect_is_an_answer_when_none_are_followed(fetch, server):
    server.answer(status="302 Found", location="/elsewhere")
    assert (fetch().status, len(server.requests)) == (302, 1)


def test_redirects_are_followed_a_few_times(fetch, server):
    for number in range(3):
        server.answer(status="307 Temporary Redirect", location=f"/{number}")
    server.answer(b"there")
    answer = fetch(follow_redirects=3)
    assert (answer.body, answer.url) == (b"there", f"http://127.0.0.1:{server.port}/2")


def test_too_many_redirects_and_circles_are_refused(fetch, server):
    for number in range(9):
        server.answer(status="302 Found", location=f"/{number}")
    assert kind(fetch(follow_redirects=3)) is FailureKind.REDIRECT_LOOP
    assert len(server.requests) == 4


def test_redirect_to_itself_is_noticed_at_once(fetch, server):
    server.answer(status="302 Found", location="/x")
    assert kind(fetch(follow_redirects=3)) is FailureKind.REDIRECT_LOOP
    assert len(server.requests) == 1


def test_redirect_to_another_origin_loses_the_headers(run, client, server):
    async def action(port):
        other = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        there = other.sockets[0].getsockname()[1]
        server.answer(status="302 Found", location="/same")
        server.answer(status="302 Found", location=f"http://127.0.0.1:{there}/")
        server.answer()
        made = client(allow=client(port).allow | client(there).allow)
        try:
            return await made.fetch(
                Fetch(f"http://127.0.0.1:{port}/", headers=(("authorization", "Bearer x"),), follow_redirects=3)
            )
        finally:
            other.close()

    assert run(action).status == 200
    assert ["Bearer x" in request for request in server.requests] == [True, True, False]


def test_redirect_that_leads_nowhere_is_refused(fetch, server):
    server.answer(status="302 Found", location="javascript:alert(1)")
    assert kind(fetch(follow_redirects=3)) is FailureKind.INVALID_URL


def test_bad_address_is_said_so(run, client):
    async def action(_port):
        return [
            kind(await client().fetch(Fetch(url)))
            for url in ("", "nonsense", "https://user:secret@x.example/", "https://2130706433/")
        ]

    assert run(action) == [FailureKind.INVALID_URL] * 4


def test_name_that_does_not_resolve_is_said_so(run, client, resolving):
    async def action(_port):
        answers = (OSError("no such name"), [])
        return [kind(await client(resolver=resolving(answer)).fetch(Fetch(f"https://{NAME}/"))) for answer in answers]

    assert run(action) == [FailureKind.DNS] * 2


def test_closed_port_is_said_so(run, client):
    async def action(port):
        return await client(port + 1).fetch(Fetch(f"http://127.0.0.1:{port + 1}/"))

    assert kind(run(action)) is FailureKind.REFUSED


# Proxy


def test_proxy_of_the_environment_is_not_used(fetch, server, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.answer()
    assert fetch().status == 200


def test_configured_proxy_is_asked_for_the_name(run, client, server):
    server.answer(b"", status="403 Forbidden")

    async def action(port):
        made = client(proxy=f"http://127.0.0.1:{port}")
        named = await made.fetch(Fetch(f"https://{NAME}/"))
        literal = await made.fetch(Fetch("https://10.0.0.1/"))
        return named, literal

    named, literal = run(action)
    assert kind(named) is FailureKind.PROXY
    assert server.requests[0].startswith(f"CONNECT {NAME}:443 ")
    assert kind(literal) is FailureKind.ADDRESS_BLOCKED
    assert len(server.requests) == 1


# Secrets


def test_no_secret_is_logged_or_told(fetch, server, caplog):
    caplog.set_level(logging.DEBUG)
    server.answer(status="500 Oops")
    answer = fetch(
        "/x?code=secret1", method="POST", form=(("client_secret", "secret2"),), headers=(("authorization", "Basic secret3"),)
    )
    server.scripts.clear()
    server.answer(b"x", content_encoding="br")
    failed = fetch("/x?code=secret1")
    assert kind(failed) is FailureKind.ENCODING
    told = f"{caplog.text} {failed} {answer.headers}"
    assert not any(secret in told for secret in ("secret1", "secret2", "secret3"))
