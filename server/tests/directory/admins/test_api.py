"""Administrators and API keys over the REST API, with real keys and real stores."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from homeport.directory.admins.api import AdministratorsApi, ApiKeyAuthenticator, ApiKeysApi, RolesApi, ServiceAccountsApi
from homeport.directory.admins.model import BILLING, HELP_DESK, READ_ONLY, ROLES, AdministratorSuspended
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.listing import Listing

ROOT = system("root")
USERS, KEYS, INVITATIONS = "/api/users", "/api/v2/api-keys", "/api/v2/administrator-invitations"


@pytest.fixture
def client(house, clock):
    app = FastAPI()
    app.state.authenticate_key = ApiKeyAuthenticator(DatabaseWork(house.database, house.build), clock)
    app.include_router(AdministratorsApi(DatabaseWork(house.database, house.build), "https://id.example.com").router())
    app.include_router(ApiKeysApi(DatabaseWork(house.database, lambda unit: house.build(unit).keys)).router())
    app.include_router(RolesApi(DatabaseWork(house.database, lambda unit: house.build(unit).roles)).router())
    app.include_router(ServiceAccountsApi(DatabaseWork(house.database, lambda unit: house.build(unit).accounts)).router())
    problems.install(app, lambda _request, status, title, detail: PlainTextResponse(f"{title}: {detail}", status))
    return TestClient(app, client=("192.0.2.7", 1234))


def key_of(house, administrator, **options):
    return house.do(lambda act: act.keys.create(ROOT, name="script", owner_id=administrator.id, **options))


@pytest.fixture
def boss(house, client):
    """An Administrator with Billing, whose key the client sends."""
    made = house.administrator("boss@example.com", api_keys=True)
    client.headers["x-api-key"] = key_of(house, made)[1]
    return made


def test_administrators_are_listed_filtered_sorted_and_paged(client, house, boss):
    for name in ("carol", "ada"):
        house.administrator(f"{name}@example.com", READ_ONLY)
    whole = client.get(USERS, params={"sort": "-email"})
    assert [one["email"] for one in whole.json()["results"]] == ["carol@example.com", "boss@example.com", "ada@example.com"]
    assert whole.headers["x-total-count"] == "3"
    found = client.get(USERS, params={"filter": f"roleName:$eq:{READ_ONLY}", "limit": 1, "skip": 1, "fields": "email"}).json()
    assert found["totalCount"] == 2
    assert [set(one) for one in found["results"]] == [{"_id", "email"}]
    wrong = client.get(USERS, params={"filter": "password_hash:$eq:x"})
    assert (wrong.status_code, wrong.json()["status"]) == (400, "BAD_INPUT")


def test_role_names_and_suspension_are_changed_and_nothing_is_lost(client, house, boss):
    ada = house.administrator("ada@example.com", READ_ONLY)
    read = client.get(f"{USERS}/{ada.id}")
    tag = {"If-Match": read.headers["ETag"]}
    changed = client.put(f"{USERS}/{ada.id}", json={"roleName": HELP_DESK, "firstname": " Ada "}, headers=tag)
    assert (changed.json()["roleName"], changed.json()["firstname"], changed.json()["apiKeyAllowed"]) == (HELP_DESK, "Ada", False)
    assert client.put(f"{USERS}/{ada.id}", json={"roleName": READ_ONLY}, headers=tag).status_code == 412
    assert client.delete(f"{USERS}/{ada.id}", headers=tag).status_code == 412
    suspended = client.put(f"{USERS}/{ada.id}", json={"suspended": True}).json()
    assert suspended["suspended"]
    assert suspended["roleName"] == HELP_DESK
    assert house.events[-1] == AdministratorSuspended(ada.id)
    assert not client.put(f"{USERS}/{ada.id}", json={"suspended": False}).json()["suspended"]
    other = client.put(f"{USERS}/{ada.id}", json={"email": "eve@example.com"})
    assert [one["field"] for one in other.json()["details"]] == ["email"]
    role = client.put(f"{USERS}/{ada.id}", json={"roleName": "Root"})
    assert role.status_code == 400
    assert role.json()["details"][0]["field"] == "roleName"
    assert client.delete(f"{USERS}/{ada.id}").json()["email"] == "ada@example.com"
    assert client.get(f"{USERS}/{ada.id}").status_code == 404
    events = [event for event, _ in house.audit()]
    assert {"admin_update", "admin_suspend", "admin_activate", "admin_delete"} <= set(events)


def test_last_administrator_with_billing_stays(client, house, boss):
    for refused in (
        client.put(f"{USERS}/{boss.id}", json={"roleName": READ_ONLY}),
        client.put(f"{USERS}/{boss.id}", json={"suspended": True}),
        client.delete(f"{USERS}/{boss.id}"),
    ):
        assert refused.status_code == 409, refused.text
    second = house.administrator("second@example.com", BILLING)
    assert client.put(f"{USERS}/{second.id}", json={"suspended": True}).status_code == 200
    assert client.delete(f"{USERS}/{boss.id}").status_code == 409, "who is suspended is nobody to fall back on"


def test_suspended_administrator_has_no_keys_until_they_are_activated(client, house, boss, clock):
    ada = house.administrator("ada@example.com", HELP_DESK, api_keys=True)
    key = key_of(house, ada)[1]
    assert client.get(KEYS, headers={"x-api-key": key}).status_code == 200
    client.put(f"{USERS}/{ada.id}", json={"suspended": True})
    assert client.get(KEYS, headers={"x-api-key": key}).status_code == 401
    client.put(f"{USERS}/{ada.id}", json={"suspended": False})
    assert client.get(KEYS, headers={"x-api-key": key}).status_code == 200


def test_invitation_is_made_listed_without_its_link_and_revoked(client, house, boss):
    made = client.post(INVITATIONS, json={"email": "Ada@example.com", "roleName": READ_ONLY})
    assert made.status_code == 201
    token = re.fullmatch(r"https://id\.example\.com/admin/link/(.+)", made.json()["link"])[1]
    assert house.do(lambda act: act.links.look(token)).email == "ada@example.com"
    listed = client.get(INVITATIONS).json()
    assert listed["totalCount"] == 1
    assert "link" not in listed["invitations"][0]
    assert token not in client.get(INVITATIONS).text
    gone = f"{INVITATIONS}/{made.json()['id']}"
    assert client.delete(gone).status_code == 200
    assert client.delete(gone).status_code == 404
    with pytest.raises(NotFound):
        house.do(lambda act: act.links.look(token))
    wrong = client.post(INVITATIONS, json={"email": "nowhere", "roleName": "Root"})
    assert {one["field"] for one in wrong.json()["details"]} == {"email", "roleName"}


def test_second_factor_is_reset_but_not_ones_own(client, house, boss):
    second = house.administrator("second@example.com", BILLING)
    assert client.get(f"{USERS}/{second.id}").json()["totpEnrolled"]
    assert not client.post(f"{USERS}/resettotp/{second.id}").json()["totpEnrolled"]
    assert client.post(f"{USERS}/resettotp/{boss.id}").status_code == 409


def test_roles_say_what_each_may_do(client, boss):
    roles = {one["name"]: one["scopes"] for one in client.get("/api/roles").json()["results"]}
    assert roles == {name: sorted(permissions) for name, permissions in ROLES.items()}


def test_a_service_account_acts_by_its_key_with_a_custom_role_until_it_is_suspended(client, boss):
    wanted = {"name": "Reader", "scopes": ["administrators:read"]}
    reader = client.post("/api/roles", json=wanted)
    assert (reader.status_code, reader.json()["isCustom"]) == (201, True)
    made = client.post("/api/v2/service-accounts", json={"name": "audit", "roleName": "Reader"})
    assert made.status_code == 201, made.text
    account = f"/api/v2/service-accounts/{made.json()['id']}"
    text = client.post(f"{account}/keys", json={"name": "nightly"}).json()["apiKey"]
    acting = {"x-api-key": text}
    assert client.get(USERS, headers=acting).status_code == 200
    assert client.get(f"{account}/keys").json()["apiKeys"][0]["lastUsedAt"]
    assert client.post("/api/roles", json={"name": "More", "scopes": ["users:read"]}, headers=acting).status_code == 403
    role = f"/api/roles/{reader.json()['id']}"
    in_use = client.delete(role)
    assert (in_use.status_code, "audit" in in_use.json()["message"]) == (409, True)
    stale = {"If-Match": reader.headers["ETag"]}
    assert client.put(role, json={"scopes": ["users:read"]}, headers=stale).status_code == 200
    assert client.put(role, json={"scopes": ["audit:read"]}, headers=stale).status_code == 412
    assert client.get(USERS, headers=acting).status_code == 403
    assert client.put(account, json={"suspended": True}).json()["suspended"]
    assert client.get(USERS, headers=acting).status_code == 401
    assert client.delete(account).status_code == 200
    assert client.delete(role).status_code == 200


def test_key_is_made_shown_once_renamed_and_revoked(client, house, boss):
    made = client.post(KEYS, json={"name": "nightly", "days": 30, "networks": ["192.0.2.7"]})
    assert made.status_code == 201, made.text
    one = f"{KEYS}/{made.json()['id']}"
    text = made.json()["apiKey"]
    assert client.get(one, headers={"x-api-key": text}).json()["networks"] == ["192.0.2.7/32"]
    assert text not in client.get(one).text + client.get(KEYS).text
    tag = {"If-Match": client.get(one).headers["ETag"]}
    assert client.put(one, json={"name": "weekly"}, headers=tag).json()["name"] == "weekly"
    assert client.put(one, json={"name": "monthly"}, headers=tag).status_code == 412
    assert [key["name"] for key in client.get(KEYS, params={"sort": "name"}).json()["apiKeys"]] == ["script", "weekly"]
    assert client.delete(one).json()["name"] == "weekly"
    assert client.get(one, headers={"x-api-key": text}).status_code == 401
    wrong = client.post(KEYS, json={"name": " ", "networks": ["here"]})
    assert wrong.json()["details"] == [
        {"field": "networks", "message": "“here” is no address or network such as 192.0.2.7 or 192.0.2.0/24."}
    ]


def test_key_made_with_a_key_never_outlives_or_outreaches_it(client, house, boss):
    narrow, text = key_of(house, boss, days=10, networks=("192.0.2.0/24",))
    with_it = {"x-api-key": text}
    made = client.post(KEYS, json={"name": "below"}, headers=with_it).json()
    assert (made["expiresAt"], made["networks"], made["madeWith"]) == (
        client.get(f"{KEYS}/{narrow.id}").json()["expiresAt"],
        ["192.0.2.0/24"],
        narrow.id,
    )
    further = client.post(KEYS, json={"name": "further"}, headers={"x-api-key": made["apiKey"]}).json()
    longer = client.post(KEYS, json={"name": "longer", "days": 11}, headers=with_it)
    assert [one["field"] for one in longer.json()["details"]] == ["days"]
    wider = client.post(KEYS, json={"name": "wider", "networks": ["192.0.0.0/16"]}, headers=with_it)
    assert [one["field"] for one in wider.json()["details"]] == ["networks"]
    assert client.delete(f"{KEYS}/{narrow.id}").status_code == 200
    for key in (made, further):
        assert client.get(KEYS, headers={"x-api-key": key["apiKey"]}).status_code == 401
    entries = house.do(lambda act: act.keys.audit.search(ROOT, Listing(limit=1000))).items
    gone = [entry.resource_name for entry in entries if entry.event_type == "api_key_delete"]
    assert sorted(gone) == ["below", "further", "script"]


def test_keys_of_others_are_not_there_but_for_whoever_may_change_administrators(client, house, boss):
    ada = house.administrator("ada@example.com", READ_ONLY, api_keys=True)
    key, text = key_of(house, ada)
    mine = client.get(KEYS).json()["apiKeys"][0]["id"]
    as_ada = {"x-api-key": text}
    for method in ("get", "delete"):
        assert getattr(client, method)(f"{KEYS}/{mine}", headers=as_ada).status_code == 404
    assert client.put(f"{KEYS}/{mine}", json={"name": "x"}, headers=as_ada).status_code == 404
    assert client.put(f"{KEYS}/{key.id}", json={"name": "x"}).status_code == 404, "nobody renames somebody else's key"
    assert client.delete(f"{KEYS}/{key.id}").status_code == 200
    assert client.get(KEYS, headers=as_ada).status_code == 401


def test_a_key_makes_no_administrator_with_billing(client, house, boss):
    ada = house.administrator("ada@example.com", READ_ONLY)
    for answer in (
        client.post(INVITATIONS, json={"email": "eve@example.com", "roleName": BILLING}),
        client.put(f"{USERS}/{ada.id}", json={"roleName": BILLING, "lastname": "Lovelace"}),
    ):
        assert (answer.status_code, "a key does not" in answer.json()["message"]) == (403, True)
    assert client.get(INVITATIONS).json()["totalCount"] == 0
    assert [client.get(f"{USERS}/{ada.id}").json()[one] for one in ("roleName", "lastname")] == [READ_ONLY, ""]
    same = client.put(f"{USERS}/{boss.id}", json={"roleName": BILLING, "lastname": "Boss"})
    assert (same.status_code, same.json()["lastname"]) == (200, "Boss")
