"""Sends sealed entries to their destinations: in order, at least once, each destination by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from starlette.concurrency import run_in_threadpool

from homeport.directory.audit.actions import Destinations
from homeport.directory.audit.jobs import cloud_events, syslog
from homeport.directory.audit.model import Destination, DestinationKind, Entry, Resource, an_entry
from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.outbound.model import Fetch, FetchFailed, Sender
from homeport.foundation.outbound.urls import Origin

log = structlog.get_logger()
MOST_AT_ONCE = 100
"""Entries in one request."""
LIMIT = 10.0
"""Seconds that one request may take."""
PAUSE = 1.0
"""Seconds between looks for what waits."""
ANSWER_BYTES = 65_536


@dataclass(slots=True)
class EventSender:
    """Looks for what waits and sends it. `alone` says that no other process has this database.

    The audit log itself is the outbox: an entry is stored with its change or not at all, and a destination's place moves on only after
    the destination took what came before it. So nothing is lost when this process is killed; what was taken and not yet noted is sent
    again, under the same ids.
    """

    work: Work[Destinations]
    network: Sender
    clock: Clock
    entropy: Entropy
    public_url: str
    alone: bool = False
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Send until cancelled."""
        if self.alone:
            await run_in_threadpool(self._release_all)
        try:
            while True:
                await self.begin()
                await asyncio.sleep(PAUSE)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def begin(self) -> None:
        """Start sending to each destination for which something waits and to which nobody here sends already."""
        for destination_id in await run_in_threadpool(self._due):
            if destination_id not in self._running:
                task = asyncio.create_task(self._send_all(destination_id))
                self._running[destination_id] = task
                task.add_done_callback(lambda _task, key=destination_id: self._running.pop(key, None))  # type: ignore[misc]  # mypy infers no default of a lambda

    async def once(self) -> None:
        """Send what waits now, and wait for the end of it."""
        await self.begin()
        await asyncio.gather(*self._running.values())

    async def test(self, actor: Actor, destination_id: str) -> tuple[Destination, str]:
        """Send a made-up event now and record it; return the destination and why it was not taken, or an empty string."""
        actor.require(Permission.AUDIT_WRITE)
        destination, secret = await run_in_threadpool(self._look, actor, destination_id)
        resource = Resource("event_destination", destination.id, destination.name)
        entry = an_entry(self.entropy.new_id(), self.clock.now(), actor, "test", resource, details={"test": True})
        failure = await self._send(destination, [entry], secret)
        await run_in_threadpool(self._note, actor, destination_id, failure)
        return destination, failure

    async def _send_all(self, destination_id: str) -> None:
        try:
            while True:
                claimed = await run_in_threadpool(self._claim, destination_id)
                if claimed is None:
                    return
                destination, entries, secret = claimed
                failure = await self._send(destination, entries, secret) if entries else ""
                held = await run_in_threadpool(self._settle, destination, entries, failure)
                if not entries:
                    return
                if failure or not held:
                    log.warning("events_not_sent", destination=destination.id, attempts=destination.attempts + 1, held=held)
                    return
        except Exception:
            log.exception("event_sender_failed", destination=destination_id)

    async def _send(self, destination: Destination, entries: Sequence[Entry], secret: bytes) -> str:
        if destination.kind is DestinationKind.SYSLOG:
            content = syslog.framed(entries, urlsplit(self.public_url).hostname or "")
            failed = await self.network.deliver(Origin.parse(destination.address), content, timeout=LIMIT)
            return failed.detail if failed else ""
        typed = cloud_events.content_of(entries, self.public_url, batched=destination.batched)
        headers = cloud_events.signed_headers(secret, cloud_events.message_id(entries), self.clock.now(), typed[1])
        answer = await self.network.fetch(
            Fetch(destination.address, "POST", headers, content=typed, timeout=LIMIT, max_bytes=ANSWER_BYTES, accept="*/*")
        )
        if isinstance(answer, FetchFailed):
            return destination.without_path(answer.detail)
        return "" if 200 <= answer.status < 300 else f"{destination.origin} answered with the status {answer.status}."  # noqa: PLR2004 - RFC 9110, section 15.3

    def _look(self, actor: Actor, destination_id: str) -> tuple[Destination, bytes]:
        with self.work.read() as destinations:
            found = destinations.get(actor, destination_id)
            return found, destinations.secret_of(found)

    def _note(self, actor: Actor, destination_id: str, failure: str) -> None:
        with self.work.write() as destinations:
            destinations.note_test(actor, destination_id, failure)

    def _due(self) -> Sequence[str]:
        with self.work.read() as destinations:
            return destinations.due()

    def _claim(self, destination_id: str) -> tuple[Destination, Sequence[Entry], bytes] | None:
        with self.work.write() as destinations:
            return destinations.claim(destination_id, MOST_AT_ONCE)

    def _settle(self, destination: Destination, entries: Sequence[Entry], failure: str) -> bool:
        with self.work.write() as destinations:
            return destinations.settle(destination, entries, failure)

    def _release_all(self) -> None:
        with self.work.write() as destinations:
            destinations.release_all()
