"""What access policies do to the sign-in of administrators, the real one in a real house."""

import pytest
from tests.support.house import ADMIN

from homeport.directory.admins.model import ADMINISTRATOR, BILLING, READ_ONLY
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action, InList, Link, Mode, Not, Portal, Targets
from homeport.trust.signin.passkeys.model import Passkey
from homeport.trust.signin.password.model import CodeAsked, ShutOut, SignedIn

OFFICE, HOME = "192.0.2.7", "198.51.100.4"


def test_without_policies_everybody_gets_in(scene):
    assert scene.gets_in(scene.administrator(role=READ_ONLY))


def test_a_policy_that_denies_shows_its_own_words_and_is_recorded(scene):
    ada = scene.administrator("ada", READ_ONLY)
    office = scene.office()
    scene.policy(
        "Only the office",
        conditions=Not(InList((office.id,))),
        message="Come to the office.",
        links=(Link("Ask", "https://help.example.com"),),
    )
    assert scene.gets_in(ada, OFFICE)
    got = scene.sign_in(ada, HOME)
    assert got == ShutOut("Come to the office.", (Link("Ask", "https://help.example.com"),))
    assert scene.audited("admin_login_attempt") == [(True, ""), (False, "denied_by_policy")]
    assert scene.house.sql("SELECT count(*) FROM admin_sessions") == [(1,)]


def test_somebody_denied_between_password_and_code_gets_no_session(scene):
    grace = scene.administrator("grace", factor=True)
    ada = scene.administrator("ada", factor=True)
    origin = Origin(HOME)
    attempt = scene.do(lambda act: act.password_sign_in.begin(ada.email, origin))
    asked = scene.do(lambda act: act.password_sign_in.finish(attempt, origin, verified=True))
    assert isinstance(asked, CodeAsked)
    scene.policy(targets=Targets(excluded_people=(grace.id,)))
    code = scene.apps[ada.id].code()
    got = scene.do(lambda act: act.password_sign_in.give_code(asked.token, code, origin))
    assert isinstance(got, ShutOut)
    assert scene.house.sql("SELECT count(*) FROM admin_sessions") == [(0,)]


def test_who_has_no_second_factor_is_led_to_set_one_up_when_a_policy_demands_it(scene):
    ada = scene.administrator("ada", READ_ONLY)
    scene.policy("Second factor", Action.MFA)
    got = scene.sign_in(ada)
    assert isinstance(got, SignedIn)
    actor = scene.do(lambda act: act.sessions.authenticate(got.token, Origin(OFFICE)))
    assert actor.lacks_factor
    assert actor.permissions == frozenset()


def test_who_has_a_second_factor_may_do_what_the_role_allows_when_a_policy_demands_it(scene):
    ada = scene.administrator("ada", ADMINISTRATOR, factor=True)
    scene.policy("Second factor", Action.MFA)
    got = scene.sign_in(ada)
    actor = scene.do(lambda act: act.sessions.authenticate(got.token, Origin(OFFICE)))
    assert not actor.lacks_factor
    assert actor.permissions


def test_a_monitored_policy_lets_people_in_and_writes_what_it_would_have_done(scene):
    ada = scene.administrator("ada", READ_ONLY)
    scene.policy("Watch", mode=Mode.MONITOR)
    assert scene.gets_in(ada)
    ((details,),) = scene.house.sql("SELECT details FROM audit_entries WHERE event_type = 'admin_login_attempt'")
    assert '"deny"' in str(details).replace("'", '"')
    assert "Watch" in str(details)


def test_an_invitation_is_asked_the_policies_and_a_link_of_the_server_is_the_way_back(scene):
    somebody = scene.administrator()
    scene.policy(targets=Targets(excluded_people=(somebody.id,)))
    names = {"firstname": "", "lastname": "", "password": "correct horse battery", "origin": Origin(HOME)}
    invited = scene.do(lambda act: act.administrator_links.invite(ADMIN, "new@example.com", READ_ONLY))
    got = scene.do(lambda act: act.password_sign_in.accept_link(invited, email="new@example.com", **names))
    assert isinstance(got, ShutOut)
    back = scene.do(lambda act: act.administrator_links.issue(ADMIN))
    got = scene.do(lambda act: act.password_sign_in.accept_link(back, email="back@example.com", **names))
    assert isinstance(got, SignedIn)
    assert scene.do(lambda act: act.sessions.authenticate(got.token, Origin(HOME))) is not None


def test_an_open_session_is_good_for_nothing_when_a_policy_comes_to_deny_or_to_demand(scene):
    somebody, ada = scene.administrator(), scene.administrator("ada", READ_ONLY)
    got = scene.sign_in(ada)
    demand = scene.policy("Second factor", Action.MFA)
    assert scene.do(lambda act: act.sessions.authenticate(got.token, Origin(OFFICE))).lacks_factor
    scene.do(lambda act: act.access_policies.delete(ADMIN, demand.id))
    assert not scene.do(lambda act: act.sessions.authenticate(got.token, Origin(OFFICE))).lacks_factor
    scene.policy(targets=Targets(excluded_people=(somebody.id,)))
    assert scene.do(lambda act: act.sessions.authenticate(got.token, Origin(OFFICE))) is None
    scene.do(lambda act: act.sessions.end_denied(act.sessions.find(got.token), Origin(OFFICE)))
    assert scene.do(lambda act: act.sessions.find(got.token)) is None
    assert scene.house.sql("SELECT reason FROM audit_entries WHERE event_type = 'admin_sessions_end'") == [("denied_by_policy",)]
    assert not scene.gets_in(ada)


def test_a_password_alone_opens_nothing_where_a_passkey_is_the_factor_that_is_demanded(scene):
    ada = scene.administrator("ada", READ_ONLY)
    got = scene.sign_in(ada)
    passkey = Passkey("a-passkey", ada.id, "credential", "key", 0, "Laptop", scene.house.clock.now())
    scene.do(lambda act: act.admin_passkeys.passkeys.add(passkey))
    assert scene.do(lambda act: act.sessions.authenticate(got.token, Origin(OFFICE))) is not None
    scene.policy("Second factor", Action.MFA)
    assert scene.do(lambda act: act.sessions.authenticate(got.token, Origin(OFFICE))) is None
    assert scene.sign_in(ada).reason is ReasonCode.PASSKEY_DEMANDED
    by_passkey = scene.do(lambda act: act.password_sign_in.enter_by_passkey(ada.id, Origin(OFFICE)))
    actor = scene.do(lambda act: act.sessions.authenticate(by_passkey.token, Origin(OFFICE)))
    assert (actor.lacks_factor, bool(actor.permissions)) == (False, True)


def test_passkeys_that_a_reset_of_the_second_factor_removes_are_an_event(scene):
    ada = scene.administrator("ada", READ_ONLY, factor=True)
    passkey = Passkey("a-passkey", ada.id, "credential", "key", 0, "Laptop", scene.house.clock.now())
    scene.do(lambda act: act.admin_passkeys.passkeys.add(passkey))
    scene.do(lambda act: act.factors.reset(ADMIN, ada.id))
    assert scene.do(lambda act: act.admin_passkeys.passkeys.of_owner(ada.id)) == []
    query = "SELECT actor_name, resource_id, details FROM audit_entries WHERE event_type = 'admin_passkeys_reset'"
    assert scene.house.sql(query) == [("recovery", ada.id, '{"passkeys":1}')]


def test_a_group_or_a_list_that_a_policy_names_cannot_be_deleted(scene):
    group = scene.do(lambda act: act.user_groups.create(ADMIN, name="Sales"))
    office = scene.office()
    policy = scene.policy(
        portal=Portal.USER, targets=Targets(False, groups=(group.id,)), conditions=InList((office.id,)), mode=Mode.DISABLED
    )
    for deed in (
        lambda act: act.user_groups.delete(ADMIN, group.id),
        lambda act: act.ip_lists.delete(ADMIN, office.id),
    ):
        with pytest.raises(Conflict, match="“Deny” names this"):
            scene.do(deed)
    scene.do(lambda act: act.access_policies.delete(ADMIN, policy.id))
    scene.do(lambda act: (act.user_groups.delete(ADMIN, group.id), act.ip_lists.delete(ADMIN, office.id)))


def test_a_policy_comes_back_as_it_was_stored(scene):
    office = scene.office()
    wanted = Wanted(
        "Everything",
        Action.MFA,
        Mode.DISABLED,
        "Two\nlines",
        Targets(False, (BILLING,), ("x",), (READ_ONLY,), ("y",)),
        Not(InList((office.id,))),
        "No",
        (Link("Ask", "https://help.example.com"), Link("Mail", "mailto:help@example.com")),
    )
    made = scene.do(lambda act: act.access_policies.create(ADMIN, Portal.ADMIN, wanted))
    assert scene.do(lambda act: act.access_policies.get(ADMIN, made.id)) == made
    assert (made.targets, made.conditions, made.links) == (wanted.targets, wanted.conditions, wanted.links)


def test_the_page_of_a_refusal_holds_the_words_the_code_and_an_id(scene):
    client = scene.house.client
    scene.administrator("ada", READ_ONLY)
    scene.house.sql("SELECT 1")
    scene.policy(message="<b>Come</b> to the office.", links=(Link("Ask", "https://help.example.com"),))
    hasher = scene.house.home.parts.hasher
    scene.do(
        lambda act: act.administrators.rehash(
            act.administrators.find_by_email("ada@example.com").id, hasher.hash("correct horse battery")
        )
    )
    form = {"email": "ada@example.com", "password": "correct horse battery"}
    answer = client.post("/signin", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403
    assert answer.headers["X-Homeport-Reason"] == "denied_by_policy"
    assert "&lt;b&gt;Come&lt;/b&gt; to the office." in answer.text
    assert 'href="https://help.example.com"' in answer.text
    assert 'id="reference"' in answer.text
    assert "set-cookie" not in answer.headers
