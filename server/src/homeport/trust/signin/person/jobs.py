"""Answers forgotten passwords, behind the page that told nobody whether the person exists."""

from collections.abc import Callable
from dataclasses import dataclass

from homeport.foundation.database.engine import UnitOfWork
from homeport.foundation.jobs.worker import Run
from homeport.trust.signin.person.forgotten import KIND, Forgotten

__all__ = ["KIND", "ForgottenJob"]


@dataclass(frozen=True, slots=True)
class ForgottenJob:
    """The handler of `password.forgotten`."""

    build: Callable[[UnitOfWork], Forgotten]

    def __call__(self, run: Run) -> None:
        """Send the link in one step, so that a job that is tried again sends no second one."""
        if run.job.done:
            return
        with run.step() as unit:
            self.build(unit).answer(run.job.payload["user"])
            run.note(done=1, total=1)
