"""Passwords and second factors of users over the REST API, in JumpCloud's words."""

import pytest
from tests.support.house import ADMIN, ORIGIN

from homeport.directory.admins.model import HELP_DESK, MANAGER, READ_ONLY

from .test_passkeys import register


@pytest.fixture
def ask(portal):
    """`ask(method, path, role, **body)` asks as a key of that role."""
    keys = {}

    def key(role):
        def make(act):
            email = f"{role.lower().replace(' ', '.')}@example.com"
            token = act.administrator_links.invite(ADMIN, email, role)
            made = act.administrator_links.accept(
                token, email=email, firstname="", lastname="", password="five words nobody would guess", origin=ORIGIN
            )
            act.administrators.change(ADMIN, made.id, api_keys_allowed=True)
            return act.api_keys.create(ADMIN, name=role, owner_id=made.id)[1]

        if role not in keys:
            keys[role] = portal.do(make)
        return keys[role]

    browser = portal.browser()
    yield lambda method, path, role=MANAGER, **body: browser.request(
        method, path, headers={"x-api-key": key(role)}, **({"json": body} if body else {})
    )
    for found in portal.house.sql(
        "SELECT id FROM administrators WHERE email IN ('manager@example.com', 'help.desk@example.com', 'read.only@example.com')"
    ):
        portal.do(lambda act, found=found: act.administrators.delete(ADMIN, found[0]))


def test_a_password_is_told_of_in_jumpclouds_fields(portal, ask):
    fresh, user = portal.person(password=""), portal.person()
    told = ask("GET", f"/api/systemusers/{fresh.id}").json()
    assert (told["password_date"], told["password_expired"], told["totp_enabled"], told["externally_managed"]) == (
        None,
        False,
        False,
        False,
    )
    told = ask("GET", f"/api/systemusers/{user.id}").json()
    assert told["password_date"].startswith("2026-")
    assert ask("POST", f"/api/systemusers/{user.id}/expire").json() == "Expired"
    listed = ask("GET", f"/api/systemusers?filter=username:eq:{user.username}").json()["results"]
    assert [one["password_expired"] for one in listed] == [True]
    assert ask("POST", f"/api/systemusers/{fresh.id}/expire").status_code == 409


def test_another_address_ends_the_link_that_went_to_the_earlier_one(portal, ask):
    user = portal.person(password="")
    path = f"/user/link/{portal.link(user)}"
    assert ask("PUT", f"/api/systemusers/{user.id}", lastname="Lovelace").status_code == 200
    assert portal.browser().get(path).status_code == 200
    assert ask("PUT", f"/api/systemusers/{user.id}", email=f"right.{user.email}").status_code == 200
    assert portal.browser().get(path).status_code == 404


def test_who_manages_the_password_is_said_and_taken_back_by_restricted_fields(portal, ask):
    user = portal.person()
    path, scim = f"/api/systemusers/{user.id}", [{"field": "password", "type": "scim"}]
    told = ask("PUT", path, restrictedFields=scim).json()
    assert (told["externally_managed"], told["external_source_type"], told["restrictedFields"]) == (True, "scim", scim)
    refused = ask("POST", f"{path}/expire")
    assert (refused.status_code, "provisions users (SCIM)" in refused.json()["message"]) == (409, True)
    assert ask("PUT", path, firstname="Ada").json()["restrictedFields"] == scim, "left out means as it is"
    for wrong in ([{"field": "email", "type": "scim"}], [{"field": "password", "type": "nobody"}]):
        answer = ask("PUT", path, restrictedFields=wrong)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "restrictedFields")
    assert ask("PUT", path, restrictedFields=[]).json()["externally_managed"] is False
    made = ask(
        "POST", "/api/systemusers", username=(name := next(portal.names)), email=f"{name}@acme.example", restrictedFields=scim
    )
    assert made.json()["external_source_type"] == "scim"


def test_a_link_is_handed_over_or_sent_and_a_factor_reset_by_who_may(portal, ask):
    user = portal.person(password="")
    made = ask("POST", f"/api/v2/users/{user.id}/password-link", HELP_DESK)
    assert (made.status_code, made.json()["kind"]) == (201, "activation")
    assert portal.browser().get(made.json()["link"].removeprefix("https://id.example.com")).status_code == 200
    sent = ask("POST", f"/api/systemusers/{user.id}/reactivate", HELP_DESK)
    assert (sent.status_code, "hand it over" in sent.json()["message"]) == (409, True)
    elsewhere = ask("POST", f"/api/systemusers/{user.id}/reactivate", HELP_DESK, email="thief@evil.example")
    assert elsewhere.status_code == 400
    excluded = ask("POST", f"/api/systemusers/{user.id}/resetmfa", HELP_DESK, exclusion=True)
    assert excluded.status_code == 400
    assert ask("POST", f"/api/systemusers/{user.id}/resetmfa", HELP_DESK).status_code == 409
    assert ask("PUT", f"/api/systemusers/{user.id}", HELP_DESK, restrictedFields=[]).status_code == 403


def test_sessions_of_a_user_are_listed_and_ended_one_by_one_or_all(portal, ask):
    user, other = portal.person(), portal.person()
    laptop, phone, stranger = portal.enter(user), portal.enter(user), portal.enter(other)
    path = f"/api/systemusers/{user.id}/sessions"
    told = ask("GET", path, HELP_DESK).json()
    assert (told["totalCount"], {*told["sessions"][0]} >= {"id", "lastSeen", "remoteIP", "userAgent"}) == (2, True)
    assert "token" not in str(told)
    foreign = ask("GET", f"/api/systemusers/{other.id}/sessions", HELP_DESK).json()["sessions"][0]["id"]
    assert ask("DELETE", f"{path}/{foreign}", HELP_DESK).status_code == 404, "each session below its own user only"
    first = told["sessions"][0]["id"]
    assert ask("DELETE", f"{path}/{first}", HELP_DESK).json()["id"] == first
    assert ask("DELETE", f"{path}/{first}", HELP_DESK).status_code == 404
    assert sorted(one.get("/user/security").status_code for one in (laptop, phone)) == [200, 303]
    assert ask("DELETE", path, HELP_DESK).json()["totalCount"] == 1
    assert [one.get("/user/security").status_code for one in (laptop, phone, stranger)] == [303, 303, 200]
    for method in ("GET", "DELETE"):
        assert ask(method, path, READ_ONLY).status_code == 403
        assert ask(method, "/api/systemusers/01a20a00-0000-7000-8000-ffffffffffff/sessions", HELP_DESK).status_code == 404
    told = portal.house.sql("SELECT count(*) FROM audit_entries WHERE event_type = 'user_sessions_end'")
    assert told[0][0] >= 2


def test_passkeys_of_a_user_are_listed_and_removed_and_their_sessions_end(portal, ask):
    user, other = portal.person(), portal.person()
    browser = portal.enter(user)
    for name in ("Laptop", "Phone", "Key"):
        register(browser, name=name)
    register(portal.enter(other))
    path = f"/api/systemusers/{user.id}/passkeys"
    told = ask("GET", path, READ_ONLY).json()
    assert [one["name"] for one in told["passkeys"]] == ["Laptop", "Phone", "Key"]
    assert {*told["passkeys"][0]} == {"id", "name", "created", "lastUsed"}
    phone = told["passkeys"][1]["id"]
    assert ask("DELETE", f"{path}/{phone}", READ_ONLY).status_code == 403
    assert ask("DELETE", f"/api/systemusers/{other.id}/passkeys/{phone}", HELP_DESK).status_code == 404
    assert ask("DELETE", f"{path}/{phone}", HELP_DESK).json()["name"] == "Phone"
    assert browser.get("/user/security").status_code == 303, "its sessions end, since a stranger may hold one"
    assert ask("DELETE", path, HELP_DESK).json()["totalCount"] == 2
    assert ask("GET", path, HELP_DESK).json() == {"totalCount": 0, "passkeys": []}
    assert ask("GET", f"/api/systemusers/{other.id}/passkeys").json()["totalCount"] == 1
    assert ask("DELETE", "/api/systemusers/01a20a00-0000-7000-8000-ffffffffffff/passkeys", HELP_DESK).status_code == 404
