"""What a person sees and does about themselves: second factor, sessions, devices, passcodes, sign-ins, details."""

from dataclasses import replace

import pytest
from tests.support.factor import Authenticator, codes_in, shown_in
from tests.support.house import ADMIN

from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.signin.model import Purpose

from .conftest import PASSWORD, text_of

SECURITY = "/user/security"


def set_up_factor(portal, browser):
    """Set the second factor up as the page does; return the authenticator app and the recovery codes."""
    secret, envelope = shown_in(browser.get(f"{SECURITY}/second-factor").text)
    app = Authenticator(secret, portal.house.clock)
    wrong = browser.post(f"{SECURITY}/second-factor", data={"enrolment": envelope, "code": "000000"})
    assert (wrong.status_code, shown_in(wrong.text)[0]) == (400, secret)
    done = browser.post(f"{SECURITY}/second-factor", data={"enrolment": envelope, "code": app.code()})
    assert done.status_code == 200, text_of(done)
    codes = codes_in(done.text)
    assert len(codes) == 10
    return app, codes


def test_with_a_second_factor_the_password_alone_opens_nothing(portal):
    user = portal.person()
    other, browser = portal.enter(user), portal.enter(user)
    app, codes = set_up_factor(portal, browser)
    assert browser.get("/user").status_code == 200
    assert other.get("/user").status_code == 303, "sessions elsewhere ended"
    stranger, answer = portal.sign_in(user)
    assert answer.headers["location"] == "/user/signin/code"
    assert stranger.get("/user").status_code == 303
    assert portal.last_attempt()[1] == "user_matched"
    assert stranger.post("/user/signin/code", data={"code": "123456"}).status_code == 401
    portal.house.clock.forward(seconds=90)
    assert stranger.post("/user/signin/code", data={"code": app.code()}).headers["location"] == "/user"
    assert portal.last_attempt()[1:3] == ("completed", "")
    again, _ = portal.sign_in(user)
    assert again.post("/user/signin/code", data={"code": codes[0].lower()}).headers["location"] == "/user"
    reused, _ = portal.sign_in(user)
    assert reused.post("/user/signin/code", data={"code": codes[0]}).status_code == 401
    assert portal.browser().post("/user/signin/code", data={"code": app.code()}).status_code == 401, "without the password"


def test_five_wrong_codes_end_the_sign_in_and_are_recorded(portal):
    user = portal.person()
    set_up_factor(portal, portal.enter(user))
    browser, _ = portal.sign_in(user)
    for _ in range(4):
        assert browser.post("/user/signin/code", data={"code": "000000"}).status_code == 401
    last = browser.post("/user/signin/code", data={"code": "000000"})
    assert (last.status_code, portal.last_attempt()[1:3]) == (403, ("refused", "code_wrong"))
    assert browser.get("/user/signin/code").headers["location"] == "/user/signin"


def test_an_administrator_resets_a_lost_factor_and_sessions_end(portal):
    user = portal.person()
    browser = portal.enter(user)
    set_up_factor(portal, browser)
    portal.do(lambda act: act.user_factors.reset(ADMIN, user.id))
    assert browser.get("/user").status_code == 303
    assert portal.enter(user), "the password alone is enough again"
    with pytest.raises(Conflict):
        portal.do(lambda act: act.user_factors.reset(ADMIN, user.id))


def test_what_is_sensitive_asks_for_password_and_code_again_after_five_minutes(portal):
    user = portal.person()
    browser = portal.enter(user)
    app, _ = set_up_factor(portal, browser)
    portal.house.clock.forward(minutes=6)
    for path in ("/password", "/second-factor", "/recovery-codes", "/remove-second-factor"):
        assert browser.get(SECURITY + path).headers["location"] == f"/user/confirm?next={SECURITY}{path}"
    for path in ("/recovery-codes", "/remove-second-factor", "/password"):
        assert browser.post(SECURITY + path).headers["location"].startswith("/user/confirm?"), path
    next_page = f"{SECURITY}/recovery-codes"
    for given in ({"password": "not my password"}, {"password": PASSWORD, "code": "000000"}):
        assert browser.post("/user/confirm", data={"code": app.code(), "next": next_page, **given}).status_code == 401
    portal.house.clock.forward(seconds=90)
    before = browser.cookies["__Host-homeport-user"]
    done = browser.post("/user/confirm", data={"password": PASSWORD, "code": app.code(), "next": next_page})
    assert done.headers["location"] == next_page
    assert browser.cookies["__Host-homeport-user"] != before
    fresh = browser.post(next_page)
    assert len(codes_in(fresh.text)) == 10
    assert browser.post(f"{SECURITY}/remove-second-factor").status_code == 303
    assert "Not set up" in text_of(browser.get(SECURITY))


def test_sessions_are_shown_and_ended_and_nobody_ends_a_strangers(portal):
    user, other = portal.person(), portal.person()
    here, there, elsewhere = portal.enter(user), portal.enter(user), portal.enter(other)
    assert text_of(here.get(SECURITY)).count("This one") == 1
    ids = portal.house.sql(f"SELECT id FROM user_sessions WHERE user_id = '{other.id}'")
    assert here.post(f"{SECURITY}/sessions/{ids[0][0]}/end").status_code == 404
    assert elsewhere.get("/user").status_code == 200
    assert here.post(f"{SECURITY}/sessions/end-others").status_code == 303
    assert there.get("/user").status_code == 303
    assert here.get("/user").status_code == 200


def test_my_devices_are_mine_and_a_passcode_is_forgotten_by_an_order(portal):
    house = portal.house
    house.provision()
    user, other, device = portal.person(), portal.person(), house.device()
    mine, theirs = (
        house.do(lambda act, one=one: act.bindings.admit(one, act.devices.find(device.id), "a sign-in")) for one in (user, other)
    )
    browser = portal.enter(user)
    assert "has not reported the account yet" in text_of(browser.get("/user/devices"))
    house.do(lambda act: act.bindings.store.save(_with_passcode(act.bindings.store.get(mine.id), house.clock.now())))
    page = browser.get("/user/devices")
    assert f"/user/devices/{mine.id}/reset-passcode" in page.text
    assert theirs.id not in page.text
    for path in (theirs.id, "nothing"):
        assert browser.get(f"/user/devices/{path}/reset-passcode").status_code == 404
        assert browser.post(f"/user/devices/{path}/reset-passcode").status_code == 404
    assert "choose another" in text_of(browser.get(f"/user/devices/{mine.id}/reset-passcode"))
    assert browser.post(f"/user/devices/{mine.id}/reset-passcode").status_code == 303
    kinds = house.sql(f"SELECT kind FROM orders WHERE binding_id = '{mine.id}' ORDER BY counter")
    assert kinds[-1] == ("reset_passcode",)
    assert house.sql(f"SELECT kind FROM orders WHERE binding_id = '{theirs.id}' AND kind = 'reset_passcode'") == []
    house.clock.forward(minutes=6)
    assert browser.post(f"/user/devices/{mine.id}/reset-passcode").headers["location"].startswith("/user/confirm?")


def _with_passcode(binding, at):
    return replace(binding, passcode_set_at=at, version=binding.version + 1)


def test_my_sign_ins_are_mine_newest_first_in_portions(portal):
    user, other = portal.person(), portal.person()
    portal.sign_in(other, "wrong password for the other")
    for _ in range(3):
        portal.sign_in(user, "wrong password of mine")
        portal.house.clock.forward(seconds=1)
    browser = portal.enter(user)
    first = text_of(browser.get("/user/sign-ins"))
    assert first.count("Refused") == 3
    assert first.count("Completed") == 1
    assert "Name and password do not match" in first
    portal.do(lambda act: [_refused(act.person_sign_in.attempts, user) for _ in range(30)])
    page = browser.get("/user/sign-ins").text
    older = page.split("/user/sign-ins?before=")[1].split('"')[0]
    second = browser.get(f"/user/sign-ins?before={older}")
    assert second.status_code == 200
    assert "/user/sign-ins?after=" in second.text


def _refused(attempts, user):
    sign_in, recorder = attempts.begin(Purpose.USER_PORTAL, ADMIN.origin, user, user.email)
    attempts.refuse(sign_in, ReasonCode.PASSWORD_WRONG, recorder)


def test_i_change_what_is_mine_to_change_and_nothing_else(portal):
    user = portal.person()
    browser = portal.enter(user)
    version = portal.do(lambda act: act.people.get(ADMIN, user.id)).version
    saved = browser.post(
        "/user/details",
        data={"displayname": "The Countess", "location": "London", "email": "evil@acme.example", "version": version},
    )
    assert "Display name: (empty) → The Countess" in text_of(saved)
    after = portal.do(lambda act: act.people.get(ADMIN, user.id))
    assert (after.displayname, after.location, after.email) == ("The Countess", "London", user.email)
    clash = browser.post("/user/details", data={"displayname": "Somebody", "location": "London", "version": version})
    assert clash.status_code == 412
    assert "is now “The Countess”" in text_of(clash)
    assert browser.post("/user/details", data={"displayname": "x" * 2000, "location": ""}).status_code == 400
    actor = portal.house.sql(
        f"SELECT actor_kind, actor_id FROM audit_entries WHERE event_type = 'user_update' AND resource_id = '{user.id}'"
    )
    assert actor == [("user", user.id)]
