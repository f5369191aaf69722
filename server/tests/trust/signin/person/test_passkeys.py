"""Passkeys of users and of administrators: registered, good for a sign-in, and worthless in every other way."""

import json
from dataclasses import replace

import pytest
from tests.support.house import ADMIN
from tests.support.passkey import PRESENT, SoftAuthenticator, to_text

from homeport.directory.admins.model import MANAGER
from homeport.directory.people.model import UserState

from .conftest import text_of

OWN = "/user/security/passkeys"
DOOR = "/user/signin/passkey"


def register(browser, own=OWN, device=None, name="Laptop"):
    """Register a passkey as the page does; return the device."""
    device = device or SoftAuthenticator()
    options = browser.post(f"{own}/options").json()
    answer = browser.post(f"{own}/add", data={"credential": device.create(options), "name": name})
    assert answer.status_code == 303, text_of(answer)
    return device


def enter(portal, device, door=DOOR, browser=None, **changed):
    browser = browser or portal.browser(f"198.51.100.{next(portal.addresses) % 250}")
    options = browser.post(f"{door}/options").json()
    return browser, browser.post(door, data={"credential": device.get(options, **changed)})


def test_a_passkey_signs_in_without_a_name_and_is_listed_with_its_use(portal):
    user = portal.person()
    browser = portal.enter(user)
    device = register(browser, name="Work <laptop>")
    mine, answer = enter(portal, device)
    assert answer.headers["location"] == "/user", text_of(answer)
    assert portal.last_attempt() == ("user_portal", "completed", "", user.email, user.id)
    page = mine.get("/user/security")
    assert "Work &lt;laptop&gt;" in page.text
    found = portal.house.sql(f"SELECT id, last_used_at FROM user_passkeys WHERE user_id = '{user.id}'")
    assert found[0][1] is not None
    assert mine.post(f"{OWN}/{found[0][0]}/remove").status_code == 303
    assert enter(portal, device)[1].status_code == 401
    assert portal.last_attempt()[1:4] == ("refused", "passkey_wrong", "")


def test_an_answer_counts_once_and_for_five_minutes(portal):
    device = register(portal.enter(portal.person()))
    browser = portal.browser()
    credential = device.get(browser.post(f"{DOOR}/options").json())
    assert browser.post(DOOR, data={"credential": credential}).status_code == 303
    replayed = portal.browser().post(DOOR, data={"credential": credential})
    assert (replayed.status_code, "answered already" in text_of(replayed)) == (401, True)
    late = device.get(browser.post(f"{DOOR}/options").json())
    portal.house.clock.forward(minutes=5)
    assert portal.browser().post(DOOR, data={"credential": late}).status_code == 401


def test_half_a_character_in_the_place_of_a_credential_is_refused(portal):
    browser = portal.browser("198.51.100.9")
    challenge = browser.post(f"{DOOR}/options").json()["challenge"]
    client = to_text(json.dumps({"challenge": challenge}).encode())
    for half in (r"\ud800", r"a\udfff"):
        said = f'{{"id":"{half}","response":{{"clientDataJSON":"{client}"}}}}'
        assert browser.post(DOOR, data={"credential": said}).status_code == 401


def test_nothing_that_lies_gets_in(portal):
    victim, attacker = portal.person(), portal.person()
    device = register(portal.enter(victim))
    own = register(portal.enter(attacker))
    stolen = replace(own, credential_id=device.credential_id, user_handle=device.user_handle)
    for wrong in (
        replace(device, origin="https://evil.example"),
        replace(device, rp_id="evil.example"),
        replace(device, flags=PRESENT),
        replace(device, counter=-1, key=own.key),
        replace(own, user_handle=victim.id.encode()),
        replace(SoftAuthenticator(), user_handle=victim.id.encode()),
        stolen,
    ):
        assert enter(portal, wrong)[1].status_code == 401
    assert enter(portal, device, signature=to_text(b"nonsense"))[1].status_code == 401
    for nonsense in ("", "{}", "[]", '{"response": 1}', "x" * 30_000, '{"id": 1, "response": {"clientDataJSON": "e30"}}'):
        assert (
            portal.browser(f"203.0.113.{next(portal.addresses) % 250}").post(DOOR, data={"credential": nonsense}).status_code
            == 401
        )
    assert enter(portal, device)[1].status_code == 303, "and the honest one still does"


@pytest.mark.parametrize("door", [DOOR, "/signin/passkey"])
def test_a_wrong_answer_uses_its_challenge_up(portal, door):
    device = register(portal.enter(portal.person()))
    browser = portal.browser(f"203.0.113.{next(portal.addresses) % 250}")
    options = browser.post(f"{door}/options").json()
    assert browser.post(door, data={"credential": device.get(options, signature=to_text(b"nonsense"))}).status_code == 401
    again = browser.post(door, data={"credential": device.get(options)})
    assert (again.status_code, "answered already" in text_of(again)) == (401, True)


def test_a_counter_that_goes_back_is_a_copy(portal):
    device = register(portal.enter(portal.person()))
    device.counter = 40
    assert enter(portal, device)[1].status_code == 303
    device.counter = 3
    assert enter(portal, device)[1].status_code == 401


def test_registration_holds_for_one_person_and_one_challenge(portal):
    user, other = portal.person(), portal.person()
    mine, theirs = portal.enter(user), portal.enter(other)
    options = mine.post(f"{OWN}/options").json()
    assert options["authenticatorSelection"]["userVerification"] == "required"
    credential = SoftAuthenticator().create(options)
    assert theirs.post(f"{OWN}/add", data={"credential": credential}).status_code == 400
    assert mine.post(f"{OWN}/add", data={"credential": credential}).status_code == 400, "used up by the wrong answer"
    credential = SoftAuthenticator().create(mine.post(f"{OWN}/options").json())
    assert mine.post(f"{OWN}/add", data={"credential": credential}).status_code == 303
    assert mine.post(f"{OWN}/add", data={"credential": credential}).status_code == 400
    without = SoftAuthenticator(flags=PRESENT).create(mine.post(f"{OWN}/options").json())
    assert mine.post(f"{OWN}/add", data={"credential": without}).status_code == 400
    sign_in = portal.browser().post(f"{DOOR}/options").json()
    crossed = SoftAuthenticator().create({**options, "challenge": sign_in["challenge"]})
    assert mine.post(f"{OWN}/add", data={"credential": crossed}).status_code == 400
    ids = portal.house.sql(f"SELECT id FROM user_passkeys WHERE user_id = '{user.id}'")
    assert theirs.post(f"{OWN}/{ids[0][0]}/remove").status_code == 404
    portal.house.clock.forward(minutes=6)
    assert mine.get(f"{OWN}/add").headers["location"] == f"/user/confirm?next={OWN}/add"
    assert mine.post(f"{OWN}/options").headers["location"].startswith("/user/confirm?")


def test_a_passkey_of_somebody_suspended_is_refused_and_works_again_until_an_administrator_removes_it(portal):
    user = portal.person()
    device = register(portal.enter(user))
    portal.house.set_state(user, UserState.SUSPENDED)
    assert enter(portal, device)[1].status_code == 403
    assert portal.last_attempt()[2] == "user_suspended"
    portal.house.set_state(user, UserState.ACTIVATED)
    inside, answer = enter(portal, device)
    assert answer.status_code == 303
    assert portal.do(lambda act: act.user_passkeys.remove_all_of(ADMIN, user.id)) == 1
    assert enter(portal, device)[1].status_code == 401
    assert inside.get("/user").status_code == 303, "sessions ended"


def test_an_administrators_passkey_opens_the_admin_portal_and_nothing_of_the_users(portal):
    def invite(act):
        return act.administrator_links.invite(ADMIN, "passkey.admin@example.com", MANAGER)

    token, browser = portal.do(invite), portal.browser()
    password = "five words nobody would guess"
    names = {"email": "passkey.admin@example.com", "firstname": "", "lastname": ""}
    assert browser.post(f"/admin/link/{token}", data={**names, "password": password, "again": password}).status_code == 303
    device = register(browser, "/admin/account/passkeys")
    assert "Laptop" in text_of(browser.get("/admin/account"))
    inside, answer = enter(portal, device, "/signin/passkey")
    assert answer.headers["location"] == "/admin", text_of(answer)
    assert inside.get("/admin").status_code == 200
    assert portal.audited("admin_login_attempt")
    assert enter(portal, device)[1].status_code == 401, "not the user portal"
    users = register(portal.enter(portal.person()))
    assert enter(portal, users, "/signin/passkey")[1].status_code == 401, "nor the other way round"
    made = portal.house.sql("SELECT id FROM administrators WHERE email = 'passkey.admin@example.com'")[0][0]
    portal.do(lambda act: act.administrators.suspend(ADMIN, made))
    assert enter(portal, device, "/signin/passkey")[1].status_code == 401
    portal.do(lambda act: act.administrators.delete(ADMIN, made))
