import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update
from starlette.responses import PlainTextResponse

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.jobs import AuditKeys, AuditSealer
from homeport.directory.audit.model import Change, Resource
from homeport.directory.audit.pages import AuditPages
from homeport.directory.audit.store import AuditStore
from homeport.directory.audit.tables import audit_entries
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin, system
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.templates import Templates

READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader@example.com", frozenset({Permission.AUDIT_READ}))


@pytest.fixture
def work(sqlite_database, clock, entropy):
    return DatabaseWork(sqlite_database, lambda unit: Audit(AuditStore(unit.connection), clock, entropy))


@pytest.fixture
def sealer(sqlite_database, clock, tmp_path):
    keys = AuditKeys.open(tmp_path / "audit.key", may_create=True)
    return AuditSealer(DatabaseWork(sqlite_database, lambda unit: AuditStore(unit.connection)), keys, clock)


@pytest.fixture
def client(work, sealer):
    app = FastAPI()
    app.state.authenticate_session = lambda _request: app.state.who
    app.state.who = READER
    app.include_router(AuditPages(work, lambda: sealer, Templates(Assets())).router())
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


def test_the_newest_events_are_watched_live_by_the_filter_of_the_page_and_without_script_by_a_link(client, work, clock):
    record(work, clock, 60)
    page = client.get("/admin/events?q=success:true&page=2&sort=actor_name").text
    assert 'href="/admin/events?success=true&amp;sort=actor_name&amp;page=2&amp;live=on"' in page
    live = client.get("/admin/events?success=true&live=on").text
    for text in ('data-refresh="/admin/events/live?success=true&amp;live=on"', ">Pause<", ">Show New Events<", "user59"):
        assert text in live
    assert "user9<" not in live
    again = "/admin/events/live?success=true&live=on"
    record(work, clock, event="provider_delete", success=False)
    assert "provider_<wbr>delete" not in client.get(again).text
    record(work, clock, event="device_delete")
    fragment = client.get(again).text
    assert "device_<wbr>delete" in fragment
    assert "<html" not in fragment
    assert client.get("/admin/events/live?q=since:tomorrow").status_code == 400
    assert "Pause" not in client.get("/admin/events?q=since:tomorrow&live=on").text


def test_one_event_is_shown_whole_with_its_place_in_the_chain(client, work, clock, sealer):
    record(work, clock, 2)
    origin = Origin("192.0.2.7", "Firefox <4>", "request-7")
    changes = [Change("email", "a@example.com", "<b>"), Change("admin", None, True), Change("groups", ["x"], [])]
    with work.write() as audit:
        actor = Actor(ActorKind.ADMINISTRATOR, "a1", "marie@example.com", origin=origin)
        audit.record(
            actor, "user_update", resource=Resource("user", "u9", "ada"), changes=changes, reason="asked", details={"by_hand": 3}
        )
        entry = audit.log.search(Listing(limit=1)).items[0]
    page = client.get(f"/admin/events/{entry.id}").text
    for text in (
        'href="/admin/events?actor_name=marie%40example.com"', "admin, a1", 'href="/admin/events?resource_id=u9"', "asked",
        'href="/admin/events?address=192.0.2.7"', "Firefox &lt;4&gt;", 'href="/admin/events?request_id=request-7"', entry.id,
        "a@example.com", "&lt;b&gt;", "Not set", "true", "[&#34;x&#34;]", "by hand", "Not sealed yet",
    ):  # fmt: skip
        assert text in page, text
    assert f'href="/admin/events/{entry.id}"' in client.get("/admin/events").text
    sealer.seal()
    page = client.get(f"/admin/events/{entry.id}").text
    assert "The entry and its batch verify" in page
    assert "3 of 3 entries" in page
    assert client.get("/admin/events/nothing").status_code == 404


def test_one_event_that_was_altered_says_so_and_the_next_batch_still_verifies(client, work, clock, sealer, sqlite_database):
    for _ in range(2):
        record(work, clock, 2)
        sealer.seal()
    with sqlite_database.write() as unit:
        unit.connection.execute(update(audit_entries).where(audit_entries.c.batch == 1).values(actor_name="nobody"))
    with work.read() as audit:
        newest, *_, oldest = audit.log.search(Listing(limit=9)).items
    page = client.get(f"/admin/events/{oldest.id}").text
    assert "The chain does not hold here" in page
    assert f"Entry {oldest.id} of batch 1 was changed after it was sealed." in page
    assert "The entry and its batch verify" in client.get(f"/admin/events/{newest.id}").text


def test_reading_needs_the_permission(client):
    client.app.state.who = Actor(ActorKind.ADMINISTRATOR, "x", "x")
    assert "audit:read" in client.get("/admin/events").text
    client.app.state.who = None
    assert client.get("/admin/events").headers["location"] == "/signin?next=/admin/events"
