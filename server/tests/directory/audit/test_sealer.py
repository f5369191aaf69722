import base64
import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.jobs import AuditKeyError, AuditKeys, AuditSealer
from homeport.directory.audit.model import Resource
from homeport.directory.audit.store import AuditStore
from homeport.directory.audit.tables import audit_batches, audit_entries
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.kernel.actor import system


class Log:
    """A log with a sealer; `edit` is somebody who changes the database behind Homeport's back."""

    def __init__(self, database, clock, entropy, folder):
        self.database, self.clock, self.entropy = database, clock, entropy
        self.key_path = folder / "audit.key"
        self.keys = AuditKeys.open(self.key_path, may_create=True)
        self.sealer = AuditSealer(DatabaseWork(database, lambda unit: AuditStore(unit.connection)), self.keys, clock)

    def write(self, count=1):
        with self.database.write() as unit:
            audit = Audit(AuditStore(unit.connection), self.clock, self.entropy)
            for _ in range(count):
                self.clock.forward(seconds=1)
                audit.record(system("root"), "user_create", resource=Resource("user", "u", "ada"), details={"n": 1})

    def edit(self, *statements):
        with self.database.write() as unit:
            for statement in statements:
                unit.connection.execute(statement)

    def rows(self, table):
        with self.database.read() as unit:
            return unit.connection.execute(select(table).order_by(*table.primary_key.columns)).all()

    def problems(self):
        return list(self.sealer.verify().problems)


class InterruptedWork:
    """Work whose process is told to end just before it would commit."""

    def __init__(self, work):
        self.work = work
        self.read = work.read

    @contextmanager
    def write(self):
        with self.work.write() as log:
            yield log
            raise KeyboardInterrupt


@pytest.fixture
def log(sqlite_database, clock, entropy, tmp_path):
    return Log(sqlite_database, clock, entropy, tmp_path)


@pytest.fixture
def sealed(log):
    for _ in range(3):
        log.write(3)
        assert log.sealer.seal() == 3
    return log


def test_sealed_log_holds_on_both_databases(database, clock, entropy, tmp_path):
    log = Log(database, clock, entropy, tmp_path)
    log.write(2)
    assert log.sealer.seal() == 2
    log.write(1)
    assert log.sealer.seal() == 1
    log.write(4)
    verdict = log.sealer.verify()
    assert (verdict.problems, verdict.batches, verdict.entries, verdict.unsealed) == ((), 2, 3, 4)
    assert log.sealer.seal() == 4
    assert log.sealer.seal() == 0
    assert log.sealer.verify().holds


def test_empty_log_holds(log):
    assert log.sealer.seal() == 0
    assert log.sealer.verify().holds


def test_many_entries_are_sealed_in_several_batches(log):
    log.write(1001)
    assert log.sealer.seal() == 1001
    assert [row.count for row in log.rows(audit_batches)] == [1000, 1]
    assert log.sealer.verify().holds


def test_entry_that_was_committed_late_is_sealed_in_a_later_batch(sealed):
    early = sealed.rows(audit_entries)[0]
    values = {**early._mapping, "id": "01a20a00-0000-7000-8000-000000000000", "batch": None}
    sealed.edit(insert(audit_entries).values(values))
    assert sealed.sealer.seal() == 1
    assert sealed.sealer.verify().holds


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_field_of_any_sealed_entry_is_named(sealed, data):
    entries = sealed.rows(audit_entries)
    entry = data.draw(st.sampled_from(entries))
    name = data.draw(st.sampled_from([key for key in entry._mapping if key not in {"id", "batch", "actor_kind"}]))
    before = getattr(entry, name)
    if isinstance(before, bool):
        after = not before
    elif isinstance(before, str):
        limit = audit_entries.c[name].type.length or 20
        after = data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=min(limit, 20)))
    else:
        after = before + timedelta(microseconds=data.draw(st.integers(1, 10**9)))
    if after == before:
        return
    this = audit_entries.c.id == entry.id
    sealed.edit(update(audit_entries).where(this).values({name: after}))
    try:
        assert sealed.problems() == [f"Entry {entry.id} of batch {entry.batch} was changed after it was sealed."]
    finally:
        sealed.edit(update(audit_entries).where(this).values({name: before}))
    assert sealed.sealer.verify().holds


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_field_of_any_batch_is_noticed(sealed, data):
    batch = data.draw(st.sampled_from(sealed.rows(audit_batches)))
    unsigned = {"number", "removed_at", "removal_key_id", "removal_signature"}
    name = data.draw(st.sampled_from([key for key in batch._mapping if key not in unsigned]))
    before = getattr(batch, name)
    if isinstance(before, int):
        after = before + data.draw(st.integers(1, 100))
    elif isinstance(before, str):
        place = data.draw(st.integers(0, max(0, len(before) - 1)))
        after = before[:place] + ("x" if before[place : place + 1] != "x" else "y") + before[place + 1 :]
    else:
        after = before + timedelta(microseconds=1)
    this = audit_batches.c.number == batch.number
    sealed.edit(update(audit_batches).where(this).values({name: after}))
    try:
        found = sealed.problems()
        assert found
        assert all(f"atch {batch.number}" in sentence or f"atch {batch.number + 1}" in sentence for sentence in found)
    finally:
        sealed.edit(update(audit_batches).where(this).values({name: before}))
    assert sealed.sealer.verify().holds


@pytest.mark.parametrize("place", [0, 4, 8])
def test_removed_entry_is_named(sealed, place):
    entry = sealed.rows(audit_entries)[place]
    sealed.edit(delete(audit_entries).where(audit_entries.c.id == entry.id))
    assert sealed.problems() == [f"Entry {entry.id} of batch {entry.batch} is missing: removed, or moved out of its batch."]


def test_entry_made_unsealed_again_is_named_even_after_it_was_sealed_anew(sealed):
    entry = sealed.rows(audit_entries)[4]
    sealed.edit(update(audit_entries).where(audit_entries.c.id == entry.id).values(batch=None, actor_name="mallory"))
    sealed.sealer.seal()
    assert sealed.problems() == [f"Entry {entry.id} of batch 2 is missing: removed, or moved out of its batch."]


def test_inserted_entry_is_named(sealed):
    fresh = "01a20a00-0000-7000-8000-ffffffffffff"
    values = {**sealed.rows(audit_entries)[4]._mapping, "id": fresh}
    sealed.edit(insert(audit_entries).values(values))
    assert sealed.problems() == [f"Entry {fresh} says that batch 2 sealed it, but it did not: inserted, or moved into it."]


def test_two_entries_that_changed_places_are_named(sealed):
    first, second = sealed.rows(audit_entries)[3:5]

    def place(source, target):
        values = {key: value for key, value in source._mapping.items() if key != "id"}
        return update(audit_entries).where(audit_entries.c.id == target.id).values(values)

    sealed.edit(place(first, second), place(second, first))
    assert sealed.problems() == [
        f"Entry {here.id} of batch 2 stands in the place of entry {there.id}: they were re-ordered."
        for here, there in ((first, second), (second, first))
    ]


def test_batch_removed_from_the_middle_is_named_with_or_without_its_entries(sealed):
    sealed.edit(delete(audit_batches).where(audit_batches.c.number == 2))
    found = sealed.problems()
    assert found[0] == "Batch 2 is missing: removed from the database."
    assert len(found) == 4
    sealed.edit(delete(audit_entries).where(audit_entries.c.batch == 2))
    assert sealed.problems() == ["Batch 2 is missing: removed from the database."]


@pytest.mark.parametrize("kept", [2, 1, 0])
def test_batches_removed_from_the_end_are_named_and_stay_missing(sealed, kept):
    sealed.edit(
        delete(audit_batches).where(audit_batches.c.number > kept), delete(audit_entries).where(audit_entries.c.batch > kept)
    )
    missing = "Batch 3 is" if kept == 2 else f"Batches {kept + 1} to 3 are"
    assert sealed.problems() == [f"{missing} missing at the end: removed from the database."]
    sealed.write()
    sealed.sealer.seal()
    assert sealed.problems() == [f"{missing} missing: removed from the database."]


def test_header_signed_by_another_key_is_named(sealed, tmp_path):
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = AuditKeys.open(other_folder / "audit.key", may_create=True)
    forger = AuditSealer(sealed.sealer.work, other, sealed.clock)
    sealed.write()
    forger.seal()
    assert sealed.problems() == [
        f"Batch 4 was signed by the key {other.newest}, which is not among the audit keys of this installation."
    ]
    impostor = AuditKeys({sealed.keys.newest: other.keys[other.newest]}, other.head_path)
    sealed.write()
    AuditSealer(sealed.sealer.work, impostor, sealed.clock).seal()
    assert "Batch 5 has a header that the audit key did not sign: the header was changed." in sealed.problems()


def test_crash_between_storing_and_noting_a_batch_leaves_a_log_that_holds(sealed):
    noted = sealed.keys.head()
    sealed.write()
    sealed.sealer.seal()
    sealed.keys.note(noted)
    assert sealed.sealer.verify().holds
    assert sealed.sealer.seal() == 0
    assert sealed.keys.head().number == 4
    assert sealed.sealer.verify().holds


def test_crash_before_the_commit_leaves_nothing_behind(sealed):
    sealed.write()
    with pytest.raises(KeyboardInterrupt):
        AuditSealer(InterruptedWork(sealed.sealer.work), sealed.keys, sealed.clock).seal()
    assert sealed.sealer.verify().holds
    assert sealed.sealer.seal() == 1
    assert sealed.sealer.verify().holds


def test_gap_that_an_operator_signed_for_is_a_remark(sealed):
    sealed.edit(delete(audit_batches).where(audit_batches.c.number > 1), delete(audit_entries).where(audit_entries.c.batch > 1))
    sealed.sealer.sign_for_gap("restored from the backup of 20 November by root")
    sealed.write()
    sealed.sealer.seal()
    verdict = sealed.sealer.verify()
    assert verdict.holds
    assert verdict.remarks == ("Batch 4: restored from the backup of 20 November by root",)


def test_note_that_nobody_signed_does_not_excuse_a_gap(sealed):
    sealed.edit(delete(audit_batches).where(audit_batches.c.number == 2), delete(audit_entries).where(audit_entries.c.batch == 2))
    sealed.edit(update(audit_batches).where(audit_batches.c.number == 3).values(note="restored"))
    assert "Batch 3 has a header that the audit key did not sign: the header was changed." in sealed.problems()


def test_key_is_readable_by_its_owner_only_and_opens_again(log):
    assert log.key_path.stat().st_mode & 0o777 == 0o600
    again = AuditKeys.open(log.key_path, may_create=False)
    assert again.signed(log.keys.newest, b"x", log.keys.sign(b"x")) is True
    assert again.signed(log.keys.newest, b"y", log.keys.sign(b"x")) is False


def test_unusable_key_files_are_refused_with_a_sentence(tmp_path):
    path = tmp_path / "audit.key"
    with pytest.raises(AuditKeyError, match="missing"):
        AuditKeys.open(path, may_create=False)
    keys = AuditKeys.open(path, may_create=True)
    path.chmod(0o640)
    with pytest.raises(AuditKeyError, match="chmod 600"):
        AuditKeys.open(path, may_create=False)
    path.chmod(0o600)
    for text in ("", "[]", json.dumps({"keys": {}}), json.dumps({"keys": {"a": base64.b64encode(b"short").decode()}})):
        path.write_text(text)
        with pytest.raises(AuditKeyError, match="damaged"):
            AuditKeys.open(path, may_create=True)
    keys.head_path.write_text("{}")
    with pytest.raises(AuditKeyError, match="damaged"):
        keys.head()
