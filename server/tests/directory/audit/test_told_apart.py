"""What happened to the audit log is told apart: altered, removed, re-ordered, inserted, retention, restored. On both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from tests.support.house import ADMIN

from homeport.directory.audit.model import DestinationKind, Resource
from homeport.directory.audit.tables import audit_batches, audit_entries


class Story:
    """A log of three sealed batches with three entries each, and what is done to it."""

    def __init__(self, house):
        house.empty()
        self.house, self.sealer = house, house.home.audit_sealer
        self.sealer.keys.head_path.unlink(missing_ok=True)
        for _ in range(3):
            for name in ("ada", "bob", "cy"):
                house.do(lambda act, name=name: act.audit.record(ADMIN, "user_create", resource=Resource("user", name, name)))
            house.clock.forward(seconds=1)
            self.sealer.seal()
        self.ids = [row[0] for row in house.sql("SELECT id FROM audit_entries ORDER BY batch, id")]

    def edit(self, *statements):
        with self.house.home.parts.database.write() as unit:
            for statement in statements:
                unit.connection.execute(statement)

    def row(self, number):
        with self.house.home.parts.database.read() as unit:
            return dict(
                unit.connection.execute(select(audit_entries).where(audit_entries.c.id == self.ids[number])).one()._mapping
            )


def altered(story):
    story.edit(update(audit_entries).where(audit_entries.c.id == story.ids[4]).values(actor_name="mallory"))
    return [f"Entry {story.ids[4]} of batch 2 was changed after it was sealed."]


def removed(story):
    story.edit(delete(audit_entries).where(audit_entries.c.id == story.ids[4]))
    return [f"Entry {story.ids[4]} of batch 2 is missing: removed, or moved out of its batch."]


def reordered(story):
    first, second = story.row(3), story.row(5)
    for target, source in ((first, second), (second, first)):
        values = {name: value for name, value in source.items() if name != "id"}
        story.edit(update(audit_entries).where(audit_entries.c.id == target["id"]).values(values))
    return [
        f"Entry {here} of batch 2 stands in the place of entry {there}: they were re-ordered."
        for here, there in ((first["id"], second["id"]), (second["id"], first["id"]))
    ]


def inserted(story):
    fresh = story.ids[4][:-4] + ("0000" if story.ids[4][-4:] != "0000" else "1111")
    story.edit(insert(audit_entries).values({**story.row(4), "id": fresh}))
    return [f"Entry {fresh} says that batch 2 sealed it, but it did not: inserted, or moved into it."]


def batch_removed(story):
    story.edit(delete(audit_entries).where(audit_entries.c.batch == 2), delete(audit_batches).where(audit_batches.c.number == 2))
    return ["Batch 2 is missing: removed from the database."]


def last_batch_removed(story):
    story.edit(delete(audit_entries).where(audit_entries.c.batch == 3), delete(audit_batches).where(audit_batches.c.number == 3))
    return ["Batch 3 is missing at the end: removed from the database."]


def retention_feigned(story):
    story.edit(
        delete(audit_entries).where(audit_entries.c.batch == 1),
        update(audit_batches).where(audit_batches.c.number == 1)
        .values(contents="", removed_at=story.house.clock.now(), removal_key_id=story.sealer.keys.newest, removal_signature="AAAA"),
    )  # fmt: skip
    return ["Batch 1 says that retention removed its entries, but the audit key did not sign that: somebody else removed them."]


DEEDS = (altered, removed, reordered, inserted, batch_removed, last_batch_removed, retention_feigned)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_each_deed_has_its_own_sentence(each_house, deed):
    story = Story(each_house)
    assert story.sealer.verify().holds
    expected = deed(story)
    verdict = story.sealer.verify()
    assert (list(verdict.problems), verdict.remarks, verdict.holds) == (expected, (), False)


def test_what_retention_removed_and_what_was_restored_hold_and_are_named(each_house):
    story = Story(each_house)
    each_house.clock.forward(days=40)
    assert story.sealer.remove_before(each_house.clock.now() - timedelta(days=30)) == 9
    retention = "Retention removed the entries of 3 batches, 1 to 3; the signed headers stay."
    verdict = story.sealer.verify()
    assert (verdict.problems, verdict.remarks, verdict.entries, verdict.batches) == ((), (retention,), 0, 3)
    story.edit(delete(audit_batches).where(audit_batches.c.number == 3))
    story.sealer.sign_for_gap("restored from a backup by root")
    verdict = story.sealer.verify()
    restored, shorter = "Batch 4: restored from a backup by root", retention.replace("3 batches, 1 to 3", "2 batches, 1 to 2")
    assert (verdict.problems, verdict.remarks) == ((), (restored, shorter))


def test_retention_waits_for_a_destination_that_has_not_got_an_entry_unless_it_is_paused(each_house):
    story = Story(each_house)
    kind, address = DestinationKind.WEBHOOK, "https://siem.example.com/"
    make = {"kind": kind, "name": "SIEM", "address": address, "from_start": True}
    made = each_house.do(lambda act: act.destinations.create(ADMIN, **make)[0])
    later = each_house.clock.now() + timedelta(days=1)
    assert story.sealer.remove_before(later) == 0
    each_house.do(lambda act: act.destinations.update(ADMIN, made.id, enabled=False))
    assert story.sealer.remove_before(later) == 9
    assert story.sealer.verify().holds
