"""Runs a generator that says what to fetch and judges each answer: all waiting is here, none of the judgement."""

import asyncio
from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from homeport.foundation.outbound.model import FailureKind, Fetch, Fetcher, FetchFailed, Response

T = TypeVar("T")
BUDGET = 9.5
"""Seconds that all fetches of one generator may take together."""


async def drive(steps: Generator[Fetch, Response | FetchFailed, T], fetcher: Fetcher, *, budget: float = BUDGET) -> T:
    """Answer every fetch the generator yields and return its result; past the budget each further fetch times out at once."""
    loop = asyncio.get_running_loop()
    end = loop.time() + budget
    try:
        request = next(steps)
        while True:
            left = end - loop.time()
            answer: Response | FetchFailed
            if left <= 0:
                answer = FetchFailed(
                    FailureKind.TIMEOUT, "", f"The provider was too slow: all requests together took over {budget:g} s."
                )
            else:
                answer = await fetcher.fetch(replace(request, timeout=min(request.timeout, left)))
            request = steps.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()
