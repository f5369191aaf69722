import csv
import io
import json
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from homeport.directory.audit.actions import Audit, Exports
from homeport.directory.audit.actions.exports import KIND
from homeport.directory.audit.jobs import ExportJob, exporting
from homeport.directory.audit.model import Change, ExportFormat, Happening, Resource
from homeport.directory.audit.pages import ExportPages
from homeport.directory.audit.store import AuditStore, ExportSql
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.jobs.worker import Worker
from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.templates import Templates

READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader@example.com", frozenset({Permission.AUDIT_READ}))


class Desk:
    """A log, its exports, and the worker that writes them; `step` is how many entries it takes at once."""

    def __init__(self, database, clock, entropy):
        self.database, self.clock, self.entropy = database, clock, entropy
        self.work = DatabaseWork(database, self.build)
        self.worker = Worker(database, clock, entropy, {KIND: ExportJob(database, self.build)})

    def build(self, unit):
        audit = Audit(AuditStore(unit.connection), self.clock, self.entropy)
        return Exports(ExportSql(unit.connection), Jobs(unit.connection, self.clock, self.entropy), audit)

    def record(self, count, event="user_update", name="ada"):
        with self.work.write() as exports:
            self.clock.forward(seconds=1)
            change = [Change("email", "a@example.com", "b@example.com")]
            made = (Happening(event, Resource("user", f"u{number}", name), change) for number in range(count))
            exports.audit.record_all(system("root"), made)

    def begin(self, form=ExportFormat.CSV, **asked):
        with self.work.write() as exports:
            return exports.begin(READER, form, Listing(**asked), "")

    def get(self, export_id):
        with self.work.read() as exports:
            return exports.get(READER, export_id)


@pytest.fixture
def desk(database, clock, entropy, monkeypatch):
    monkeypatch.setattr(exporting, "ENTRIES_A_STEP", 10)
    return Desk(database, clock, entropy)


@pytest.fixture
def client(desk):
    app = FastAPI()
    app.state.authenticate_session = lambda _request: app.state.who
    app.state.who = READER
    app.include_router(ExportPages(desk.work, Templates(Assets())).router())
    problems.install(app, lambda _request, status, title, detail: PlainTextResponse(f"{title}: {detail}", status))
    return TestClient(app, follow_redirects=False)


def begun(client, query="", form="csv"):
    answer = client.post("/admin/events/exports", data={"query": query, "format": form})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_an_export_is_written_with_a_bar_and_holds_everything_that_the_address_finds_and_no_formulas(desk, client):
    desk.record(45)
    desk.record(1, event="user_create", name="=HYPERLINK(1)")
    path = begun(client)
    page = client.get(path).text
    for text in (f'data-refresh="{path}/progress"', "0 of 46", '<meta http-equiv="refresh"'):
        assert text in page
    assert client.get(f"{path}/download").status_code == 409
    desk.worker.run_due()
    assert f'data-refresh-go="{path}"' in client.get(f"{path}/progress").text
    page = client.get(path).text
    assert "Download CSV" in page
    assert "reader@example.com" in page
    answer = client.get(f"{path}/download")
    assert answer.headers["content-disposition"] == 'attachment; filename="events.csv"'
    heading, *lines = csv.reader(io.StringIO(answer.text))
    assert len({line[0] for line in lines}) == len(lines) == 47, "the 46, and that somebody takes them out"
    assert lines[0][heading.index("event_type")] == "audit_export"
    assert lines[1][heading.index("resource_name")] == "'=HYPERLINK(1)"


def test_an_export_as_json_lines_goes_by_the_filter_of_the_page(desk, client):
    desk.record(3)
    desk.record(2, event="user_create")
    path = begun(client, "q=event_type%3Auser_create&page=7", "jsonl")
    desk.worker.run_due()
    found = [json.loads(line) for line in client.get(f"{path}/download").text.splitlines()]
    assert [one["event_type"] for one in found] == ["user_create"] * 2
    assert "event_type=user_create" in client.get(path).text
    empty = begun(client, "q=event_type%3Anothing", "jsonl")
    desk.worker.run_due()
    assert client.get(f"{empty}/download").text == ""
    assert client.post("/admin/events/exports", data={"query": "q=since%3Atomorrow"}).status_code == 400
    assert client.post("/admin/events/exports", data={"format": "xml"}).status_code in {400, 422}


def test_an_export_whose_worker_is_killed_goes_on_after_its_last_step_and_writes_nothing_twice(desk, clock):
    desk.record(35)
    export_id = desk.begin(filters=(Filter("event_type", "eq", "user_update"),))
    stopped = {"after": 2}

    def build(unit):
        stopped["after"] -= 1
        if stopped["after"] < 0:
            raise KeyboardInterrupt
        return desk.build(unit)

    killed = Worker(desk.database, clock, desk.entropy, {KIND: ExportJob(desk.database, build)})
    with pytest.raises(KeyboardInterrupt):
        killed.run_due()
    one = desk.get(export_id)
    assert (one.done, one.total, one.over) == (20, 35, False)
    desk.record(5)
    clock.forward(minutes=5)
    desk.worker.run_due()
    one = desk.get(export_id)
    assert (one.done, one.total, one.over, one.failure) == (35, 35, True, "")


def test_an_export_begins_with_what_exists_and_ends_where_retention_took_the_rest(desk):
    desk.record(20)
    export_id = desk.begin(filters=(Filter("event_type", "eq", "user_update"),))
    with desk.work.write() as exports:
        job = exports.jobs.get(export_id)
        portion = exports.next(job, "", 10)
        assert len(portion.entries) == 10
        assert exports.next(job, "an entry that is gone", 10).entries == ()
    desk.record(7)
    desk.worker.run_due()
    assert desk.get(export_id).done == 20


def test_an_export_is_an_event_needs_the_permission_and_is_gone_after_a_day(desk, client, clock):
    desk.record(2)
    path = begun(client)
    with desk.work.read() as exports:
        [entry] = exports.audit.search(READER, Listing(filters=(Filter("event_type", "eq", "audit_export"),))).items
    assert (entry.actor_name, entry.detailed()["entries"], entry.detailed()["format"]) == ("reader@example.com", 2, "csv")
    desk.worker.run_due()
    client.app.state.who = replace(READER, permissions=frozenset())
    for asked in (path, f"{path}/progress", f"{path}/download"):
        assert "audit:read" in client.get(asked).text
    assert "audit:read" in client.post("/admin/events/exports", data={}).text
    clock.forward(days=1, seconds=1)
    with desk.work.write() as exports:
        exports.parts.remove_before(clock.now())
        assert exports.parts.get(path.rsplit("/", 1)[1], 0) is None
    with pytest.raises(NotFound, match="more than a day old"):
        desk.get(path.rsplit("/", 1)[1])
