"""Wakes the requests of waiting agents when something changed for their device."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Waiter:
    """One waiting request."""

    loop: asyncio.AbstractEventLoop
    event: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> None:
        """Wait until woken, at most so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.event.wait(), seconds)


class Wakeups:
    """Which requests wait for which device, in this process. Other replicas' changes are found by reading again."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[Waiter]] = {}
        self.closed = False

    @contextmanager
    def expect(self, device_id: str) -> Iterator[Waiter]:
        """Register before reading, so that a change between reading and waiting is not missed."""
        waiter = Waiter(asyncio.get_running_loop())
        if self.closed:
            waiter.event.set()
        self._waiters.setdefault(device_id, set()).add(waiter)
        try:
            yield waiter
        finally:
            self._waiters[device_id].discard(waiter)
            if not self._waiters[device_id]:
                del self._waiters[device_id]

    def wake(self, device_id: str) -> None:
        """Wake the device's requests; may be called from any thread."""
        for waiter in tuple(self._waiters.get(device_id, ())):
            waiter.loop.call_soon_threadsafe(waiter.event.set)

    def close(self) -> None:
        """Wake everybody for good, so that the server can stop."""
        self.closed = True
        for device_id in tuple(self._waiters):
            self.wake(device_id)
