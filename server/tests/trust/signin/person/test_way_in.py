"""Into the user portal and out of it: the one-time link, the sign-in, what slows a guesser down, and who is kept out."""

import re

import pytest
from tests.support.house import ADMIN

from homeport.directory.people.model import UserState
from homeport.foundation.kernel.errors import Conflict
from homeport.trust.signin.person.model import Authority

from .conftest import PASSWORD, text_of

OTHER = "another long password"


def set_cookie(answer, name):
    return next(one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}="))


def test_a_person_sets_the_password_by_a_link_that_works_once_and_is_signed_in(portal):
    user = portal.person(password="")
    token, browser = portal.link(user), portal.browser()
    asked = browser.get(f"/user/link/{token}")
    assert asked.status_code == 200
    assert "Choose your password" in text_of(asked)
    assert browser.get(f"/user/link/{token}").status_code == 200, "opening it uses nothing up"
    for wrong, said in (("short", "Use 12 to 64 characters"), (f"{user.username} {user.username}", "contains")):
        answer = browser.post(f"/user/link/{token}", data={"password": wrong, "again": wrong})
        assert answer.status_code == 400
        assert said in text_of(answer)
    differ = browser.post(f"/user/link/{token}", data={"password": PASSWORD, "again": OTHER})
    assert "The two passwords differ" in text_of(differ)
    done = browser.post(f"/user/link/{token}", data={"password": PASSWORD, "again": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/user")
    cookie = set_cookie(done, "__Host-homeport-user")
    assert all(word in cookie for word in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"))
    assert user.full_name in text_of(browser.get("/user"))
    again = portal.browser().post(f"/user/link/{token}", data={"password": OTHER, "again": OTHER})
    assert again.status_code == 404
    assert "used already" in text_of(again)
    assert portal.enter(user)


@pytest.mark.parametrize("typed", ["{0.username}", "{0.email}", "  {0.email} "])
def test_user_name_and_address_both_sign_in_whatever_their_case(portal, typed):
    user = portal.person()
    _, answer = portal.sign_in(user, name=typed.format(user).upper())
    assert answer.headers["location"] == "/user"
    assert portal.last_attempt() == ("user_portal", "completed", "", user.email, user.id)


def test_wrong_password_unknown_name_and_no_password_look_the_same_and_are_recorded_with_their_reason(portal):
    known, without = portal.person(), portal.person(password="")
    answers = []
    for name, reason, email, user_id in (
        (known.username, "password_wrong", known.email, known.id),
        (without.email, "password_not_set", without.email, without.id),
        ("nobody@acme.example", "user_unknown", "nobody@acme.example", None),
        ("hunter2-is-my-password", "user_unknown", "", None),
    ):
        answer = portal.browser().post("/user/signin", data={"name": name, "password": OTHER})
        assert answer.status_code == 401
        assert portal.last_attempt() == ("user_portal", "refused", reason, email, user_id)
        answers.append(re.sub(r"[0-9a-f-]{36}", "ID", text_of(answer).replace(name, "NAME")))
    assert len(set(answers)) == 1


@pytest.mark.parametrize("state", [UserState.SUSPENDED, UserState.STAGED])
def test_who_is_not_activated_is_refused_and_told_why_only_after_the_right_password(portal, state):
    user = portal.person()
    if state is UserState.STAGED:
        with portal.house.home.parts.database.write() as unit:
            unit.connection.exec_driver_sql(f"UPDATE users SET state = 'STAGED' WHERE id = '{user.id}'")
    else:
        portal.house.set_state(user, state)
    _, wrong = portal.sign_in(user, OTHER)
    assert (wrong.status_code, "suspended" in text_of(wrong)) == (401, False)
    _, right = portal.sign_in(user)
    assert right.status_code == 403
    attempt = portal.last_attempt()
    assert attempt[1:3] == ("refused", f"user_{state.value.lower()}")
    assert portal.house.sql(f"SELECT count(*) FROM sign_ins WHERE id = '{reference_of(right)}'") == [(1,)]


def reference_of(answer):
    return re.search(r'id="reference">([0-9a-f-]{36})<', answer.text)[1]


def test_a_suspension_ends_sessions_and_links_at_once_and_activation_brings_none_back(portal):
    user = portal.person()
    browser, token = portal.enter(user), portal.link(user)
    portal.house.set_state(user, UserState.SUSPENDED)
    assert browser.get("/user").headers["location"] == "/user/signin?next=/user"
    portal.house.set_state(user, UserState.ACTIVATED)
    assert browser.get("/user").headers["location"] == "/user/signin?next=/user"
    assert portal.browser().get(f"/user/link/{token}").status_code == 404
    assert portal.enter(user)


def test_failures_slow_down_everybody_but_a_browser_that_is_known_to_the_account(portal):
    user = portal.person()
    mine = portal.enter(user)
    mine.post("/user/signout")
    stranger = portal.browser("198.51.100.9")
    codes = [portal.sign_in(user, OTHER, browser=stranger)[1].status_code for _ in range(7)]
    assert codes[0] == 401
    assert codes[-1] == 429
    slowed = portal.sign_in(user, browser=portal.browser("203.0.113.5"))[1]
    assert slowed.status_code == 429, "the account is slowed down, from wherever"
    assert int(slowed.headers["Retry-After"]) > 0
    by_address = portal.sign_in(user, name=user.email, browser=portal.browser("203.0.113.6"))[1]
    assert by_address.status_code == 429, "the other name of the account is no way around"
    assert portal.sign_in(user, browser=mine)[1].headers["location"] == "/user"
    portal.house.clock.forward(minutes=20)
    assert portal.sign_in(user, browser=portal.browser("203.0.113.7"))[1].headers["location"] == "/user"


def test_another_password_by_link_ends_sessions_and_the_old_password(portal):
    user = portal.person()
    browser, token = portal.enter(user), portal.link(user)
    assert browser.get("/user").status_code == 200, "a link alone changes nothing"
    other = portal.browser()
    assert "Choose a new password" in text_of(other.get(f"/user/link/{token}"))
    assert other.post(f"/user/link/{token}", data={"password": OTHER, "again": OTHER}).status_code == 303
    assert browser.get("/user").status_code == 303
    assert portal.sign_in(user)[1].status_code == 401
    assert portal.sign_in(user, OTHER)[1].status_code == 303


def test_links_expire_and_a_newer_one_ends_the_earlier(portal):
    user = portal.person(password="")
    first = portal.link(user)
    second = portal.link(user)
    assert portal.browser().get(f"/user/link/{first}").status_code == 404
    portal.house.clock.forward(days=6, hours=23)
    assert portal.browser().get(f"/user/link/{second}").status_code == 200
    portal.house.clock.forward(hours=2)
    assert portal.browser().get(f"/user/link/{second}").status_code == 404
    reset = portal.link(portal.person())
    portal.house.clock.forward(minutes=61)
    assert portal.browser().get(f"/user/link/{reset}").status_code == 404


def test_a_link_is_made_only_for_who_is_activated(portal):
    user = portal.house.user(next(portal.names), UserState.STAGED)
    with pytest.raises(Conflict, match="Activate them first"):
        portal.link(user)


def test_an_expired_password_leads_to_its_change_and_nowhere_else(portal):
    user = portal.person()
    before = portal.enter(user)
    portal.do(lambda act: act.passwords.expire(ADMIN, user.id))
    assert before.get("/user").headers["location"].startswith("/user/signin")
    browser, _ = portal.sign_in(user)
    for path in ("/user", "/user/devices", "/user/security"):
        assert browser.get(path).headers["location"] == "/user/security/password"
    assert "has expired" in text_of(browser.get("/user/security/password"))
    same = browser.post("/user/security/password", data={"password": PASSWORD, "again": PASSWORD})
    assert "present password" in text_of(same)
    assert browser.post("/user/security/password", data={"password": OTHER, "again": OTHER}).status_code == 200
    assert browser.get("/user/security").status_code == 200


def test_a_password_that_is_managed_elsewhere_is_neither_used_nor_set_here(portal):
    user = portal.person()
    browser, token = portal.enter(user), portal.link(user)
    portal.do(lambda act: act.passwords.set_authority(ADMIN, user.id, Authority.PROVIDER))
    assert browser.get("/user").status_code == 303, "sessions ended"
    assert portal.browser().get(f"/user/link/{token}").status_code == 404
    _, refused = portal.sign_in(user)
    assert refused.status_code == 403
    assert portal.last_attempt()[2] == "password_managed_elsewhere"
    for deed in (
        lambda act: act.passwords.issue_link(ADMIN, user.id),
        lambda act: act.passwords.expire(ADMIN, user.id),
    ):
        with pytest.raises(Conflict, match="managed by your identity provider"):
            portal.do(deed)
    portal.do(lambda act: act.passwords.set_authority(ADMIN, user.id, Authority.HOMEPORT))
    assert portal.enter(user)


def test_a_sign_in_goes_on_only_inside_the_portal(portal):
    user = portal.person()
    for wanted, there in (
        ("/user/devices?x=1", "/user/devices?x=1"),
        ("//evil.example/user", "/user"),
        ("/admin", "/user"),
        ("/users", "/user"),
        ("https://evil.example/user/", "/user"),
    ):
        _, answer = portal.sign_in(user, next=wanted)
        assert answer.headers["location"] == there, wanted


def test_a_session_planted_before_the_sign_in_is_worth_nothing_after_it(portal):
    victim, attacker = portal.person(), portal.person()
    browser = portal.enter(attacker)
    planted = browser.cookies["__Host-homeport-user"]
    portal.sign_in(victim, browser=browser)
    assert browser.cookies["__Host-homeport-user"] != planted
    thief = portal.browser()
    thief.cookies.set("__Host-homeport-user", planted)
    assert thief.get("/user").status_code == 303


def test_a_users_session_opens_nothing_of_the_admin_portal(portal):
    browser = portal.enter(portal.person())
    token = browser.cookies["__Host-homeport-user"]
    browser.cookies.set("__Host-homeport", token)
    assert browser.get("/admin").headers["location"] == "/signin?next=/admin"
    assert browser.get("/api/systemusers").status_code == 401


def test_signing_out_ends_the_session(portal):
    browser = portal.enter(portal.person())
    token = browser.cookies["__Host-homeport-user"]
    assert browser.post("/user/signout").headers["location"] == "/user/signin"
    browser.cookies.set("__Host-homeport-user", token)
    assert browser.get("/user").status_code == 303
    assert portal.audited("user_logout")
