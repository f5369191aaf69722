"""Access policies at the user portal's own sign-in: who is denied reads the policy's words, and the sign-in names it."""

import re
from dataclasses import replace

import pytest
from tests.support.factor import Authenticator
from tests.support.house import ADMIN
from tests.support.routes import guarded_routes

from homeport.bootstrap.web import application
from homeport.foundation.http.actor import OWN_GUARDS
from homeport.foundation.kernel.actor import Origin
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action, InList, Link, Managed, Mode, Not, Portal, Targets
from homeport.trust.signin.password.model import CodeAsked
from homeport.trust.signin.person.actions.signin import user_actor
from homeport.trust.signin.person.model import Refused

from .conftest import PASSWORD, text_of
from .test_passkeys import enter, register

FACTOR = "/user/security/second-factor"


@pytest.fixture
def policy(portal):
    made = []

    def make(action=Action.DENY, **more):
        wanted = Wanted(f"Policy {len(made)}", action, **more)
        made.append(portal.do(lambda act: act.access_policies.create(ADMIN, Portal.USER, wanted)).id)
        return made[-1]

    yield make
    for one in made:
        portal.do(lambda act, one=one: act.access_policies.delete(ADMIN, one))


def test_the_template_denies_the_user_portal_to_everybody_with_words_that_can_be_changed(portal, policy):
    ada = portal.person()
    policy(message="Your organization does not use this portal.", links=(Link("Ask", "https://help.example.com"),))
    _, answer = portal.sign_in(ada)
    assert answer.status_code in {401, 403}
    assert "Your organization does not use this portal." in text_of(answer)
    assert 'href="https://help.example.com"' in answer.text
    purpose, state, reason, *_ = portal.last_attempt()
    assert (purpose, state, reason) == ("user_portal", "refused", "denied_by_policy")
    details = portal.house.sql("SELECT details FROM sign_in_steps WHERE name = 'access policies'")
    assert any("Policy 0" in str(row[0]) for row in details)


def test_a_wrong_password_never_learns_of_the_policy(portal, policy):
    ada = portal.person()
    policy(message="Come to the office.")
    _, answer = portal.sign_in(ada, "not the password")
    assert "Come to the office." not in text_of(answer)
    assert portal.last_attempt()[2] == "password_wrong"


def test_an_address_and_a_group_decide(portal, policy):
    ada, grace = portal.person(), portal.person()
    office = portal.do(lambda act: act.ip_lists.create(ADMIN, name=f"Office of {ada.username}", networks=["192.0.2.0/24"]))
    group = portal.do(lambda act: act.user_groups.create(ADMIN, name=f"Sales of {ada.username}"))
    portal.do(lambda act: act.user_groups.add_members(ADMIN, group.id, [grace.id]))
    policy(conditions=Not(InList((office.id,))), targets=Targets(excluded_groups=(group.id,)))
    tried = [(ada, "192.0.2.7"), (ada, "198.51.100.4"), (grace, "198.51.100.4")]
    answers = [portal.sign_in(who, browser=portal.browser(address))[1] for who, address in tried]
    assert [answer.headers.get("location") for answer in answers] == ["/user", None, "/user"]


def test_who_lacks_the_second_factor_that_is_demanded_sets_one_up_and_can_do_nothing_else_before(portal, policy):
    ada = portal.person()
    policy(Action.MFA)
    browser = portal.enter(ada)
    assert portal.last_attempt()[:3] == ("user_portal", "completed", "")
    assert [page.split(" ", 1)[1] for page in own_routes(portal) if "second-factor" not in page and opens(browser, page)] == [
        "/user/confirm",
        "/user/confirm",
        "/user/signout",
    ]
    portal.sign_in(ada, browser=browser)
    page = browser.get(FACTOR)
    assert "needs a second factor, and you have none yet" in text_of(page)
    enrolment, app = offered(portal, page)
    wrong = browser.post(FACTOR, data={"enrolment": enrolment, "code": "000000"})
    assert (wrong.status_code, browser.get("/user").headers["location"]) == (400, FACTOR)
    kept = browser.post(FACTOR, data={"enrolment": enrolment, "code": app.code()})
    assert "Recovery codes" in text_of(kept)
    assert browser.get("/user").status_code == 200
    assert portal.house.sql(f"SELECT count(*) FROM user_factors WHERE user_id = '{ada.id}'") == [(1,)]
    assert portal.sign_in(ada)[1].headers["location"] == "/user/signin/code"


def test_the_factor_that_is_demanded_is_set_up_only_shortly_after_the_password(portal, policy):
    ada = portal.person()
    policy(Action.MFA)
    browser = portal.enter(ada)
    enrolment, app = offered(portal, browser.get(FACTOR))
    portal.house.clock.forward(minutes=6)
    for answer in (browser.get(FACTOR), browser.post(FACTOR, data={"enrolment": enrolment, "code": app.code()})):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/user/confirm")
    assert portal.house.sql(f"SELECT count(*) FROM user_factors WHERE user_id = '{ada.id}'") == [(0,)]
    assert browser.post("/user/confirm", data={"password": "wrong", "next": FACTOR}).status_code == 401
    assert browser.post("/user/confirm", data={"password": PASSWORD, "next": FACTOR}).headers["location"] == FACTOR
    assert browser.get(FACTOR).status_code == 200


def test_a_password_alone_puts_no_second_factor_beside_a_passkey(portal, policy):
    ada = portal.person()
    before = portal.enter(ada)
    device = register(before)
    policy(Action.MFA)
    _, answer = portal.sign_in(ada)
    assert (answer.status_code, "Sign in with it" in text_of(answer)) == (403, True)
    assert portal.last_attempt()[1:3] == ("refused", "passkey_demanded")
    assert before.get(FACTOR).headers["location"].startswith("/user/signin")
    by_passkey, answer = enter(portal, device)
    assert (answer.status_code, by_passkey.get("/user").status_code) == (303, 200)
    portal.do(lambda act: act.user_passkeys.remove_all_of(ADMIN, ada.id))
    assert by_passkey.get("/user").status_code == 303
    assert portal.enter(ada).get("/user").headers["location"] == FACTOR


def test_a_denial_ends_sessions_that_are_open_and_a_demand_leads_them_to_the_second_factor(portal, policy):
    ada, grace = portal.person(), portal.person()
    app = portal.do(lambda act: set_up(act, grace, portal.house.clock))
    with_factor, _ = portal.sign_in(grace)
    portal.house.clock.forward(seconds=30)
    assert with_factor.post("/user/signin/code", data={"code": app.code()}).headers["location"] == "/user"
    without = portal.enter(ada)
    demand = policy(Action.MFA)
    assert (without.get("/user").headers.get("location"), with_factor.get("/user").status_code) == (FACTOR, 200)
    portal.do(lambda act: act.access_policies.set_mode(ADMIN, demand, Mode.DISABLED))
    assert without.get("/user").status_code == 200
    policy(targets=Targets(False, people=(ada.id,)))
    assert without.get("/user").headers["location"].startswith("/user/signin")
    assert with_factor.get("/user").status_code == 200
    assert portal.house.sql(f"SELECT count(*) FROM user_sessions WHERE user_id = '{ada.id}'") == [(0,)]
    ended = f"SELECT reason FROM audit_entries WHERE event_type = 'user_sessions_end' AND resource_id = '{ada.id}'"
    assert portal.house.sql(ended) == [("denied_by_policy",)]


def test_a_session_is_good_only_where_its_person_may_be(portal, policy):
    ada = portal.person()
    office = portal.do(lambda act: act.ip_lists.create(ADMIN, name=f"Desk of {ada.username}", networks=["192.0.2.0/24"]))
    policy(conditions=Not(InList((office.id,))))
    inside = portal.enter(ada)
    outside = portal.browser("198.51.100.9")
    outside.cookies = inside.cookies
    assert outside.get("/user").headers["location"].startswith("/user/signin")
    assert inside.get("/user").headers["location"].startswith("/user/signin")


def test_a_monitored_policy_stands_on_the_timeline_and_lets_people_in(portal, policy):
    ada = portal.person()
    policy(mode=Mode.MONITOR)
    _, answer = portal.sign_in(ada)
    assert answer.headers["location"] == "/user"
    ((details,),) = portal.house.sql("SELECT details FROM sign_in_steps WHERE name = 'policies only monitored'")
    assert "deny" in str(details)


def test_somebody_denied_between_password_and_code_gets_no_session(portal, policy):
    ada = portal.person()
    app = portal.do(lambda act: set_up(act, ada, portal.house.clock))
    origin = Origin("192.0.2.7")
    attempt = portal.do(lambda act: act.person_sign_in.begin(ada.username, origin))
    asked = portal.do(lambda act: act.person_sign_in.finish(attempt, origin, verified=True))
    assert isinstance(asked, CodeAsked)
    policy()
    code = app.code()
    got = portal.do(lambda act: act.person_sign_in.give_code(asked.token, code, origin))
    assert isinstance(got, Refused)
    assert portal.last_attempt()[1:3] == ("refused", "denied_by_policy")
    assert portal.house.sql(f"SELECT count(*) FROM user_sessions WHERE user_id = '{ada.id}'") == [(0,)]


def set_up(act, user, clock):
    """Set up a user's second factor as the page Security does."""
    actor = replace(user_actor(user, Origin()), session_id="set-up", authenticated_at=clock.now())
    enrolment = act.user_factors.begin(actor)
    app = Authenticator(enrolment.secret, clock)
    act.user_factors.confirm(actor, enrolment.envelope, app.code())
    return app


def test_a_sign_in_that_the_agent_began_is_from_a_managed_device(portal, policy):
    ada, house = portal.person(), portal.house
    device, client = house.device(), house.client

    def begun():
        answer = device.call(client, "POST", "/agent/v1/portal", device.agent_token(client), json={})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        return answer.json()["url"].removeprefix(house.settings.public_url)

    assert client.post("/agent/v1/portal", json={}).status_code == 401
    policy(conditions=Not(Managed()))
    address, there = begun(), portal.browser()
    opened = there.get(address)
    assert (opened.status_code, opened.headers["location"]) == (303, "/user/signin")
    assert all(word in opened.headers["set-cookie"] for word in ("__Host-homeport-device=", "HttpOnly", "Secure"))
    portal.sign_in(ada, browser=there)
    assert there.get("/user").status_code == 200
    stolen = portal.browser()
    assert stolen.get(address).status_code == 404, "once"
    late = begun()
    house.clock.forward(minutes=2)
    assert stolen.get(late).status_code == 404, "within two minutes"
    unopened = begun().removeprefix("/user/device/")
    for guessed in ("", "x", unopened):
        stolen.cookies.set("__Host-homeport-device", guessed)
        assert portal.sign_in(ada, browser=stolen)[1].status_code == 403
    house.do(lambda act: act.devices.delete(ADMIN, device.id))
    assert there.get("/user").headers["location"].startswith("/user/signin"), "the session ends with the device"
    assert device.call(client, "POST", "/agent/v1/portal", device.agent_token(client), json={}).status_code in {401, 403}


def test_a_browser_is_the_devices_for_twelve_hours(portal, policy):
    ada = portal.person()
    device = portal.house.device()
    token = portal.do(lambda act: act.device_browsers.begin(act.devices.get(ADMIN, device.id)))
    browser = portal.browser()
    assert browser.get(f"/user/device/{token}").status_code == 303
    policy(conditions=Not(Managed()))
    portal.house.clock.forward(hours=11, minutes=59)
    assert portal.sign_in(ada, browser=browser)[1].status_code == 303
    portal.house.clock.forward(minutes=2)
    assert portal.sign_in(ada, browser=browser)[1].status_code == 403


def own_routes(portal):
    """All that the portal offers to who is signed in, as `METHOD /path`, the sign-out last."""
    found = sorted(guarded_routes(application(portal.house.home), OWN_GUARDS))
    assert len(found) > 20
    assert found[-1] == "POST /user/signout"
    return found


def opens(browser, page):
    method, path = page.split(" ", 1)
    answer = browser.request(method, re.sub(r"{\w+}", "x", path))
    return answer.headers.get("location") != FACTOR


def offered(portal, page):
    """The envelope in the form, and an authenticator with the secret that the page shows."""
    enrolment = re.search(r'name="enrolment" value="([^"]+)"', page.text).group(1)
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.text).group(0)
    return enrolment, Authenticator(secret, portal.house.clock)
