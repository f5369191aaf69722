"""Writes an export, a thousand entries a step."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from homeport.directory.audit.actions.exports import Exports
from homeport.directory.audit.model import ExportFormat
from homeport.directory.audit.schemas.exports import heading, lines
from homeport.foundation.database.engine import Database, UnitOfWork
from homeport.foundation.jobs.worker import Run

ENTRIES_A_STEP = 1000


@dataclass(frozen=True, slots=True)
class ExportJob:
    """The handler of `audit.export`. Its cursor is the last entry that was written, so one that is killed goes on after it."""

    database: Database
    build: Callable[[UnitOfWork], Exports]

    def __call__(self, run: Run) -> None:
        """Write part after part, each in a unit of work of its own."""
        form = ExportFormat(run.job.payload["format"])
        while not run.job.cursor.get("over"):
            number, after = run.job.cursor.get("parts", 0), run.job.cursor.get("after", "")
            with run.step() as unit:
                exports = self.build(unit)
                portion = exports.next(run.job, after, ENTRIES_A_STEP)
                text = ("" if number else heading(form)) + lines(form, portion.entries)
                exports.keep(run.job, number, zlib.compress(text.encode()))
                done = run.job.done + len(portion.entries)
                cursor = {"parts": number + 1, "after": portion.after, "over": not portion.after}
                run.note(done=done, total=run.job.total if portion.after else done, cursor=cursor)
