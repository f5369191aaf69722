"""A job, its states, and how long it waits after a failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

LEASE = timedelta(seconds=60)
"""How long a worker may be silent before another takes the job over."""
MOST_ATTEMPTS = 5
"""Failures in a row after which a job is a dead letter. A step that succeeds begins the count anew."""


class JobState(StrEnum):
    """WAITING to be claimed, RUNNING in a worker, DONE, or DEAD after too many failures."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. `cursor` is the handler's own note of how far it came; `due_at` of a running job ends its lease."""

    id: str
    kind: str
    payload: Mapping[str, Any]
    state: JobState
    created_at: datetime
    due_at: datetime
    done: int = 0
    total: int = 0
    cursor: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    attempts: int = 0
    claim: str = ""
    finished_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self.state in {JobState.DONE, JobState.DEAD}


class ClaimLost(Exception):  # noqa: N818 - no error of anybody: another worker took over
    """The job is another worker's now; what this step did is rolled back."""


class Stopped(Exception):  # noqa: N818 - no error: the process is about to end
    """The worker is to stop; the job goes back to the others with what its steps have stored."""


def delay_after(attempts: int) -> timedelta:
    """Return how long a job waits after so many failures in a row: 2, 8, 32, 128 seconds, at most 10 minutes."""
    return min(timedelta(seconds=2 * 4 ** (attempts - 1)), timedelta(minutes=10))
