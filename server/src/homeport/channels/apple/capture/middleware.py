"""Stands in front of the application and keeps what Macs send and get, as files of one folder; nothing of it can make a request fail."""

import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeport.channels.apple.capture import model
from homeport.channels.apple.capture.actions import Capture

log = structlog.get_logger()
LONGEST_BODY = 1_000_000


@dataclass(slots=True)
class Exchange:
    """One request with its answer, as it goes by."""

    sent: bytearray = field(default_factory=bytearray)
    got: bytearray = field(default_factory=bytearray)
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Capturing:
    """Keeps exchanges of Macs while `capture` is on."""

    app: ASGIApp
    capture: Capture
    folder: Path
    now: Callable[[], datetime]
    most: int = model.MOST_BYTES
    free: int = model.LEAST_FREE
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    kept: int = -1
    """Bytes in the folder; negative until it was looked at."""
    failed: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        moment = self.now()
        if scope["type"] != "http" or not scope["path"].startswith(model.PATHS) or not self.capture.is_on(moment):
            await self.app(scope, receive, send)
            return
        exchange = Exchange()

        async def receiving() -> Message:
            message = await receive()
            exchange.sent += message.get("body", b"")[: LONGEST_BODY - len(exchange.sent)]
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status, exchange.headers = message["status"], list(message.get("headers", ()))
            exchange.got += message.get("body", b"")[: LONGEST_BODY - len(exchange.got)]
            await send(message)

        try:
            await self.app(scope, receiving, sending)
        finally:
            await run_in_threadpool(self._keep, scope, exchange, moment)

    def _keep(self, scope: Scope, exchange: Exchange, moment: datetime) -> None:
        if self.failed:
            return
        number = next(self.numbers)
        name = re.sub(r"[^a-z]+", "-", scope["path"].lower()).strip("-")[:40]
        file = self.folder / f"{moment:%Y%m%dT%H%M%S}-{os.getpid()}-{number:06d}-{name}.json"
        try:
            text = json.dumps(_written(scope, exchange, moment), indent=1).encode()
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.kept < 0:
                self.kept = sum(one.stat().st_size for one in self.folder.iterdir())
            if self.kept + len(text) > self.most or shutil.disk_usage(self.folder).free < self.free + len(text):
                self._fail("full")
                return
            with open(file, "xb", opener=_private) as stream:
                stream.write(text)
            self.kept += len(text)
        except (OSError, ValueError, TypeError, RecursionError) as error:
            with suppress(OSError):
                file.unlink()  # half written
            self._fail(type(error).__name__)

    def _fail(self, reason: str) -> None:
        self.failed = True
        log.warning("mac_capture_failed", reason=reason)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _written(scope: Scope, exchange: Exchange, moment: datetime) -> dict[str, object]:
    sent, got = model.headers(scope["headers"]), model.headers(exchange.headers)
    return {
        "at": moment.isoformat(),
        "request": {
            "method": scope["method"],
            "path": scope["path"],
            "query": model.query(scope.get("query_string", b"")),
            "headers": sent,
            "body": model.body(bytes(exchange.sent), sent.get("content-type", ""), sent_by_mac=True),
        },
        "answer": {
            "status": exchange.status,
            "headers": got,
            "body": model.body(bytes(exchange.got), got.get("content-type", ""), sent_by_mac=False),
        },
    }
