"""The issuer's stores keep what they are given, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from tests.support.together import together

from homeport.foundation.kernel.entropy import hash_token
from homeport.trust.issuer.model import AccessToken, AuthorizationState, DeviceAuthorization, Scope


@pytest.fixture
def fresh(each_house):
    """`fresh(**changed)` makes an authorization that is not stored yet."""
    entropy, now = each_house.home.parts.entropy, each_house.clock.now()

    def make(**changed):
        made = DeviceAuthorization(
            id=entropy.new_id(),
            device_id=entropy.new_id(),
            device_code_hash=hash_token(entropy.token()),
            user_code=entropy.user_code(),
            state=AuthorizationState.PENDING,
            created_at=now,
            expires_at=now + timedelta(minutes=10),
            device_address="192.0.2.9",
            interval=2,
        )
        return replace(made, **changed)

    return make


@pytest.fixture
def token(each_house):
    def make(**changed):
        entropy = each_house.home.parts.entropy
        made = AccessToken(
            hash_token(entropy.token()),
            entropy.new_id(),
            Scope.ORDER,
            "a-thumbprint",
            each_house.clock.now() + timedelta(minutes=1),
        )
        return replace(made, **changed)

    return make


def stored(house, deed):
    return house.do(lambda act: deed(act.authorizations.store))


def tokens(house, deed):
    return house.do(lambda act: deed(act.tokens.store))


def test_an_authorization_comes_back_as_it_was_stored(each_house, fresh):
    made = fresh()
    stored(each_house, lambda store: store.add(made))
    assert stored(each_house, lambda store: store.get(made.id)) == made
    assert stored(each_house, lambda store: store.find_by_user_code(made.user_code)) == made
    assert stored(each_house, lambda store: store.find_by_device_code(made.device_code_hash)) == made


def test_an_approved_authorization_comes_back_as_it_was_changed(each_house, fresh):
    made = fresh()
    approved = replace(
        made,
        state=AuthorizationState.APPROVED,
        number="012345",
        user_id=made.id,
        sign_in_id=made.device_id,
        last_polled_at=each_house.clock.now(),
    )
    stored(each_house, lambda store: (store.add(made), store.update(approved)))
    assert stored(each_house, lambda store: store.get(made.id)) == approved


def test_nothing_is_found_by_what_was_never_stored(each_house):
    assert stored(each_house, lambda store: store.get("nothing")) is None
    assert stored(each_house, lambda store: store.find_by_user_code("nothing")) is None
    assert stored(each_house, lambda store: store.find_by_device_code("nothing")) is None


def test_of_two_authorizations_with_one_user_code_the_newer_is_found(each_house, fresh):
    old = fresh()
    new = fresh(user_code=old.user_code, created_at=old.created_at + timedelta(seconds=1))
    stored(each_house, lambda store: (store.add(new), store.add(old)))
    assert stored(each_house, lambda store: store.find_by_user_code(old.user_code)) == new


def test_the_database_refuses_an_approval_by_nobody_and_a_second_use_of_a_device_code(each_house, fresh):
    made = fresh()
    stored(each_house, lambda store: store.add(made))
    with pytest.raises(IntegrityError):
        stored(each_house, lambda store: store.update(replace(made, state=AuthorizationState.APPROVED)))
    with pytest.raises(IntegrityError):
        stored(each_house, lambda store: store.add(fresh(device_code_hash=made.device_code_hash)))


def test_only_what_is_long_over_is_forgotten(each_house, fresh, token):
    now = each_house.clock.now()
    old, young = fresh(expires_at=now - timedelta(hours=2)), fresh()
    stored(each_house, lambda store: (store.add(old), store.add(young)))
    assert stored(each_house, lambda store: store.remove_before(now - timedelta(hours=1))) == 1
    assert stored(each_house, lambda store: (store.get(old.id), store.get(young.id))) == (None, young)
    late, good = token(expires_at=now - timedelta(hours=2)), token()
    tokens(each_house, lambda store: (store.add(late), store.add(good), store.remember_jti("late", now - timedelta(hours=2))))
    assert tokens(each_house, lambda store: store.remove_before(now - timedelta(hours=1))) == 2
    assert tokens(each_house, lambda store: (store.get(late.token_hash), store.get(good.token_hash))) == (None, good)


def test_a_token_comes_back_as_it_was_stored_and_remembers_its_use(each_house, token):
    made, now = token(sign_in_id="s", user_id="u"), each_house.clock.now()
    tokens(each_house, lambda store: store.add(made))
    assert tokens(each_house, lambda store: store.get(made.token_hash)) == made
    tokens(each_house, lambda store: store.mark_used(made.token_hash, now))
    assert tokens(each_house, lambda store: store.get(made.token_hash)) == replace(made, used_at=now)


def test_a_jti_is_new_once_and_the_unit_of_work_goes_on_after_a_replay(each_house, token):
    made, soon = token(), each_house.clock.now() + timedelta(minutes=5)
    assert tokens(each_house, lambda store: store.remember_jti(made.token_hash, soon)) is True

    def replay_then_add(store):
        seen = store.remember_jti(made.token_hash, soon)
        store.add(made)
        return seen

    assert tokens(each_house, replay_then_add) is False
    assert tokens(each_house, lambda store: store.get(made.token_hash)) == made


def test_of_many_requests_with_one_jti_at_once_one_is_new(each_house, token):
    soon, answers = each_house.clock.now() + timedelta(minutes=5), []
    for _ in range(3):
        jti, answers = token().token_hash, []
        deeds = [
            lambda jti=jti, answers=answers: answers.append(tokens(each_house, lambda store: store.remember_jti(jti, soon)))
            for _ in range(6)
        ]
        assert together(*deeds) == []
        assert sorted(answers) == [False] * 5 + [True]
