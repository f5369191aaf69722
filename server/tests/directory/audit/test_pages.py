import csv
import io
import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.audit.pages import AuditPages
from homeport.directory.audit.store import AuditStore
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin, system
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.templates import Templates

READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader@example.com", frozenset({Permission.AUDIT_READ}))


@pytest.fixture
def work(sqlite_database, clock, entropy):
    return DatabaseWork(sqlite_database, lambda unit: Audit(AuditStore(unit.connection), clock, entropy))


@pytest.fixture
def client(work):
    app = FastAPI()
    app.state.authenticate_session = lambda _request: app.state.who
    app.state.who = READER
    app.include_router(AuditPages(work, Templates(Assets())).router())
    problems.install(app, lambda _request, status, title, detail: PlainTextResponse(f"{title}: {detail}", status))
    return TestClient(app, follow_redirects=False)


def record(work, clock, count=1, **values):
    for number in range(count):
        clock.forward(seconds=1)
        with work.write() as audit:
            resource = Resource("user", f"u{number}", values.pop("name", f"user{number}"))
            audit.record(system("root", Origin("192.0.2.7")), values.get("event", "user_update"), resource=resource,
                         changes=values.get("changes", ()), success=values.get("success", True))  # fmt: skip


def test_empty_list_says_what_will_be_here(client):
    assert "No events yet" in client.get("/admin/events").text


def test_event_shows_who_what_and_from_where_without_being_markup(client, work, clock):
    record(work, clock, name="<b>ada</b>", changes=[Change("email", "a@example.com", "b@example.com")])
    page = client.get("/admin/events").text
    for text in ("user_update", "root", "192.0.2.7", "&lt;b&gt;ada&lt;/b&gt;", "a@example.com → b@example.com"):
        assert text in page


def test_list_is_paged_searched_and_filtered_by_its_address(client, work, clock):
    record(work, clock, 60)
    record(work, clock, event="provider_delete", success=False)
    assert "1\N{EN DASH}50 of 61 events" in client.get("/admin/events").text
    assert "51\N{EN DASH}61 of 61 events" in client.get("/admin/events?page=2").text
    assert "1 event" in client.get("/admin/events?q=provider_delete").text
    assert "1 event" in client.get("/admin/events?q=success:false").text
    assert "No events" in client.get("/admin/events?q=resource_id:nothing").text
    assert client.get("/admin/events?success=perhaps").status_code == 200
    assert client.get("/admin/events?sort=actor_name&page=9999999").status_code == 200


def test_events_are_narrowed_by_time(client, work, clock):
    record(work, clock, name="ada")
    clock.forward(hours=30)
    record(work, clock, name="bob")
    assert "1 event" in client.get("/admin/events?since=24h").text
    assert "2 events" in client.get("/admin/events?since=7d").text
    today = clock.now().date().isoformat()
    assert "1 event" in client.get(f"/admin/events?q=since:{today}").text
    assert "2 events" in client.get(f"/admin/events?q=until:{today}").text
    wrong = client.get("/admin/events?q=since:tomorrow")
    assert (wrong.status_code, "“tomorrow” is no day. Write it as 2026-11-25" in wrong.text) == (400, True)


def test_an_export_holds_everything_that_the_address_finds_and_no_formulas(client, work, clock):
    record(work, clock, 1100)
    record(work, clock, name="=HYPERLINK(1)", event="user_create")
    lines = list(csv.reader(io.StringIO(client.get("/admin/events.csv").text)))
    assert len(lines) == 1102
    assert len({line[0] for line in lines}) == 1102
    assert lines[1][lines[0].index("resource_name")] == "'=HYPERLINK(1)"
    [only] = client.get("/admin/events.jsonl?q=event_type:user_create").text.splitlines()
    assert json.loads(only)["resource"]["name"] == "=HYPERLINK(1)"
    assert client.get("/admin/events.jsonl?q=event_type:nothing").text == ""
    assert client.get("/admin/events.csv?q=since:tomorrow").status_code == 400


def test_reading_needs_the_permission(client):
    client.app.state.who = Actor(ActorKind.ADMINISTRATOR, "x", "x")
    assert "audit:read" in client.get("/admin/events").text
    client.app.state.who = None
    assert client.get("/admin/events").headers["location"] == "/signin?next=/admin/events"
