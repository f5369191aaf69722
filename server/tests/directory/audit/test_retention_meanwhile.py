"""Retention removes batches while the log is verified, an event is looked at, and an export is written; PostgreSQL lets it."""

from datetime import timedelta

import pytest
from tests.support.together import meanwhile

from homeport.directory.audit.actions import Audit, Exports
from homeport.directory.audit.jobs import AuditKeys, AuditSealer
from homeport.directory.audit.model import ExportFormat, Resource
from homeport.directory.audit.store import AuditStore, ExportSql
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.listing import Listing

BATCH = "FROM audit_batches WHERE audit_batches.number ="
READER = system("root")


class Story:
    """Two sealed batches of two entries each, which retention may remove."""

    def __init__(self, database, clock, entropy, folder):
        self.database, self.clock, self.entropy = database, clock, entropy
        keys = AuditKeys.open(folder / "audit.key", may_create=True)
        self.sealer = AuditSealer(DatabaseWork(database, lambda unit: AuditStore(unit.connection)), keys, clock)
        self.exports = DatabaseWork(database, self.build)
        for _ in range(2):
            self.write()
            assert self.sealer.seal() == 2

    def build(self, unit):
        audit = Audit(AuditStore(unit.connection), self.clock, self.entropy)
        return Exports(ExportSql(unit.connection), Jobs(unit.connection, self.clock, self.entropy), audit)

    def write(self):
        with self.exports.write() as exports:
            for _ in range(2):
                self.clock.forward(seconds=1)
                exports.audit.record(READER, "user_create", resource=Resource("user", "u", "ada"))

    def retention(self):
        assert self.sealer.remove_before(self.clock.now() + timedelta(seconds=1)) == 4

    def meanwhile(self, at):
        return meanwhile(self.database.engine, at, self.retention)


@pytest.fixture
def story(_kept, clock, entropy, tmp_path):
    database = _kept.open()
    yield Story(database, clock, entropy, tmp_path)
    database.dispose()


@pytest.mark.parametrize("at", ["SELECT audit_batches.number FROM", BATCH, "FROM audit_entries WHERE audit_entries.batch ="])
def test_a_log_from_which_retention_removes_a_batch_while_it_is_verified_holds(story, at):
    with story.meanwhile(at):
        verdict = story.sealer.verify()
    assert (verdict.problems, verdict.batches, verdict.entries, verdict.remarks) == ((), 2, 4, ()), "as it was at one moment"
    later = story.sealer.verify()
    assert (later.problems, later.batches, later.entries, len(later.remarks)) == ((), 2, 0, 1)


def test_an_event_that_retention_removes_while_it_is_proven_still_verifies_and_is_gone_afterwards(story):
    with story.exports.read() as exports:
        entry = exports.audit.search(READER, Listing(limit=1)).items[0]
    with story.meanwhile(BATCH):
        proof = story.sealer.prove(entry)
    assert (proof.number, proof.position, proof.problems) == (2, 2, ())
    with pytest.raises(NotFound, match="Retention has removed it"):
        story.sealer.prove(entry)


def test_an_export_whose_last_entry_retention_removes_does_not_begin_anew(story):
    story.clock.forward(hours=1)
    with story.exports.write() as exports:
        export_id = exports.begin(READER, ExportFormat.CSV, Listing(), "")
    story.sealer.seal()  # the entry that says so: retention leaves this batch, which is not older than what it removes
    with story.exports.write() as exports:
        job = exports.jobs.get(export_id)
        first = exports.next(job, "", 2)
    last = "FROM audit_entries WHERE audit_entries.id ="
    with (
        meanwhile(story.database.engine, last, lambda: story.sealer.remove_before(story.clock.now())),
        story.exports.write() as it,
    ):
        second = it.next(job, first.after, 2)
    with story.exports.write() as exports:
        third = exports.next(job, first.after, 2)
    assert len(first.entries) == 2
    assert not {one.id for one in first.entries} & {one.id for one in (*second.entries, *third.entries)}
    assert (third.entries, third.after) == ((), "")
