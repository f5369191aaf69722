import asyncio
import gzip
import time
import zlib

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


# Limits


def test_large_body_stops_the_reading(fetch, server):
    sent = 0

    async def endless(_reader, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(500):
            writer.write(b"x" * 100_000)
            sent += 100_000
            await writer.drain()

    server.script(endless)
    assert kind(fetch(max_bytes=10_000)) is FailureKind.TOO_LARGE
    assert sent < 20_000_000


def test_body_of_just_the_limit_is_read(fetch, server):
    server.answer(b"x" * 10_000)
    assert len(fetch(max_bytes=10_000).body) == 10_000
    server.scripts.clear()
    server.answer(b"x" * 10_001)
    assert kind(fetch(max_bytes=10_000)) is FailureKind.TOO_LARGE


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
def test_size_counts_after_decompression(fetch, server, pack, name):
    server.answer(pack(b"x" * 10_000), content_encoding=name)
    assert fetch(max_bytes=10_000).body == b"x" * 10_000
    server.scripts.clear()
    server.answer(pack(b"x" * 50_000_000), content_encoding=name)
    assert kind(fetch(max_bytes=10_000)) is FailureKind.TOO_LARGE


@pytest.mark.parametrize(
    ("body", "name"),
    [(b"x", "br"), (b"not gzip", "gzip"), (gzip.compress(b"x" * 1000, mtime=0)[:-9], "gzip"), (b"x", "gzip, gzip")],
)
def test_encoding_that_cannot_be_undone_is_said_so(fetch, server, body, name):
    server.answer(body, content_encoding=name)
    assert kind(fetch()) is FailureKind.ENCODING


async def hang(_reader, _writer):
    await asyncio.sleep(30)


async def drip(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(300):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def drip_headers(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(300):
        writer.write(f"x-{number}: y\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("script", [hang, drip, drip_headers])
def test_slow_server_is_left_at_the_deadline(fetch, server, script):
    server.script(script)
    started = time.monotonic()
    assert kind(fetch(timeout=0.5)) is FailureKind.TIMEOUT
    assert time.monotonic() - started < 20, "each of them would take half a minute"


def test_deadline_covers_redirects_and_names(run, client, server, resolving):
    async def slowly(_reader, writer):
        await asyncio.sleep(0.2)
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: /{time.monotonic()}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    server.script(slowly)

    async def action(port):
        async def never(_host, _port):
            await asyncio.sleep(30)

        return (
            await client(port).fetch(Fetch(f"http://127.0.0.1:{port}/", timeout=0.5, follow_redirects=50)),
            await client(resolver=never).fetch(Fetch(f"https://{NAME}/", timeout=0.3)),
        )

    assert [kind(outcome) for outcome in run(action)] == [FailureKind.TIMEOUT] * 2


@pytest.mark.parametrize(
    "sent", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", b"HTTP/1.1 200 OK\r\n" + b"x" * 200_000]
)
def test_server_that_breaks_off_or_speaks_something_else_is_said_so(fetch, server, sent):
    server.scripts.append(sent)
    assert kind(fetch()) in {FailureKind.PROTOCOL, FailureKind.REFUSED}
