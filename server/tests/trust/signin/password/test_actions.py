from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from homeport.directory.admins.model import ADMINISTRATOR, READ_ONLY, ROLES
from homeport.directory.admins.store.argon2id import Argon2id
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.errors import NotFound, RateLimited, StepUpRequired, Unauthenticated

ROOT = system("root")
ELSEWHERE = Origin("198.51.100.1", "curl")


def test_right_password_starts_a_session_with_the_present_role(house):
    ada = house.administrator()
    signed_in = house.sign_in(" ADA@example.com ")
    actor = house.actor(signed_in.token)
    assert (actor.id, actor.name, actor.role, actor.permissions) == (
        ada.id,
        "ada@example.com",
        ADMINISTRATOR,
        ROLES[ADMINISTRATOR],
    )
    assert (actor.session_id, actor.origin) == (signed_in.session.id, house.home)
    assert house.audit()[-1] == ("admin_login_attempt", True, "", "ada@example.com")
    assert house.actor("") is None
    assert house.actor(signed_in.token + "x") is None


def test_wrong_password_and_unknown_name_are_recorded_and_start_nothing(house):
    house.administrator()
    assert house.sign_in(password="wrong") is None
    assert house.sign_in("nobody@example.com") is None
    assert house.sign_in("my secret password") is None
    assert house.sign_in("ada\x00@example.com") is None
    assert house.audit()[-4:] == [
        ("admin_login_attempt", False, "password_wrong", "ada@example.com"),
        ("admin_login_attempt", False, "administrator_unknown", "nobody@example.com"),
        ("admin_login_attempt", False, "administrator_unknown", ""),
        ("admin_login_attempt", False, "administrator_unknown", ""),
    ]


def test_unknown_name_is_checked_against_a_hash_all_the_same(house):
    attempt = house.do(lambda actions: actions.begin("nobody@example.com", house.home))
    assert attempt.password_hash == ""
    dummy, real = (one.rsplit("$", 2) for one in (house.hasher.dummy, house.hasher.hash("x")))
    assert dummy[0] == real[0]
    assert [len(part) for part in dummy[1:]] == [len(part) for part in real[1:]]
    assert house.hasher.argon2.check_needs_rehash(house.hasher.dummy) is False
    with pytest.raises(VerifyMismatchError):  # not InvalidHashError, which would come without any work
        house.hasher.argon2.verify(house.hasher.dummy, "x")


def test_failures_slow_an_account_down_more_and_more(house, clock):
    house.administrator()
    for _ in range(5):
        assert house.sign_in(password="wrong") is None
    waits = []
    for _ in range(4):
        with pytest.raises(RateLimited) as found:
            house.sign_in()
        waits.append(found.value.retry_after)
        clock.forward(seconds=found.value.retry_after)
        assert house.sign_in(password="wrong") is None
    assert waits == [1, 2, 4, 8]
    clock.forward(minutes=15)
    assert house.sign_in() is not None
    assert house.sign_in(password="wrong") is None
    assert house.sign_in() is not None


def test_attempts_while_blocked_do_not_lengthen_the_delay(house, clock):
    house.administrator()
    for _ in range(5):
        house.sign_in(password="wrong")
    for _ in range(10):
        with pytest.raises(RateLimited):
            house.sign_in(password="wrong")
    clock.forward(seconds=1)
    assert house.sign_in() is not None


def test_unknown_name_is_slowed_down_like_a_known_one(house):
    for _ in range(5):
        house.sign_in("nobody@example.com")
    with pytest.raises(RateLimited):
        house.sign_in("nobody@example.com")


def test_one_address_that_tries_many_names_is_slowed_down(house, clock):
    house.administrator()
    for number in range(20):
        house.sign_in(f"name{number}@example.com", origin=ELSEWHERE)
    with pytest.raises(RateLimited):
        house.sign_in("another@example.com", origin=ELSEWHERE)
    assert house.sign_in() is not None
    clock.forward(seconds=1)
    assert house.sign_in(origin=ELSEWHERE) is not None
    house.sign_in("another@example.com", origin=ELSEWHERE)
    with pytest.raises(RateLimited):
        house.sign_in("yet-another@example.com", origin=ELSEWHERE)


def test_many_guesses_at_once_count_before_they_are_checked(house):
    house.administrator()

    def begin(_number):
        try:
            house.do(lambda actions: actions.begin("ada@example.com", house.home))
        except RateLimited:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, range(24))) == 5


def test_known_browser_is_not_slowed_by_others_failures(house):
    house.administrator()
    browser = house.sign_in().browser
    for _ in range(5):
        house.sign_in(password="wrong", origin=ELSEWHERE)
    with pytest.raises(RateLimited):
        house.sign_in(origin=ELSEWHERE)
    with pytest.raises(RateLimited):
        house.sign_in(browser="made up")
    assert house.sign_in(browser=browser).browser == browser
    for _ in range(5):
        house.sign_in(password="wrong", browser=browser)
    with pytest.raises(RateLimited):
        house.sign_in(browser=browser)


def test_browser_known_to_one_account_is_unknown_to_another(house):
    house.administrator()
    other = house.reader()
    browser = house.sign_in().browser
    for _ in range(5):
        house.sign_in(other.email, password="wrong", browser=browser)
    with pytest.raises(RateLimited):
        house.sign_in(other.email, browser=browser)
    assert house.sign_in(browser=browser) is not None


def test_session_ends_when_idle_and_after_twelve_hours(house, clock):
    house.administrator()
    token = house.sign_in().token
    clock.forward(minutes=29)
    session = house.do(lambda actions: actions.sessions.find(token))
    assert session.to_touch(clock.now())
    house.do(lambda actions: actions.sessions.touch(session))
    clock.forward(minutes=29)
    assert house.actor(token) is not None
    clock.forward(minutes=1)
    assert house.actor(token) is None
    token = house.sign_in().token
    for _ in range(12 * 3 - 1):
        clock.forward(minutes=20)
        house.do(lambda actions: actions.sessions.touch(actions.sessions.find(token)))
    clock.forward(minutes=19)
    assert house.actor(token) is not None
    clock.forward(minutes=1)
    assert house.actor(token) is None


def test_signing_in_replaces_the_session_that_the_browser_had(house):
    house.administrator()
    first = house.sign_in().token
    second = house.sign_in(replacing=first).token
    assert house.actor(first) is None
    assert house.actor(second) is not None


def test_signing_out_ends_this_session_only(house):
    house.administrator()
    first, second = house.sign_in().token, house.sign_in().token
    actor = house.actor(first)
    house.do(lambda actions: actions.sign_out(actor, first))
    assert house.actor(first) is None
    assert house.actor(second) is not None
    assert house.audit()[-1][0] == "admin_logout"


def confirm(house, token, password):
    actor = house.actor(token)
    attempt = house.do(lambda actions: actions.begin_confirmation(actor))
    verified = house.hasher.verify(attempt.password_hash, password)
    return house.do(lambda actions: actions.finish_confirmation(actor, attempt, token, verified=verified))


def test_confirming_the_password_makes_it_recent_under_a_fresh_token(house, clock):
    house.administrator()
    token = house.sign_in().token
    clock.forward(minutes=6)
    with pytest.raises(StepUpRequired):
        house.actor(token).require_recent(clock.now())
    assert confirm(house, token, "wrong") == ""
    fresh = confirm(house, token, house.password)
    assert house.actor(token) is None
    house.actor(fresh).require_recent(clock.now())
    assert [entry[:3] for entry in house.audit()[-2:]] == [
        ("admin_confirm_attempt", False, "password_wrong"),
        ("admin_confirm_attempt", True, ""),
    ]


def test_confirming_does_not_lengthen_the_session(house, clock):
    house.administrator()
    token = house.sign_in().token
    for _ in range(12 * 3 - 1):
        clock.forward(minutes=20)
        token = confirm(house, token, house.password)
    clock.forward(minutes=20)
    assert house.actor(token) is None


def test_guessing_at_the_confirmation_is_slowed_down(house):
    house.administrator()
    token = house.sign_in().token
    for _ in range(5):
        assert confirm(house, token, "wrong") == ""
    with pytest.raises(RateLimited):
        confirm(house, token, house.password)


def test_role_counts_from_the_next_request_on_and_deletion_ends_the_session(house):
    house.administrator("boss@example.com")
    ada = house.administrator()
    token = house.sign_in().token
    house.do(lambda actions: actions.administrators.change(ROOT, ada.id, role=READ_ONLY, api_keys_allowed=False))
    assert house.actor(token).permissions == ROLES[READ_ONLY]
    house.do(lambda actions: actions.administrators.delete(ROOT, ada.id))
    assert house.actor(token) is None


def test_new_password_by_link_ends_all_sessions_and_signs_in(house):
    house.administrator()
    old = house.sign_in()
    link = house.recovery()
    fresh = house.do(
        lambda actions: actions.accept_link(
            link, email="ada@example.com", firstname="", lastname="", password="another long password", origin=house.home
        )
    )
    assert house.actor(old.token) is None
    assert house.actor(fresh.token).name == "ada@example.com"
    assert house.sign_in() is None
    assert house.sign_in(password="another long password") is not None
    with pytest.raises(NotFound):
        house.do(
            lambda actions: actions.accept_link(
                link, email="eve@example.com", firstname="", lastname="", password="another long password", origin=house.home
            )
        )


def test_password_changed_while_the_old_one_was_checked_lets_nobody_in(house):
    ada = house.administrator()
    attempt = house.do(lambda actions: actions.begin(ada.email, house.home))
    link = house.recovery()
    house.do(
        lambda actions: actions.links.accept(link, email=ada.email, firstname="", lastname="", password="another long password")
    )
    assert house.do(lambda actions: actions.finish(attempt, house.home, verified=True)) is None


def test_outdated_hash_is_replaced_at_sign_in(house):
    ada = house.administrator()
    stronger = Argon2id(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    assert stronger.outdated(ada.password_hash)
    attempt = house.do(lambda actions: actions.begin(ada.email, house.home))
    fresh = stronger.hash(house.password)
    assert house.do(lambda actions: actions.finish(attempt, house.home, verified=True, rehash=fresh)) is not None
    assert house.do(lambda actions: actions.administrators.find_present(ada.id)).password_hash == fresh
    assert house.sign_in() is not None


def test_what_is_over_is_removed(house, clock):
    house.administrator()
    house.sign_in()
    house.sign_in("nobody@example.com")
    clock.forward(days=181)
    house.sign_in()
    with house.database.read() as unit:
        count = {
            table: unit.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("admin_sessions", "known_browsers", "signin_throttles")
        }
    assert count == {"admin_sessions": 1, "known_browsers": 1, "signin_throttles": 2}


def test_confirming_the_password_revives_no_session_that_was_ended_meanwhile(house):
    ada = house.administrator()
    token = house.sign_in().token
    held = house.do(lambda actions: actions.sessions.find(token))
    house.do(lambda actions: actions.sessions.end_all(ada.id))
    assert house.do(lambda actions: actions.sessions.renew(held)) == ""
    assert house.do(lambda actions: actions.sessions.list_of(house.root, ada.id)) == []


def test_suspended_administrator_cannot_sign_in_and_their_session_opens_nothing(house):
    ada = house.administrator()
    token = house.sign_in().token
    house.do(lambda actions: actions.administrators.suspend(house.root, ada.id))
    assert house.actor(token) is None
    assert house.sign_in() is None
    assert house.audit()[-1][:3] == ("admin_login_attempt", False, "administrator_suspended")
    house.do(lambda actions: actions.administrators.activate(house.root, ada.id))
    assert house.sign_in() is not None


def test_suspended_administrator_gives_no_code_either(house):
    house.with_factor("second@example.com")
    ada, app = house.with_factor()
    waiting = house.sign_in().token
    house.do(lambda actions: actions.administrators.suspend(house.root, ada.id))
    with pytest.raises(Unauthenticated):
        house.do(lambda actions: actions.give_code(waiting, app.code(), house.home))
