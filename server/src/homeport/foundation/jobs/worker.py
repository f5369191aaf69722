"""Carries out jobs, one after another, until none is due."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from homeport.foundation.database.engine import Database, UnitOfWork
from homeport.foundation.jobs.model import ClaimLost, Job, JobState, Stopped
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy

log = structlog.get_logger()


@dataclass(slots=True)
class Run:
    """One job in the hands of its handler. What it notes in a step is stored with what the step did."""

    job: Job
    worker: "Worker"

    def note(self, *, done: int | None = None, total: int | None = None, **noted: Mapping[str, Any]) -> None:
        """Say how far the job came; `cursor` and `result` replace the present ones."""
        changes: dict[str, Any] = {**noted}
        if done is not None:
            changes["done"] = done
        if total is not None:
            changes["total"] = total
        self.job = replace(self.job, **changes)

    @contextmanager
    def step(self) -> Iterator[UnitOfWork]:
        """Open a unit of work that commits with what was noted in it; raise Stopped or ClaimLost instead when it must not go on."""
        if self.worker.stopping.is_set():
            raise Stopped
        before = self.job
        try:
            with self.worker.database.write() as unit:
                yield unit
                self.job = self.worker.jobs(unit).advance(self.job)
        except BaseException:
            self.job = before
            raise


Handler = Callable[[Run], None]
"""Carries out one job. It ends when the job is done; an exception lets the job wait and be tried again from its last step."""
Ending = Callable[[UnitOfWork, Job], None]
"""Says of what a job was for that nothing more will come of it, in the unit of work in which the job becomes a dead letter."""


@dataclass(slots=True)
class Worker:
    """Claims jobs of the kinds that it has handlers for. Several workers, in several replicas, share the work."""

    database: Database
    clock: Clock
    entropy: Entropy
    handlers: Mapping[str, Handler]
    endings: Mapping[str, Ending] = field(default_factory=dict)
    """By kind, for what would else wait for ever; not needed where the thing's state is read from its job."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def jobs(self, unit: UnitOfWork) -> Jobs:
        """Return the outbox over a unit of work."""
        return Jobs(unit.connection, self.clock, self.entropy)

    def run_due(self) -> int:
        """Carry out everything that is due; return how many jobs were claimed."""
        number = 0
        while not self.stopping.is_set():
            with self.database.read() as unit:
                if not self.jobs(unit).is_one_due(self.handlers):
                    break
            with self.database.write() as unit:
                job = self._ended(unit, self.jobs(unit).claim(self.handlers))
            if job is not None and not job.over:
                number += 1
                self._carry_out(job)
        return number

    def stop(self) -> None:
        """Let the present job end after its step, so that the process can end."""
        self.stopping.set()

    def _carry_out(self, job: Job) -> None:
        run = Run(job, self)
        try:
            self.handlers[job.kind](run)
            with self.database.write() as unit:
                self.jobs(unit).finish(run.job)
        except ClaimLost:
            log.warning("job_claim_lost", job=job.id, kind=job.kind)
        except Stopped:
            self._settle(lambda jobs: jobs.release(run.job))
        except Exception as error:
            log.exception("job_failed", job=job.id, kind=job.kind, attempts=run.job.attempts)
            message = f"{type(error).__name__}: {error}"[:1000]
            # Attempts count from the claim; a step that succeeded since has begun the count anew.
            failed = replace(run.job, attempts=max(run.job.attempts, 1))
            self._settle(lambda jobs: jobs.fail(failed, message))

    def _settle(self, deed: Callable[[Jobs], Job | None]) -> None:
        with suppress(ClaimLost), self.database.write() as unit:
            self._ended(unit, deed(self.jobs(unit)))

    def _ended(self, unit: UnitOfWork, job: Job | None) -> Job | None:
        """Return the job; of a dead letter, tell what waits for it first."""
        if job is not None and job.state is JobState.DEAD and job.kind in self.endings:
            try:
                with unit.connection.begin_nested():
                    self.endings[job.kind](unit, job)
            except Exception:  # a job that cannot be given up in full must not keep the others waiting for ever
                log.exception("job_ending_failed", job=job.id, kind=job.kind)
        return job
