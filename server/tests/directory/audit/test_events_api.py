"""Directory Insights' queries over the audit log, on both databases."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.api import EventsApi
from homeport.directory.audit.model import Change, Resource
from homeport.directory.audit.store import AuditStore
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.permissions import Permission

READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader@example.com", frozenset({Permission.AUDIT_READ}))
MARIE = Actor(ActorKind.ADMINISTRATOR, "m", "marie@acme.example", origin=Origin("192.0.2.7", "Firefox"))
LAB = Actor(ActorKind.DEVICE, "d", "lab-1")


@pytest.fixture
def work(database, clock, entropy):
    return DatabaseWork(database, lambda unit: Audit(AuditStore(unit.connection), clock, entropy))


@pytest.fixture
def ask(work, clock):
    app = FastAPI()
    app.state.authenticate_key = lambda _request: app.state.who
    app.state.who = READER
    app.include_router(EventsApi(work).router())
    problems.install(app, lambda *_: None)
    client = TestClient(app)
    begun = clock.now()

    def ask(what="", *, status=200, **query):
        said = {"service": ["all"], "start_time": (begun - timedelta(days=1)).isoformat(), **query}
        answer = client.post(f"/insights/directory/v1/events{what}", json=said)
        assert answer.status_code == status, answer.text
        return answer

    ask.app = app
    return ask


@pytest.fixture
def happened(work, clock):
    """Ada is changed by Marie, Bob is not, and a device carries an order out: a minute apart."""
    with work.write() as audit:
        audit.record(MARIE, "user_update", resource=Resource("user", "a", "ada"), changes=[Change("email", "a@x", "b@x")])
    clock.forward(seconds=60)
    with work.write() as audit:
        audit.record(MARIE, "user_update", resource=Resource("user", "b", "bob_100%"), success=False, reason="No permission")
    clock.forward(seconds=60)
    with work.write() as audit:
        audit.record(LAB, "order_done", resource=Resource("device", "d", "lab-1"), details={"kind": "bind"})


def names(answer):
    return [event["resource"]["name"] for event in answer.json()]


def test_an_event_says_who_what_when_before_and_after(ask, happened):
    event = ask(search_term={"and": {"resource.name": "ada"}}).json()[0]
    assert event["initiated_by"] == {"id": "m", "type": "admin", "email": "marie@acme.example"}
    assert event["resource"] == {"id": "a", "type": "user", "name": "ada"}
    assert event["changes"] == [{"field": "email", "from": "a@x", "to": "b@x"}]
    assert (event["service"], event["client_ip"], event["useragent"]) == ("directory", "192.0.2.7", {"name": "Firefox"})
    assert event["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["lab-1", "bob_100%", "ada"]),
        ({"sort": "ASC"}, ["ada", "bob_100%", "lab-1"]),
        ({"service": ["systems"]}, ["lab-1"]),
        ({"service": ["directory", "ldap"]}, ["bob_100%", "ada"]),
        ({"service": ["ldap", "radius"]}, []),
        ({"q": "MARIE permission"}, ["bob_100%"]),
        ({"search_term": {"and": [{"event_type": "user_update"}, {"success": True}]}}, ["ada"]),
        ({"search_term": {"or": [{"resource.id": "a"}, {"resource.id": "d"}]}}, ["lab-1", "ada"]),
        ({"search_term": {"not": {"initiated_by.email": "marie@acme.example"}}}, ["lab-1"]),
        ({"search_term": {"and": {"resource.id": ["a", "b"]}, "not": {"resource.name": {"startsWith": "a"}}}}, ["bob_100%"]),
        ({"search_term": {"and": {"resource.name": {"contains": "0%"}}}}, ["bob_100%"]),
        ({"search_term": {"and": {"resource.name": {"contains": "_"}}}}, ["bob_100%"]),
        ({"limit": 1, "skip": 1}, ["bob_100%"]),
    ],
)
def test_events_are_found_by_service_text_and_terms(ask, happened, query, found):
    assert names(ask(**query)) == found
    if not {"limit", "skip"} & set(query):
        assert ask("/count", **query).json() == {"count": len(found)}


def test_events_are_found_by_time_and_the_end_is_not_among_them(ask, happened):
    times = {name: event["timestamp"] for name, event in zip(names(ask()), ask().json(), strict=True)}
    assert names(ask(start_time=times["bob_100%"], end_time=times["lab-1"])) == ["bob_100%"]
    assert names(ask(search_term={"and": {"timestamp": {"before": times["bob_100%"]}}})) == ["ada"]
    assert names(ask(search_term={"and": {"timestamp": {"after": times["bob_100%"]}}})) == ["lab-1"]


@pytest.mark.parametrize("sort", ["ASC", "DESC"])
def test_the_cursor_leads_through_all_of_them_once_also_when_more_come_meanwhile(ask, work, clock, happened, sort):
    with work.write() as audit:  # at one moment, so that only the ids tell them apart
        for number in range(5):
            audit.record(MARIE, "user_create", resource=Resource("user", f"u{number}", f"u{number}"))
    everything = names(ask(sort=sort))
    seen, after = [], []
    while True:
        answer = ask(sort=sort, limit=2, search_after=after)
        assert answer.headers["x-result-count"] == str(len(answer.json()))
        if not answer.json():
            break
        seen += names(answer)
        after = json.loads(answer.headers["x-search_after"])
        if sort == "DESC":  # newer ones are no part of what is read
            clock.forward(seconds=1)
            with work.write() as audit:
                audit.record(MARIE, "user_delete", resource=Resource("user", "late", "late"))
    assert seen == everything


def test_values_are_counted_and_so_are_intervals_in_a_time_zone(ask, work, clock, happened):
    assert ask("/distinct", field="initiated_by.email").json()["buckets"] == [
        {"key": "marie@acme.example", "doc_count": 2},
        {"key": "lab-1", "doc_count": 1},
    ]
    minutes = ask("/interval", interval_unit="m").json()["buckets"]
    assert [one["doc_count"] for one in minutes] == [1, 1, 1]
    assert [later["key"] - one["key"] for one, later in pairwise(minutes)] == [60_000, 60_000]
    [day] = ask("/interval", interval_unit="d", timezone="+0530", search_term={"and": {"resource.id": "a"}}).json()["buckets"]
    assert day["key_as_string"].endswith("T18:30:00Z")


def test_only_the_fields_that_are_wanted_are_answered(ask, happened):
    assert all(set(event) == {"id", "timestamp"} for event in ask(fields=["id", "timestamp", "nothing"]).json())


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": "2026-11-25T00:00:00"}, "start_time"),
        ({"start_time": "0001-01-01T00:00:00+14:00"}, "before the year 1"),
        ({"end_time": "9999-12-31T23:59:59-14:00"}, "after the year 9999"),
        ({"search_term": {"and": {"timestamp": "9999-12-31T23:59:59-14:00"}}}, "not a value that"),
        ({"service": []}, "service"),
        ({"service": ["everything"]}, "service"),
        ({"limit": 10_001}, "limit"),
        ({"search_term": {"nor": {}}}, "no “nor”"),
        ({"search_term": {"and": [1]}}, "object of fields"),
        ({"search_term": {"and": {"password": "x"}}}, "no field “password” to search by"),
        ({"search_term": {"and": {"event_type": {"like": "x"}}}}, "no operator “like”"),
        ({"search_term": {"and": {"success": "perhaps"}}}, "not a value that"),
        ({"search_term": {"and": {"timestamp": {"contains": "2026"}}}}, "no text"),
        ({"search_term": {"and": {"resource.id": None}}}, "A value to search for"),
        ({"search_after": ["2026-11-25T00:00:00Z", "nobody"]}, "search_after names no event"),
        ({"search_term": {"and": {"resource.id": "\x00"}}, "q": "\x00"}, ""),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(ask, happened, query, sentence):
    answer = ask(status=400 if sentence else 200, **query)
    assert sentence in answer.text


def test_reading_needs_the_permission(ask):
    ask.app.state.who = Actor(ActorKind.ADMINISTRATOR, "x", "x", frozenset(Permission) - {Permission.AUDIT_READ})
    for what in ("", "/count"):
        assert "audit:read" in ask(what, status=403).text
    assert "audit:read" in ask("/distinct", field="id", status=403).text
    assert "audit:read" in ask("/interval", interval_unit="d", status=403).text
