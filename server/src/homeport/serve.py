"""Runs the ASGI application with uvicorn, alone on its data folder."""

import fcntl
import os
from asyncio import TimerHandle, Transport
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from homeport.foundation.http.client_certificate import BehindProxy
from homeport.settings import Settings


class AlreadyServing(Exception):  # noqa: N818 - says what is the case
    """Another `homeport serve` holds the data folder."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever and takes a request's head of any size: here both have an end."""

    request_seconds = 60.0
    """How long a request may take to arrive, from the connection or its first byte to the last of its body."""
    most_head_bytes = 65_536
    """Request line and headers together; several times what browsers and agents send."""

    _due: TimerHandle | None = None
    _head_bytes = 0
    _head_is_open = True

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes; end the connection when the head is too large."""
        super().data_received(data)
        if self._head_is_open:
            self._head_bytes += len(data)
            if self._head_bytes > self.most_head_bytes:
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request on a connection that was kept."""
        super().on_message_begin()
        self._head_is_open = True
        self._expect_request()

    def on_headers_complete(self) -> None:
        """Begin to take the body."""
        self._head_is_open, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop waiting: the request is whole."""
        self._expect_nothing()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting: nobody is there."""
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        self._expect_nothing()
        self._due = self.loop.call_later(self.request_seconds, self.transport.close)

    def _expect_nothing(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


class Server(uvicorn.Server):
    """uvicorn, which tells the application at once that it should stop, so that waiting agents are answered first."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self._stopping()
        super().handle_exit(sig, frame)


@contextmanager
def held(data: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the data folder's lock; raise AlreadyServing when another process does.

    `shared` is for replicas: several may hold the folder so, when the database is not in it; nobody may hold it alone meanwhile.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyServing(
                f"Another homeport serve already uses {data}. Stop it, or give another HOMEPORT_DATA."
            ) from error
        yield
    finally:
        os.close(descriptor)


def run(app: ASGIApp, settings: Settings, stopping: Callable[[], None]) -> None:
    """Serve until told to stop by SIGTERM or SIGINT."""
    config = uvicorn.Config(
        BehindProxy(app, settings.trusted_proxies, settings.client_certificate_header) if settings.trusted_proxies else app,
        http=BoundedProtocol,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `BehindProxy` does it, and looks at client certificates too
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
    )
    Server(config, stopping).run()
