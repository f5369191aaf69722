"""Jobs in SQL, over one unit of work's connection."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from homeport.foundation.jobs.model import LEASE, MOST_ATTEMPTS, ClaimLost, Job, JobState, delay_after
from homeport.foundation.jobs.tables import jobs
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy

_OPEN = (JobState.WAITING.value, JobState.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The outbox of one unit of work."""

    connection: Connection
    clock: Clock
    entropy: Entropy

    def add(self, kind: str, payload: Mapping[str, Any], *, total: int = 0) -> Job:
        """Store a job that is due at once; `payload` is JSON and holds no secret."""
        now = self.clock.now()
        job = Job(self.entropy.new_id(), kind, payload, JobState.WAITING, now, now, total=total)
        self.connection.execute(insert(jobs).values(_row(job)))
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job."""
        row = self.connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        return None if row is None else _job(row)

    def is_one_due(self, kinds: Collection[str]) -> bool:
        """Tell whether a worker would find something; asked without writing."""
        return self.connection.execute(select(jobs.c.id).where(*self._due(kinds)).limit(1)).first() is not None

    def claim(self, kinds: Collection[str]) -> Job | None:
        """Take the job that is due longest, so that no other worker takes it while the lease lasts.

        One whose workers died one after another without a word becomes a dead letter and is returned as that.
        """
        query = select(jobs).where(*self._due(kinds)).order_by(jobs.c.due_at, jobs.c.id).limit(1)
        row = self.connection.execute(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        found = _job(row)
        if found.attempts >= MOST_ATTEMPTS:
            return self._bury(found, found.error or "Every worker that took the job ended before its first step.")
        now = self.clock.now()
        job = replace(found, state=JobState.RUNNING, claim=self.entropy.new_id(), due_at=now + LEASE, attempts=found.attempts + 1)
        self._save(job, found.claim)
        return job

    def advance(self, job: Job) -> Job:
        """Store how far a claimed job came and begin its lease anew; raise ClaimLost when it is another worker's now."""
        kept = replace(job, due_at=self.clock.now() + LEASE, attempts=0, error="")
        self._save(kept, job.claim)
        return kept

    def finish(self, job: Job) -> None:
        """Store that a claimed job is done."""
        now = self.clock.now()
        self._save(replace(job, state=JobState.DONE, due_at=now, finished_at=now, attempts=0, error=""), job.claim)

    def release(self, job: Job) -> None:
        """Give a claimed job back, due at once."""
        self._save(replace(job, state=JobState.WAITING, due_at=self.clock.now(), attempts=0), job.claim)

    def fail(self, job: Job, error: str) -> Job:
        """Let a claimed job wait and be tried again, or make it a dead letter after too many failures in a row; return what it is."""
        if job.attempts >= MOST_ATTEMPTS:
            return self._bury(job, error)
        failed = replace(job, state=JobState.WAITING, due_at=self.clock.now() + delay_after(job.attempts), error=error)
        self._save(failed, job.claim)
        return failed

    def count(self) -> Mapping[str, int]:
        """Return how many jobs are in each state."""
        found = self.connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
        return {row[0]: row[1] for row in found}

    def remove_before(self, moment: datetime) -> None:
        """Forget jobs that were done before the moment; dead letters stay until somebody looks."""
        self.connection.execute(delete(jobs).where(jobs.c.state == JobState.DONE.value, jobs.c.finished_at < moment))

    def _due(self, kinds: Collection[str]) -> tuple[Any, ...]:
        return (jobs.c.state.in_(_OPEN), jobs.c.due_at <= self.clock.now(), jobs.c.kind.in_(sorted(kinds)))

    def _bury(self, job: Job, error: str) -> Job:
        now = self.clock.now()
        dead = replace(job, state=JobState.DEAD, due_at=now, finished_at=now, error=error)
        self._save(dead, job.claim)
        return dead

    def _save(self, job: Job, claim: str) -> None:
        statement = update(jobs).where(jobs.c.id == job.id, jobs.c.claim == claim, jobs.c.state.in_(_OPEN)).values(_row(job))
        if self.connection.execute(statement).rowcount != 1:
            raise ClaimLost(job.id)


def _row(job: Job) -> dict[str, Any]:
    row = {column.name: getattr(job, column.name) for column in jobs.c}
    return {**row, "state": job.state.value, **{name: dict(row[name]) for name in ("payload", "cursor", "result")}}


def _job(row: Any) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Job(**{**values, "state": JobState(values["state"])})
