"""Coming in and going out over HTTP, with real stores and the real middleware."""

from http.cookies import SimpleCookie

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from homeport.directory.admins.model import READ_ONLY
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.middleware import Shell
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.passkeys.store import CeremonySql, PasskeySql
from homeport.trust.signin.passkeys.tables import admin_passkeys
from homeport.trust.signin.passkeys.webauthn import PyWebAuthn
from homeport.trust.signin.password.pages import (
    ADMINISTRATORS,
    OPEN_WITHOUT_FACTOR,
    SET_UP_PATH,
    DoorActions,
    OneTimeLinkPages,
    SessionAuthenticator,
    admin_door,
)

SITE = "https://id.example.com"
SESSION_COOKIE, BROWSER_COOKIE = ADMINISTRATORS.cookies.session, ADMINISTRATORS.cookies.browser


@pytest.fixture
def house(sqlite_house):
    return sqlite_house


@pytest.fixture
def client(house, clock, entropy, hasher):
    def door_of(unit):
        sign_in, connection = house.build(unit), unit.connection
        store, ceremonies = PasskeySql(connection, admin_passkeys), CeremonySql(connection)
        webauthn = PyWebAuthn("id.example.com", "Acme", SITE)
        passkeys = Passkeys(store, ceremonies, webauthn, sign_in.audit, clock, entropy, "admin", unit)
        return DoorActions(sign_in, passkeys, RateLimits(connection, clock))

    work, sessions = (
        DatabaseWork(house.database, house.build),
        DatabaseWork(house.database, lambda unit: house.build(unit).sessions),
    )
    authenticate = SessionAuthenticator(sessions, clock, SESSION_COOKIE, SET_UP_PATH, OPEN_WITHOUT_FACTOR)
    templates = Templates(Assets())
    door = admin_door(DatabaseWork(house.database, door_of), hasher, templates, authenticate)
    app = FastAPI()
    app.state.authenticate_session = authenticate
    app.include_router(door.router())
    app.include_router(OneTimeLinkPages(work, templates, door).router())

    def whoami(actor: PageActor):
        return PlainTextResponse(actor.name)

    def sensitive(request: Request, actor: PageActor):
        actor.require_recent(clock.now())
        return PlainTextResponse("done")

    app.add_api_route("/admin", whoami)
    app.add_api_route("/admin/sensitive", sensitive, methods=["GET", "POST"])
    problems.install(app, lambda _request, status, title, detail: PlainTextResponse(f"{title}: {detail}", status))
    headers = {"sec-fetch-site": "same-origin"}
    return TestClient(Shell(app, SITE, entropy), base_url=SITE, headers=headers, follow_redirects=False)


def sign_in(client, email="ada@example.com", password="correct horse battery", **more):
    return client.post("/signin", data={"email": email, "password": password, **more})


def cookies_of(answer):
    return {name: morsel for header in answer.headers.get_list("set-cookie") for name, morsel in SimpleCookie(header).items()}


def test_page_sends_a_stranger_to_sign_in_and_back(client, house):
    house.administrator()
    asked = client.get("/admin?x=1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/signin?next=/admin%3Fx%3D1")
    form = client.get(asked.headers["location"])
    assert 'name="next" value="/admin?x=1"' in form.text
    entered = sign_in(client, next="/admin?x=1")
    assert (entered.status_code, entered.headers["location"]) == (303, "/admin?x=1")
    assert client.get("/admin").text == "ada@example.com"
    assert client.get("/signin?next=/admin").headers["location"] == "/admin"


def test_session_cookie_is_host_only_secure_and_out_of_reach_of_scripts(client, house):
    house.administrator()
    cookies = cookies_of(sign_in(client))
    session, browser = cookies[SESSION_COOKIE], cookies[BROWSER_COOKIE]
    for cookie in (session, browser):
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "lax")
        assert cookie["secure"]
        assert cookie["httponly"]
    assert session["max-age"] == ""
    assert browser["max-age"] == str(180 * 24 * 3600)


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "/signin"])
def test_sign_in_leads_to_no_other_site(client, house, target):
    house.administrator()
    assert sign_in(client, next=target).headers["location"] == "/admin"
    client.cookies.delete(BROWSER_COOKIE)
    assert client.get("/signin", params={"next": target}).headers["location"] == "/admin"


def test_token_planted_before_the_sign_in_is_worth_nothing_after_it(client, house):
    house.administrator()
    client.cookies.set(SESSION_COOKIE, "planted", domain="id.example.com")
    token = cookies_of(sign_in(client))[SESSION_COOKIE].value
    assert token != "planted"
    assert house.actor("planted") is None


def test_wrong_password_and_unknown_name_get_the_same_answer(client, house):
    house.administrator()
    wrong = sign_in(client, password="wrong")
    unknown = sign_in(client, email="adb@example.com")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text == unknown.text.replace("adb@", "ada@")
    assert "wrong" not in wrong.text
    assert 'value="ada@example.com"' in wrong.text
    assert not cookies_of(wrong)


def test_empty_fields_are_told_apart_from_wrong_ones(client):
    answer = client.post("/signin", data={})
    assert answer.status_code == 400
    assert "Enter your e-mail address." in answer.text
    assert "Enter your password." in answer.text


def test_too_many_failures_say_how_long_to_wait(client, house):
    house.administrator()
    for _ in range(5):
        sign_in(client, password="wrong")
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "Wait 1 second and try again." in answer.text


def test_form_from_another_site_is_not_carried_out(client, house):
    house.administrator()
    answer = client.post(
        "/signin", data={"email": "ada@example.com", "password": house.password}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert not cookies_of(answer)


def test_signing_out_ends_the_session_and_forgets_the_cookie(client, house):
    house.administrator()
    token = cookies_of(sign_in(client))[SESSION_COOKIE].value
    answer = client.post("/signout")
    assert answer.headers["location"] == "/signin"
    assert cookies_of(answer)[SESSION_COOKIE].value == ""
    assert house.actor(token) is None
    assert client.get("/admin").status_code == 303


def test_sensitive_act_asks_for_the_password_again(client, house, clock):
    house.administrator()
    first = cookies_of(sign_in(client))[SESSION_COOKIE].value
    clock.forward(minutes=6)
    asked = client.post("/admin/sensitive")
    assert (asked.status_code, asked.headers["location"]) == (303, "/signin/confirm?next=/admin/sensitive")
    assert "ada@example.com" in client.get(asked.headers["location"]).text
    assert client.post("/signin/confirm", data={"password": ""}).status_code == 400
    wrong = client.post("/signin/confirm", data={"password": "wrong", "next": "/admin/sensitive"})
    assert wrong.status_code == 401
    assert "That is not your password." in wrong.text
    right = client.post("/signin/confirm", data={"password": house.password, "next": "/admin/sensitive"})
    assert (right.status_code, right.headers["location"]) == (303, "/admin/sensitive")
    assert client.post("/admin/sensitive").text == "done"
    assert house.actor(first) is None


def test_confirmation_slows_guesses_down_and_needs_a_session(client, house):
    assert client.post("/signin/confirm", data={"password": "x"}).headers["location"] == "/signin?next=/"
    house.administrator()
    sign_in(client)
    for _ in range(5):
        client.post("/signin/confirm", data={"password": "wrong"})
    assert client.post("/signin/confirm", data={"password": house.password}).status_code == 429


LINK_FORM = {
    "email": "ada@example.com",
    "firstname": "Ada",
    "lastname": "Lovelace",
    "password": "a fine long secret",
    "again": "a fine long secret",
}


def test_one_time_link_makes_an_administrator_who_is_signed_in(client, house):
    link = house.do(lambda actions: actions.links.invite(house.root, "ada@example.com", READ_ONLY))
    path = f"/admin/link/{link}"
    for _ in range(3):
        assert "Set up your administrator account" in client.get(path).text
    answer = client.post(path, data=LINK_FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin")
    assert client.get("/admin").text == "ada@example.com"
    assert client.get(path).status_code == 404
    assert client.post(path, data=LINK_FORM).status_code == 404
    client.post("/signout")
    assert sign_in(client, password="a fine long secret").status_code == 303


def test_link_form_keeps_what_was_typed_except_the_passwords(client, house):
    path = f"/admin/link/{house.recovery()}"
    answer = client.post(path, data={**LINK_FORM, "password": "ada lovelace", "again": "ada lovelace"})
    assert answer.status_code == 400
    assert "The password contains" in answer.text
    assert 'value="Lovelace"' in answer.text
    assert "ada lovelace" not in answer.text
    differ = client.post(path, data={**LINK_FORM, "again": "another"})
    assert "The two passwords differ." in differ.text
    assert client.post(path, data=LINK_FORM).status_code == 303


def test_invitation_is_for_its_address_only(client, house):
    house.administrator("boss@example.com")
    token = house.do(lambda actions: actions.links.invite(house.root, "ada@example.com", READ_ONLY))
    page = client.get(f"/admin/link/{token}").text
    assert 'value="ada@example.com"' in page
    assert "readonly" in page
    wrong = client.post(f"/admin/link/{token}", data={**LINK_FORM, "email": "boss@example.com"})
    assert "This link is for ada@example.com." in wrong.text
    assert client.post(f"/admin/link/{token}", data=LINK_FORM).status_code == 303


def test_unknown_link_says_what_to_do(client):
    answer = client.get("/admin/link/nonsense")
    assert answer.status_code == 404
    assert "homeport admin link" in answer.text
    assert client.get("/admin/link/a%00b").status_code == 404


def test_demoted_or_deleted_administrator_notices_at_the_next_page(client, house):
    house.administrator("boss@example.com")
    ada = house.administrator()
    sign_in(client)
    house.do(lambda actions: actions.administrators.change(house.root, ada.id, role=READ_ONLY, api_keys_allowed=True))
    assert client.get("/admin").status_code == 200
    house.do(lambda actions: actions.administrators.delete(house.root, ada.id))
    assert client.get("/admin").status_code == 303


def test_session_in_use_stays_alive(client, house, clock):
    house.administrator()
    sign_in(client)
    for _ in range(4):
        clock.forward(minutes=20)
        assert client.get("/admin").status_code == 200
    clock.forward(minutes=30)
    assert client.get("/admin").status_code == 303
