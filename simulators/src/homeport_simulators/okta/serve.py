"""Running the provider: in the foreground for the command, in a thread for a test."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from homeport_simulators.okta import demo as demo_data
from homeport_simulators.okta.app import build
from homeport_simulators.okta.org import Org
from homeport_simulators.okta.request_log import CONTROL


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where and as whom to listen; port 0 picks a free one, the issuer defaults to the address."""

    host: str = "127.0.0.1"
    port: int = 0
    issuer: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None


class _Server(uvicorn.Server):
    """Uvicorn, telling when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _bind(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((listen.host, listen.port))
    except OSError:
        listener.close()
        raise
    return listener


def _address(listen: Listen, listener: socket.socket) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)  # noqa: S104  # a wildcard is no address to call
    scheme = "https" if listen.tls_cert else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    server: _Server
    listener: socket.socket
    ready: dict[str, Any]


def _prepare(listen: Listen, demo: demo_data.Demo | None, on_ready: Callable[[dict[str, Any]], None]) -> _Prepared:
    listener = _bind(listen)
    address = _address(listen, listener)
    org = Org(listen.issuer or address)
    ready: dict[str, Any] = {"event": "ready", "issuer": org.issuer, "control": f"{address}{CONTROL}"}
    if demo is not None:
        loaded = demo_data.load(org, demo)
        ready |= {"client_id": loaded.client_id, "client_secret": loaded.client_secret}
        ready |= {"password": loaded.password, "users": loaded.users}
    config = uvicorn.Config(
        build(org),
        log_level="warning",
        access_log=False,
        lifespan="off",
        date_header=False,
        server_header=False,
        ssl_certfile=listen.tls_cert,
        ssl_keyfile=listen.tls_key,
        timeout_graceful_shutdown=1,
    )
    return _Prepared(server=_Server(config, lambda: on_ready(ready)), listener=listener, ready=ready)


def serve(listen: Listen, demo: demo_data.Demo | None, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve until interrupted; `on_ready` gets the ready line once the socket accepts.

    Raises OSError when the address cannot be had.
    """
    prepared = _prepare(listen, demo, on_ready)
    prepared.server.run(sockets=[prepared.listener])


@contextmanager
def running(listen: Listen | None = None, demo: demo_data.Demo | None = None) -> Iterator[dict[str, Any]]:
    """Serve in a thread for the length of a `with` block; gives the ready line."""
    listening = threading.Event()
    prepared = _prepare(listen or Listen(), demo, lambda _: listening.set())
    thread = threading.Thread(target=prepared.server.run, kwargs={"sockets": [prepared.listener]}, daemon=True)
    thread.start()
    try:
        if not listening.wait(10):
            raise TimeoutError("The simulator did not start to listen within 10 seconds.")
        yield prepared.ready
    finally:
        prepared.server.should_exit = True
        thread.join(10)
        prepared.listener.close()
