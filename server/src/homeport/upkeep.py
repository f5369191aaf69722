"""What the server does by itself while it runs: seal the audit log, end late sign-ins, forget what is over, refresh the provider."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from starlette.concurrency import run_in_threadpool

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Duty:
    """One recurring duty; `every` is the pause after it ended. A duty that fails is logged and tried again."""

    name: str
    every: timedelta
    carry_out: Callable[[], None] | Callable[[], Awaitable[None]]


async def run(duties: tuple[Duty, ...]) -> None:
    """Carry out all duties until cancelled."""
    await asyncio.gather(*(_repeat(duty) for duty in duties))


async def _repeat(duty: Duty) -> None:
    while True:
        try:
            if asyncio.iscoroutinefunction(duty.carry_out):
                await duty.carry_out()
            else:
                await run_in_threadpool(duty.carry_out)
        except Exception:
            log.exception("upkeep_failed", duty=duty.name)
        await asyncio.sleep(duty.every.total_seconds())


def long_ago(now: datetime) -> datetime:
    """Return the moment before which expired tokens, codes and limits are forgotten."""
    return now - timedelta(hours=1)
