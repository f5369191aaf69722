"""The second factor at sign-in and at confirmation, with real stores on both databases."""

import pytest
from tests.support.factor import Authenticator, set_up

from homeport.directory.admins.model import ADMINISTRATOR, BILLING
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import Denied, NotFound, RateLimited, Unauthenticated
from homeport.trust.signin.password.model import CODE_WITHIN, MOST_WRONG_CODES, CodeAsked, SignedIn

ELSEWHERE = Origin("203.0.113.9", "curl")


@pytest.fixture
def ada(house):
    return house.with_factor()


def ask(house, **values):
    waiting = house.sign_in(**values)
    assert isinstance(waiting, CodeAsked)
    return waiting.token


def give(house, token, code, **values):
    return house.do(lambda actions: actions.give_code(token, code, values.pop("origin", house.home), **values))


def test_right_password_and_code_start_a_session(house, ada):
    administrator, phone = ada
    signed_in = give(house, ask(house), phone.code())
    assert isinstance(signed_in, SignedIn)
    assert house.actor(signed_in.token).id == administrator.id
    assert house.actor(signed_in.token).role == BILLING
    assert ("admin_login_attempt", True, "", "ada@example.com") in house.audit()


def test_a_right_password_alone_opens_nothing(house, ada):
    token = ask(house)
    assert house.actor(token) is None
    assert house.do(lambda actions: actions.waits_for_code(token))
    assert not house.do(lambda actions: actions.waits_for_code("another"))


def test_a_wrong_password_never_comes_to_the_code(house, ada):
    assert house.sign_in(password="wrong password, long enough") is None


def test_a_code_counts_once_also_in_another_sign_in(house, ada):
    _, phone = ada
    code = phone.code()
    first, second = ask(house), ask(house, browser="another")
    assert give(house, first, code) is not None
    with pytest.raises(Unauthenticated):
        give(house, second, code)  # the sign-in that succeeded ended the others
    assert give(house, ask(house), code) is None


def test_an_earlier_step_does_not_count_after_a_later_one(house, ada, clock):
    _, phone = ada
    clock.forward(minutes=2)
    earlier, later = phone.code(), phone.code()
    assert give(house, ask(house), later) is not None
    assert give(house, ask(house), earlier) is None


@pytest.mark.parametrize(("seconds", "taken"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_the_clock_may_be_off_by_one_step(house, ada, clock, seconds, taken):
    _, phone = ada
    clock.forward(minutes=10)
    token = ask(house)
    clock.forward(seconds=seconds)
    phone.last_step = int(clock.now().timestamp()) // 30 - 1
    code = phone.code()  # of the present step
    clock.forward(seconds=-seconds)
    assert (give(house, token, code) is not None) is taken


def test_a_recovery_code_signs_in_once_however_it_is_typed(house):
    made = house.administrator(role=BILLING)
    codes = house.do(lambda actions: codes_of(actions, made))
    typed = codes[0].lower().replace("-", " ")
    assert give(house, ask(house), typed) is not None
    assert give(house, ask(house), typed) is None
    assert give(house, ask(house), codes[1]) is not None


def codes_of(actions, administrator):
    set_up(actions, administrator, actions.clock)
    actor = actions.sessions.actor(actions.sessions.start(administrator, Origin())[0], Origin())
    return actions.factors.renew_codes(actor)


def test_five_wrong_codes_ask_for_the_password_again(house, ada):
    _, phone = ada
    token = ask(house)
    for _ in range(MOST_WRONG_CODES):
        assert give(house, token, "000000") is None
    with pytest.raises(Unauthenticated, match="password again"):
        give(house, token, phone.code())


def test_the_code_is_asked_for_five_minutes_only(house, ada, clock):
    _, phone = ada
    token = ask(house)
    clock.forward(seconds=CODE_WITHIN.total_seconds())
    with pytest.raises(Unauthenticated):
        give(house, token, phone.code())


def test_wrong_codes_slow_down_whoever_knows_the_password_more_and_more(house, ada, clock):
    """The delay belongs to the account: a fresh sign-in does not get around it."""
    waits = []
    for _ in range(9):
        token = ask(house, origin=ELSEWHERE)
        try:
            assert give(house, token, "000000", origin=ELSEWHERE) is None
        except RateLimited as error:
            waits.append(error.retry_after)
            clock.forward(seconds=error.retry_after)
    assert waits == sorted(waits)
    assert len(waits) >= 2
    assert waits[-1] > waits[0]


def test_a_guesser_elsewhere_does_not_slow_down_a_browser_that_is_known(house, ada):
    _, phone = ada
    known = give(house, ask(house), phone.code()).browser
    for _ in range(5):
        assert give(house, ask(house, origin=ELSEWHERE), "000000", origin=ELSEWHERE) is None
    with pytest.raises(RateLimited):
        give(house, ask(house, origin=ELSEWHERE), "000000", origin=ELSEWHERE)
    assert give(house, ask(house, browser=known), phone.code(), browser=known) is not None


def test_wrong_used_and_unknown_codes_look_the_same_in_the_log(house, ada, clock):
    _, phone = ada
    code = phone.code()
    give(house, ask(house), code)
    for wrong in (code, "000000", "ABCD-EFGH-IJKL-MNOP", "x" * 4000, "\x00", "\uff11\uff12\uff13\uff14\uff15\uff16"):
        assert give(house, ask(house), wrong) is None
        clock.forward(minutes=1)
    assert house.audit()[-1] == ("admin_login_attempt", False, "code_wrong", "ada@example.com")


def test_another_password_meanwhile_ends_the_sign_in(house, ada):
    _, phone = ada
    token = ask(house)
    house.do(
        lambda actions: actions.links.accept(
            actions.links.issue(house.root), email="ada@example.com", firstname="", lastname="", password="another fine secret"
        )
    )
    with pytest.raises(Unauthenticated):
        give(house, token, phone.code())


def test_a_recovery_link_removes_the_second_factor_and_leads_to_a_new_one(house, ada):
    token = house.recovery()
    values = {"email": "ada@example.com", "firstname": "", "lastname": "", "password": "another fine secret"}
    signed_in = house.do(lambda actions: actions.accept_link(token, origin=house.home, **values))
    actor = house.actor(signed_in.token)
    assert (actor.lacks_factor, actor.permissions) == (True, frozenset())


def test_resetting_ends_sessions_and_what_waits(house):
    ada, phone = house.with_factor(role=ADMINISTRATOR)
    session = give(house, ask(house), phone.code())
    token = ask(house)
    house.do(lambda actions: actions.factors.reset(house.root, ada.id))
    assert house.actor(session.token) is None
    with pytest.raises(Unauthenticated):
        give(house, token, phone.code())
    assert isinstance(house.sign_in(), SignedIn)


def test_confirmation_needs_password_and_code(house, ada, clock):
    _, phone = ada
    signed_in = give(house, ask(house), phone.code())
    clock.forward(minutes=6)
    actor = house.actor(signed_in.token)

    def confirm(*, verified, code):
        attempt = house.do(lambda actions: actions.begin_confirmation(actor))
        return house.do(
            lambda actions: actions.finish_confirmation(actor, attempt, signed_in.token, verified=verified, code=code)
        )

    code = phone.code()
    assert confirm(verified=True, code="") == ""
    assert confirm(verified=False, code=code) == ""
    assert confirm(verified=True, code="000000") == ""
    fresh = confirm(verified=True, code=code)
    assert fresh
    house.actor(fresh).require_recent(clock.now())


def test_setting_up_ends_the_other_sessions_only(house):
    house.administrator()
    first, second = house.sign_in(), house.sign_in(browser="another")
    actor = house.actor(second.token)

    def confirm(actions):
        enrolment = actions.factors.begin(actor)
        phone = Authenticator(enrolment.secret, actions.clock)
        actions.factors.confirm(actor, enrolment.envelope, phone.code())

    house.do(confirm)
    assert house.actor(first.token) is None
    assert house.actor(second.token) is not None


def test_sessions_are_listed_and_ended_one_by_one_or_all_others(house):
    ada = house.administrator()
    first, second, third = (house.sign_in(origin=Origin(f"192.0.2.{number}", "Firefox")) for number in (1, 2, 3))
    actor = house.actor(first.token)
    assert {one.address for one in house.do(lambda actions: actions.sessions.list_own(actor))} == {
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.3",
    }
    house.do(lambda actions: actions.sessions.end_one(actor, second.session.id))
    assert house.actor(second.token) is None
    assert house.do(lambda actions: actions.sessions.end_others(actor)) == 1
    assert house.actor(third.token) is None
    assert house.actor(first.token) is not None
    assert house.do(lambda actions: actions.sessions.list_of(house.root, ada.id))[0].id == first.session.id
    assert house.do(lambda actions: actions.sessions.end_all_of(house.root, ada.id)) == 1
    assert house.actor(first.token) is None


def test_nobody_ends_or_sees_a_strangers_session(house):
    house.administrator()
    house.reader()
    theirs = house.sign_in()
    reader = house.actor(house.sign_in("reader@example.com").token)
    with pytest.raises(NotFound):
        house.do(lambda actions: actions.sessions.end_one(reader, theirs.session.id))
    with pytest.raises(Denied):
        house.do(lambda actions: actions.sessions.list_of(reader, theirs.session.owner_id))
    with pytest.raises(Denied):
        house.do(lambda actions: actions.sessions.end_all_of(reader, theirs.session.owner_id))
    assert house.actor(theirs.token) is not None
