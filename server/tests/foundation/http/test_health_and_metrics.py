"""`/health` and `/metrics`: what they say, to whom, and what they keep to themselves."""

import dataclasses

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from homeport.bootstrap.web import wrapped
from homeport.settings import SettingsError

TOKEN = "a token of more than twenty characters"


@pytest.fixture
def ask(shared_house):
    """Ask from an address under a host name; the application is the whole one, with every layer."""
    app = wrapped(shared_house.home)

    def asked(path, *, host="127.0.0.1:8080", client="127.0.0.1", method="GET", app=app, **headers):
        browser = TestClient(app, base_url=f"http://{host}", client=(client, 50000), raise_server_exceptions=False)
        return browser.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asked


def figures(answer):
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_health_is_told_whatever_host_was_named_and_leaks_nothing(ask):
    for host in ("10.0.0.7:8080", "id.example.com", "localhost"):
        assert ask("/health/live", host=host, client="10.0.0.1").json() == {"status": "ok"}
        for path in ("/health", "/health/ready"):
            answer = ask(path, host=host, client="10.0.0.1")
            assert answer.json() == {"status": "ok", "checks": {"database": "ok", "schema": "ok"}}
            assert answer.headers["cache-control"] == "no-store"
    assert ask("/health", method="POST").status_code == 405


@pytest.mark.parametrize("version", ["0000", "9999", None])
def test_a_server_whose_database_has_another_schema_lives_but_is_not_ready(any_house, version):
    app = wrapped(any_house.home)
    with any_house.home.parts.database.write() as unit:
        if version:
            unit.connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        else:
            unit.connection.execute(text("DELETE FROM alembic_version"))
    client = TestClient(app, base_url="http://10.0.0.7")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "failed", "checks": {"database": "ok", "schema": "failed"}}
    assert client.get("/health/live").status_code == 200


def test_metrics_are_for_this_machine_by_a_loopback_name_and_through_no_proxy(ask):
    for host in ("127.0.0.1:8080", "localhost:8080", "[::1]:8080"):
        assert ask("/metrics", host=host).status_code == 200
    strangers = [
        ask("/metrics", client="192.0.2.9"),
        ask("/metrics", host="id.example.com"),
        ask("/metrics", host="attacker.example"),
        ask("/metrics", X_Forwarded_For="192.0.2.9"),
        ask("/metrics", Forwarded="for=192.0.2.9"),
        ask("/metrics", X_Real_IP="192.0.2.9"),
        ask("/metrics", Authorization="Bearer "),
    ]
    assert [answer.status_code for answer in strangers[:-1]] == [401] * (len(strangers) - 1)
    for answer in strangers[:-1]:
        assert "homeport_" not in answer.text
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert ask("/metrics", method="POST").status_code == 405


def test_with_a_token_metrics_are_for_whoever_sends_it(shared_house, ask):
    home = shared_house.home
    parts = home.parts
    home.parts = dataclasses.replace(parts, settings=dataclasses.replace(parts.settings, metrics_token=TOKEN))
    try:
        app = wrapped(home)
    finally:
        home.parts = parts
    far = {"client": "192.0.2.9", "host": "id.example.com", "app": app}
    assert ask("/metrics", Authorization=f"Bearer {TOKEN}", **far).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", "Bearer é".encode()):
        assert ask("/metrics", Authorization=wrong, **far).status_code == 401
    assert ask("/metrics", app=app).status_code == 200


def test_labels_are_bounded_whatever_is_asked(ask):
    for path in ("/admin/users/one", "/admin/users/two", "/no/such/page", "/another", "/static/x.css"):
        ask(path, host="id.example.com")
    ask("/another", host="id.example.com", method="BREW")
    found = figures(ask("/metrics"))
    requests = [dict(labels) for name, *labels in found if name == "homeport_http_requests_total"]
    routes = {labels["route"] for labels in requests}
    assert {"/admin/users/{user_id}", "(none)", "/static"} <= routes
    assert not any("one" in route.split("/") or "no" in route.split("/") for route in routes)
    assert {labels["method"] for labels in requests} <= {"GET", "POST", "HEAD", "other"}
    assert found["homeport_http_request_seconds_count", ("route", "/admin/users/{user_id}")] >= 2


def test_metrics_tell_what_the_directory_holds(each_house):
    house = each_house
    app = wrapped(house.home)
    client = TestClient(app, base_url="http://127.0.0.1:8080", client=("127.0.0.1", 50000))
    house.user("ada")
    house.provision()
    provider = house.connect()
    house.sign_in(house.device(), "ada")
    house.sign_in(house.device(), "eve")
    found = figures(client.get("/metrics"))
    assert found["homeport_users", ("state", "ACTIVATED")] == 1
    assert found["homeport_devices", ("state", "active")] == 2
    assert sum(value for name, value in found.items() if name[0] == "homeport_devices_last_contact") == 2
    ended = {name: value for name, value in found.items() if name[0] == "homeport_sign_ins_total"}
    assert ended == {
        ("homeport_sign_ins_total", ("outcome", "completed"), ("purpose", "device_login"), ("reason", "")): 1,
        ("homeport_sign_ins_total", ("outcome", "refused"), ("purpose", "device_login"), ("reason", "user_unknown")): 1,
    }
    assert found["homeport_audit_unsealed_entries",] > 0
    assert found["homeport_identity_provider_failing", ("provider", provider.id)] == 0
    assert found["homeport_database_statements_total",] > 10
    assert {name[1][1]: value for name, value in found.items() if name[0] == "homeport_jobs"} == {
        "waiting": 0,
        "running": 0,
        "dead": 0,
    }
    house.clock.forward(minutes=3)
    assert figures(client.get("/metrics"))["homeport_audit_seal_lag_seconds",] >= 180
    house.home.audit_sealer.seal()
    assert figures(client.get("/metrics"))["homeport_audit_unsealed_entries",] == 0


def test_two_servers_in_one_process_share_no_counter(sqlite_house, shared_house):
    wrapped(sqlite_house.home)
    assert sqlite_house.home.metrics.registry is not shared_house.home.metrics.registry


def test_the_token_is_not_shown_with_the_settings(shared_house):
    settings = dataclasses.replace(shared_house.settings, metrics_token=TOKEN)
    assert TOKEN not in repr(settings)
    with pytest.raises(SettingsError, match="too short"):
        dataclasses.replace(settings, metrics_token="short").check()
