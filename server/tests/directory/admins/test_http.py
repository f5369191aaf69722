"""The pages of administrators and API keys, and the key in the header, with real stores; who is asking is set by the test."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from homeport.directory.admins.api import ApiKeyAuthenticator
from homeport.directory.admins.model import BILLING, MEANS, READ_ONLY, RESERVED, actor_of
from homeport.directory.admins.pages import AdministratorPages, ApiKeyPages, RolePages
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.templates import Templates


@pytest.fixture
def house(sqlite_house):
    return sqlite_house


@pytest.fixture
def client(house, clock):
    app = FastAPI()
    work = DatabaseWork(house.database, house.build)
    templates = Templates(Assets())
    app.state.authenticate_session = lambda _request: app.state.who
    app.state.authenticate_key = ApiKeyAuthenticator(DatabaseWork(house.database, house.build), clock)
    app.include_router(AdministratorPages(work, templates, "https://id.example.com").router())
    app.include_router(ApiKeyPages(work, templates).router())
    app.include_router(RolePages(work, templates).router())

    def whoami(actor: ApiActor):
        return PlainTextResponse(actor.name)

    app.add_api_route("/api/whoami", whoami)
    problems.install(app, lambda _request, status, title, detail: PlainTextResponse(f"{title}: {detail}", status))
    return TestClient(app, follow_redirects=False, client=("192.0.2.7", 1234))


@pytest.fixture
def act_as(client, clock):
    def act(administrator):
        actor = actor_of(administrator, Origin("192.0.2.7"))
        client.app.state.who = replace(actor, session_id="s", authenticated_at=clock.now())

    return act


def test_a_role_says_beside_each_permission_what_it_opens_to_who_makes_it_and_to_who_only_reads_it(client, house, act_as):
    act_as(house.administrator("boss@example.com"))
    offered = html.unescape(client.get("/admin/roles/add").text)
    assert {one for one, means in MEANS.items() if means in offered} == set(MEANS) - RESERVED
    role = client.post("/admin/roles/add", data={"name": "Auditor", "permissions": "audit:read"}).headers["location"]
    act_as(house.administrator("reader@example.com", READ_ONLY))
    shown = html.unescape(client.get(role).text)
    assert [one.value for one, means in MEANS.items() if means in shown] == ["audit:read"]


def test_open_invitation_is_listed_and_worth_nothing_once_it_is_revoked(client, house, act_as):
    act_as(house.administrator("boss@example.com"))
    page = client.post("/admin/administrators/add", data={"email": "ada@example.com", "role": READ_ONLY}).text
    token = re.search(r"https://id\.example\.com/admin/link/([A-Za-z0-9_-]+)", page)[1]
    listed = client.get("/admin/administrators").text
    path = re.search(r"/admin/administrators/invitations/[^\"]+/revoke", listed)[0]
    again = client.get("/admin/administrators/add?email=ada%40example.com&role=Help%20Desk").text
    assert 'value="ada@example.com"' in again
    assert client.post(path).status_code == 303
    assert "Open invitations" not in client.get("/admin/administrators").text
    assert client.post(path).status_code == 404
    with pytest.raises(NotFound):
        house.do(lambda actions: actions.links.look(token))


def test_invitation_shows_its_link_once(client, house, act_as):
    act_as(house.administrator("boss@example.com"))
    assert "Invite Administrator" in client.get("/admin/administrators").text
    assert READ_ONLY in client.get("/admin/administrators/add").text
    page = client.post("/admin/administrators/add", data={"email": "ada@example.com", "role": READ_ONLY}).text
    token = re.search(r"https://id\.example\.com/admin/link/([A-Za-z0-9_-]+)", page)[1]
    assert house.do(lambda actions: actions.links.look(token)).email == "ada@example.com"
    wrong = client.post("/admin/administrators/add", data={"email": "nowhere", "role": ""})
    assert wrong.status_code == 400
    assert 'value="nowhere"' in wrong.text
    taken = client.post("/admin/administrators/add", data={"email": "boss@example.com", "role": BILLING})
    assert "is an administrator already" in taken.text


def test_role_and_api_keys_are_changed_on_the_administrators_page(client, house, act_as):
    act_as(house.administrator("boss@example.com"))
    ada = house.administrator("ada@example.com", READ_ONLY)
    path = f"/admin/administrators/{ada.id}"
    assert "May make API keys" in client.get(path).text
    saved = client.post(path, data={"role": BILLING, "api_keys_allowed": "on", "version": str(ada.version)})
    assert "Role: Read Only → Administrator with Billing" in saved.text
    assert "API keys: allowed" in saved.text
    stale = client.post(path, data={"role": READ_ONLY, "version": str(ada.version)})
    assert stale.status_code == 412
    assert "was changed by somebody else meanwhile" in stale.text
    assert client.post(path, data={"role": "Emperor"}).status_code == 400


def test_last_administrator_with_billing_stays_and_the_page_says_why(client, house, act_as):
    boss = house.administrator("boss@example.com")
    act_as(boss)
    answer = client.post(f"/admin/administrators/{boss.id}", data={"role": READ_ONLY})
    assert "is the last Administrator with Billing" in answer.text
    assert client.post(f"/admin/administrators/{boss.id}/delete").status_code == 409


def test_administrator_is_deleted_after_a_confirmation(client, house, act_as):
    act_as(house.administrator("boss@example.com"))
    ada = house.administrator("ada@example.com", READ_ONLY)
    path = f"/admin/administrators/{ada.id}/delete"
    assert "0 API keys stop working at once" in client.get(path).text
    assert client.post(path).headers["location"] == "/admin/administrators"
    assert client.get(f"/admin/administrators/{ada.id}").status_code == 404


def test_old_authentication_is_asked_for_before_a_form_is_filled_in(client, house, act_as, clock):
    boss = house.administrator("boss@example.com", api_keys=True)
    act_as(boss)
    clock.forward(minutes=6)
    for path in ("/admin/administrators/add", "/admin/api-keys/add", f"/admin/administrators/{boss.id}/delete"):
        assert client.get(path).headers["location"] == f"/signin/confirm?next={path}"
    change = client.post(f"/admin/administrators/{boss.id}", data={"role": BILLING, "api_keys_allowed": "on", "version": "2"})
    assert change.headers["location"] == f"/signin/confirm?next=/admin/administrators/{boss.id}"


def test_reader_sees_administrators_and_changes_none(client, house, act_as):
    boss = house.administrator("boss@example.com")
    act_as(house.administrator("ada@example.com", READ_ONLY))
    assert "boss@example.com" in client.get("/admin/administrators").text
    assert "Invite" not in client.get("/admin/administrators").text
    page = client.get(f"/admin/administrators/{boss.id}").text
    assert "Save" not in page
    assert "Delete Administrator" not in page
    for answer in (
        client.get("/admin/administrators/add"),
        client.post("/admin/administrators/add", data={"email": "x@example.com", "role": BILLING}),
        client.post(f"/admin/administrators/{boss.id}", data={"role": READ_ONLY}),
        client.post(f"/admin/administrators/{boss.id}/delete"),
    ):
        assert answer.status_code == 403
        assert "administrators:write" in answer.text


def test_key_is_made_shown_once_used_and_revoked(client, house, act_as):
    ada = house.administrator(api_keys=True)
    act_as(ada)
    assert "No API keys yet" in client.get("/admin/api-keys").text
    assert "Works from" in client.get("/admin/api-keys/add").text
    page = client.post("/admin/api-keys/add", data={"name": "export", "days": "30", "networks": "192.0.2.0/24"}).text
    text = re.search(r"hpk_[0-9a-f]{32}_[A-Za-z0-9_-]+", page)[0]
    assert client.get("/api/whoami", headers={"x-api-key": text}).text == "ada@example.com (API key export)"
    listed = client.get("/admin/api-keys").text
    assert text not in listed
    assert "192.0.2.0/24" in listed
    assert "Never" not in listed
    (key,) = house.do(lambda actions: actions.keys.list_own(client.app.state.who))
    assert key.expires_at - key.created_at == timedelta(days=30)
    assert "Last used" in client.get(f"/admin/api-keys/{key.id}/revoke").text
    assert client.post(f"/admin/api-keys/{key.id}/revoke").headers["location"] == "/admin/api-keys"
    assert client.get("/api/whoami", headers={"x-api-key": text}).status_code == 401


def test_key_form_says_what_is_wrong_and_keeps_what_was_typed(client, house, act_as):
    act_as(house.administrator(api_keys=True))
    answer = client.post("/admin/api-keys/add", data={"name": "export", "days": "90", "networks": "somewhere"})
    assert answer.status_code == 400
    assert "“somewhere” is no address or network" in answer.text
    assert 'value="export"' in answer.text
    assert "Enter a name" in client.post("/admin/api-keys/add", data={"name": "", "days": "90"}).text
    assert client.post("/admin/api-keys/add", data={"name": "x", "days": "99999999"}).status_code == 400


def test_owner_without_access_to_the_api_is_told_who_can_give_it(client, house, act_as):
    act_as(house.administrator())
    assert "API keys are switched off for you" in client.get("/admin/api-keys").text
    assert client.post("/admin/api-keys/add", data={"name": "x", "days": "90"}).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "hpk_x"}, {"x-api-key": "x" * 5000}])
def test_request_without_a_good_key_is_told_where_keys_come_from(client, headers):
    answer = client.get("/api/whoami", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, 401)
    assert "SETTINGS > API Keys" in answer.json()["message"]


def test_refused_right_key_is_recorded(client, house, act_as):
    act_as(house.administrator(api_keys=True))
    page = client.post("/admin/api-keys/add", data={"name": "x", "days": "1", "networks": "203.0.113.1"}).text
    text = re.search(r"hpk_[0-9a-f]{32}_[A-Za-z0-9_-]+", page)[0]
    for _ in range(3):
        assert client.get("/api/whoami", headers={"x-api-key": text}).status_code == 401
    assert house.audit().count(("api_key_refused", False)) == 1
