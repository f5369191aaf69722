"""Carries out the check and the run of an import, a thousand rows a step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from homeport.directory.people.actions.imports import KIND, Imports, from_payload
from homeport.directory.people.model import FIELDS, normal_fields
from homeport.directory.people.model.imports import Row, UserImport, keys_of, records, row_of
from homeport.foundation.database.engine import Database, UnitOfWork
from homeport.foundation.jobs.model import MOST_ATTEMPTS, Job
from homeport.foundation.jobs.worker import Run
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Denied, Invalid, NotFound

__all__ = ["KIND", "ImportJob"]
ROWS_A_STEP = 1000
COUNTED = ("new", "changed", "unchanged", "refused")


@dataclass(frozen=True, slots=True)
class ImportJob:
    """The handler of `people.import`. Its cursor is the last line that was taken, so a run that is killed goes on after it."""

    database: Database
    build: Callable[[UnitOfWork], Imports]

    def __call__(self, run: Run) -> None:
        """Take all rows, then store how it ended; what trying again would not mend ends it with a sentence."""
        actor, import_id = from_payload(run.job.payload["actor"]), run.job.payload["import"]
        try:
            with self.database.read() as unit:
                one = self.build(unit).get(actor, import_id)
            if one.job_id == run.job.id and one.moving:  # else a worker before was killed after it had stored how it ended
                self._take(run, actor, one)
        except (Invalid, Denied, NotFound) as error:
            with run.step() as unit:
                self.build(unit).fail(run.job, error.detail)
        else:
            with run.step() as unit:
                self.build(unit).settle(run.job)

    def give_up(self, unit: UnitOfWork, job: Job) -> None:
        """Store that the job failed too often, so that no import looks as if it still ran."""
        cause = job.error.partition("\n")[0].rstrip(".")  # an error of the database has its statement in the lines after
        self.build(unit).fail(job, f"It failed {MOST_ATTEMPTS} times in a row and was given up, the last time with “{cause}”.")

    def _take(self, run: Run, actor: Actor, one: UserImport) -> None:
        if not run.job.total:  # the first pass only counts, and finds out whether the file can be read to its end
            total = sum(1 for _ in self._rows(actor, one))
            with run.step():
                run.note(total=total, result=dict.fromkeys(COUNTED, 0))
        last, seen = run.job.cursor.get("line", 0), dict[str, int]()
        portion: list[Row] = []
        for row in self._rows(actor, one):
            if row.line <= last:  # taken by a step before; only its names still matter
                for key in keys_of(normal_fields({name: text for name, text in row.values.items() if name in FIELDS})):
                    seen.setdefault(key, row.line)
                continue
            portion.append(row)
            if len(portion) == ROWS_A_STEP:
                self._store(run, actor, one, portion, seen)
                portion = []
        if portion:
            self._store(run, actor, one, portion, seen)

    def _store(self, run: Run, actor: Actor, one: UserImport, rows: list[Row], seen: dict[str, int]) -> None:
        with run.step() as unit:
            counts = self.build(unit).take(actor, one, rows, seen)
            result = {name: run.job.result[name] + counts[name] for name in COUNTED}
            run.note(done=run.job.done + len(rows), cursor={"line": rows[-1].line}, result=result)

    def _rows(self, actor: Actor, one: UserImport) -> Iterator[Row]:
        found = records(self._chunks(actor, one.id), one.meaning.encoding, one.meaning.delimiter)
        next(found, None)  # the names of the columns
        for line, cells in found:
            yield row_of(line, cells, one.meaning.columns)

    def _chunks(self, actor: Actor, import_id: str) -> Iterator[bytes]:
        number = 0
        while True:
            with self.database.read() as unit:
                chunk = self.build(unit).chunk(actor, import_id, number)
            if chunk is None:
                return
            yield chunk
            number += 1
