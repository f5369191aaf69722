"""Access policies at the user portal's own sign-in: who is denied reads the policy's words, and the sign-in names it."""

from dataclasses import replace

import pytest
from tests.support.factor import Authenticator
from tests.support.house import ADMIN

from homeport.foundation.kernel.actor import Origin
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action, InList, Link, Mode, Not, Portal, Targets
from homeport.trust.signin.password.model import CodeAsked
from homeport.trust.signin.person.actions.signin import user_actor
from homeport.trust.signin.person.model import Refused

from .conftest import text_of


@pytest.fixture
def policy(portal):
    made = []

    def make(action=Action.DENY, **more):
        wanted = Wanted(f"Policy {len(made)}", action, **more)
        made.append(portal.do(lambda act: act.access_policies.create(ADMIN, Portal.USER, wanted)).id)

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


def test_who_lacks_the_second_factor_that_is_demanded_is_told_so(portal, policy):
    ada = portal.person()
    policy(Action.MFA)
    _, answer = portal.sign_in(ada)
    assert portal.last_attempt()[2] == "second_factor_missing"
    assert "second factor" in text_of(answer)


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
