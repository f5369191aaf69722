"""A cache in front of the network for key sets: fresh ones are answered from the stored snapshot, everything else is passed on.

The snapshot lives in the database, so all replicas share it. One fetch at a time serves all waiters of this process.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from homeport.foundation.kernel.clock import Clock
from homeport.foundation.outbound.model import Fetch, Fetcher, FetchFailed, Response
from homeport.trust.federation import jwks
from homeport.trust.federation.health import FetchRecord, key_change
from homeport.trust.federation.jwks import KeySet, KeySetFetch, KeySnapshot

_OK = 200


@dataclass(slots=True)
class KeyCache:
    """Answers fetches of key sets; `load` and `save` reach the stored snapshots and may block, so they run in threads.

    A key set that was fetched replaces the snapshot at once, so a key that is gone from it is trusted no longer. An answer that is no
    key set changes nothing; the old snapshot then serves until it is 24 hours old.
    """

    network: Fetcher
    clock: Clock
    load: Callable[[str], KeySnapshot | None]
    save: Callable[[KeySnapshot], None]
    note: Callable[[FetchRecord], None] = lambda _: None
    """Keeps what became of a fetch: `succeeded_at` and a change, or `failed_at` and the failure."""
    _attempts: dict[str, datetime] = field(default_factory=dict)
    _running: dict[str, asyncio.Task[Response | FetchFailed]] = field(default_factory=dict)

    async def fetch(self, request: Fetch) -> Response | FetchFailed:
        """Answer a request for a key set by the rules of `jwks`; pass any other request on."""
        if not isinstance(request, KeySetFetch):
            return await self.network.fetch(request)
        snapshot = await asyncio.to_thread(self.load, request.url)
        now = self.clock.now()
        if snapshot is not None and not self._is_due(snapshot, request, now):
            return self._stale(snapshot, request.url, now) or await self._refreshed(request, snapshot)
        return await self._refreshed(request, snapshot)

    def _is_due(self, snapshot: KeySnapshot, request: KeySetFetch, now: datetime) -> bool:
        if request.url in self._running:
            return request.revalidate or not jwks.is_fresh(snapshot, request.url, now)
        attempted_at = max(self._attempts.get(request.url, snapshot.fetched_at), snapshot.fetched_at)
        return (request.revalidate or not jwks.is_fresh(snapshot, request.url, now)) and jwks.may_refetch(attempted_at, now)

    async def _refreshed(self, request: KeySetFetch, snapshot: KeySnapshot | None) -> Response | FetchFailed:
        """Start a fetch or join the running one; a waiter who gives up does not end it for the others."""
        running = self._running.get(request.url)
        if running is None:
            self._attempts[request.url] = self.clock.now()
            running = asyncio.create_task(self._refresh(request, snapshot))
            self._running[request.url] = running
            running.add_done_callback(lambda _: self._running.pop(request.url, None))
        return await asyncio.shield(running)

    async def _refresh(self, request: Fetch, snapshot: KeySnapshot | None) -> Response | FetchFailed:
        answer = await self.network.fetch(request)
        now = self.clock.now()
        keys = _key_set(answer)
        if isinstance(answer, Response) and isinstance(keys, KeySet):
            fetched = KeySnapshot(request.url, answer.body.decode("utf-8"), now)
            await asyncio.to_thread(self.save, fetched)
            change = key_change(snapshot, keys)
            await asyncio.to_thread(self.note, FetchRecord(request.url, succeeded_at=now, change=change))
            return answer
        await asyncio.to_thread(self.note, FetchRecord(request.url, failed_at=now, failure=str(keys)))
        return self._stale(snapshot, request.url, now) or answer

    @staticmethod
    def _stale(snapshot: KeySnapshot | None, uri: str, now: datetime) -> Response | None:
        if snapshot is None or not jwks.is_usable_while_unreachable(snapshot, uri, now):
            return None
        return _answer(snapshot)


def _key_set(answer: Response | FetchFailed) -> KeySet | str:
    """Return the key set of an answer, or in a sentence why it is none."""
    if isinstance(answer, FetchFailed):
        return answer.detail
    if answer.status != _OK:
        return f"The key set answered with status {answer.status} instead of 200."
    try:
        return KeySet.parse(answer.body)
    except ValueError as error:
        return f"The answer is no key set. {error}"


def _answer(snapshot: KeySnapshot) -> Response:
    return Response(_OK, (("content-type", "application/jwk-set+json"),), snapshot.body.encode(), snapshot.jwks_uri)
