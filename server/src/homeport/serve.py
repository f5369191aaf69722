"""Runs the ASGI application with uvicorn, alone on its data folder."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from homeport.settings import Settings


class AlreadyServing(Exception):  # noqa: N818 - says what is the case
    """Another `homeport serve` holds the data folder."""


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
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies) or None,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
    )
    Server(config, stopping).run()
