"""A connection whose request never ends, or whose head is larger than any honest one, is closed; others are served on."""

import contextlib
import socket
import threading
import time

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from tests.support.processes import free_port

from homeport.serve import BoundedProtocol


class Hasty(BoundedProtocol):
    request_seconds = 0.5


class Patient(BoundedProtocol):
    request_seconds = 3


async def echo(scope, receive, send):
    if scope["type"] == "http":
        with contextlib.suppress(ClientDisconnect):
            body = await Request(scope, receive).body()
            await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


@pytest.fixture(params=[Hasty])
def port(request):
    chosen = free_port()
    server = uvicorn.Server(uvicorn.Config(echo, port=chosen, http=request.param, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield chosen
    server.should_exit = True
    thread.join(60)


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.settimeout(60)
    return connection


def is_closed(connection):
    with contextlib.suppress(ConnectionError):
        return connection.recv(100) == b""
    return True


def send_much(connection):
    for _ in range(400):
        connection.sendall(b"a" * 65_536)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nHost: lo", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_never_ends_is_given_up(port, begun):
    with connect(port) as connection:
        connection.sendall(begun)
        assert is_closed(connection)


def test_an_endless_head_is_given_up_before_it_fills_the_memory(port):
    with connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Endless: ")
        with pytest.raises(ConnectionError):
            send_much(connection)


@pytest.mark.parametrize("port", [Patient], indirect=True)
def test_honest_requests_are_served_one_after_the_other(port):
    with connect(port) as connection:
        for size in (0, 40_000, 500_000, 0):
            if size == 500_000:
                time.sleep(3.2)  # longer than a request may take, but nothing is under way
            head = f"POST / HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 20_000}\r\nContent-Length: {size}\r\n\r\n"
            connection.sendall(head.encode() + b"b" * size)
            said = b""
            while f"{size} bytes".encode() not in said:
                said += connection.recv(65_536)
