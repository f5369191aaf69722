"""Wakes Macs that have something to do, so that they come and ask for it.

A push is a best effort. So who is to be woken is noted first, with the time of the next push should the Mac not come: twice as late each
time, spread by chance, so that Macs that were woken together come apart. That a Mac came ends it. A crash in the middle costs a pause, never
a Mac. No transaction is open while Apple answers.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from starlette.concurrency import run_in_threadpool

from homeport.channels.apple.push.actions import PushCertificates
from homeport.channels.apple.push.apns import Connection, push
from homeport.channels.apple.push.model import Credentials, Due, Fate, Pushed
from homeport.channels.apple.push.ports import PushQueue
from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.clock import Clock

log = structlog.get_logger()
AT_ONCE = 200
"""Macs that are woken in one go; a go is at most one a second."""
STREAMS = 50
"""Pushes that wait for Apple's answer at one time."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=12)
TROUBLE_PAUSE, LONGEST_TROUBLE = timedelta(seconds=10), timedelta(minutes=15)
SILENT = timedelta(days=1)
SWEEP_OVER = timedelta(hours=1)
"""Macs that were silent for a day are woken within this time, not all in one second."""
SWEPT_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Waking:
    """What waking needs in one unit of work."""

    queue: PushQueue
    certificates: PushCertificates


@dataclass(slots=True)
class Waker:
    """Wakes who is due. `connect` opens the one connection; `chance` gives numbers from 0 to 1."""

    work: Work[Waking]
    connect: Callable[[Credentials], Connection]
    clock: Clock
    chance: Callable[[], float]
    _connection: Connection | None = None
    _proof: Credentials | None = field(default=None, repr=False)
    _paused_until: datetime | None = None
    _troubles: int = 0

    async def run(self) -> int:
        """Push to every Mac that is due; return how many pushes Apple took. One that is in trouble is left in peace for a while."""
        now = self.clock.now()
        if self._paused_until is not None and now < self._paused_until:
            return 0
        proof, due = await run_in_threadpool(self._claim, now)
        if proof is None or not due:
            return 0
        if self._connection is None or proof != self._proof:
            await self.close()
            self._connection, self._proof = self.connect(proof), proof
        said = await self._push_all(self._connection, due)
        await run_in_threadpool(self._note, said)
        await self._weigh(said)
        return sum(one.fate is Fate.TAKEN for one in said)

    async def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def sweep(self) -> int:
        """Let Macs be woken that were silent for a day, spread over an hour; return how many. Dead tokens are left alone."""
        with self.work.write() as waking:
            now = self.clock.now()
            silent = waking.queue.silent(now - SILENT, SWEPT_AT_ONCE)
            waking.queue.schedule([(device_id, now + SWEEP_OVER * self.chance()) for device_id in silent])
        return len(silent)

    def _claim(self, now: datetime) -> tuple[Credentials | None, Sequence[Due]]:
        with self.work.read() as waking:
            if not waking.queue.any_due(now) or waking.certificates.credentials() is None:
                return None, ()
        with self.work.write() as waking:
            return waking.certificates.credentials(), waking.queue.claim(now, AT_ONCE, self._next)

    def _next(self, due: Due) -> datetime:
        return after_push(due.tries, self.clock.now(), self.chance())

    async def _push_all(self, connection: Connection, due: Sequence[Due]) -> list[Pushed]:
        said: list[Pushed] = []
        waiting = iter(due)

        async def work_off() -> None:
            for one in waiting:
                if any(other.fate is Fate.TROUBLE for other in said):
                    return  # the rest is due again by itself
                said.append(await push(connection, one, self.clock.now()))

        await asyncio.gather(*(work_off() for _ in range(min(STREAMS, len(due)))))
        return said

    def _note(self, said: Sequence[Pushed]) -> None:
        now, to_note = self.clock.now(), [one for one in said if one.fate is not Fate.TROUBLE]
        with self.work.write() as waking:
            for one in sorted(
                to_note, key=lambda pushed: pushed.due.device_id
            ):  # in one order, so that no two servers hold each other up
                later = now + one.pause * (1 + self.chance() / 2) if one.pause else None
                waking.queue.note(one, later)
        for one in said:
            if one.reason:
                log.info("push_refused", device=one.due.device_id, reason=one.reason, fate=one.fate.value)

    async def _weigh(self, said: Sequence[Pushed]) -> None:
        """Leave the service in peace when it is in trouble, longer each time."""
        troubles = [one for one in said if one.fate is Fate.TROUBLE]
        if not troubles:
            self._troubles, self._paused_until = 0, None
            return
        await self.close()
        asked = max(one.pause for one in troubles)
        own = min(TROUBLE_PAUSE * (1 << min(self._troubles, 12)), LONGEST_TROUBLE)
        self._troubles += 1
        self._paused_until = self.clock.now() + max(asked, own) * (1 + self.chance() / 2)
        log.warning("push_service_in_trouble", reason=troubles[0].reason, until=self._paused_until.isoformat())


def after_push(tries: int, now: datetime, chance: float) -> datetime:
    """Return when a Mac that does not come is pushed to again: twice as late each time, half as much again by chance."""
    doublings: int = 1 << min(tries, 12)
    return now + min(FIRST_PAUSE * doublings, LONGEST_PAUSE) * (1 + chance / 2)
