"""Threads that race on both databases with one code: it lets one in, whatever they do at the same moment."""

import itertools

import pytest
from tests.support.factor import set_up
from tests.support.together import together

from homeport.directory.admins.model import READ_ONLY, Administrator, actor_of
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import HomeportError
from homeport.trust.signin.password.model import Attempt, CodeAsked, SignedIn

NUMBERS = itertools.count(1)


@pytest.fixture
def ada(each_house):
    """An administrator with a second factor, their authenticator app, and their recovery codes."""
    email = f"ada{next(NUMBERS)}@example.com"
    moment = each_house.clock.now()

    def make(act):
        made = Administrator(each_house.entropy.new_id(), email, "", "", READ_ONLY, "a hash", False, 1, moment, moment)
        act.administrators.administrators.add(made)
        phone = set_up(act, made, each_house.clock)
        _, token = act.sessions.start(made, Origin())
        codes = act.factors.renew_codes(act.sessions.authenticate(token, Origin()))
        return act.administrators.find_present(made.id), phone, codes

    return each_house.do(make)


def asked(house, administrator):
    """The token of a sign-in whose password was right."""
    attempt = Attempt(administrator.email, administrator.id, administrator.password_hash, ())
    waiting = house.do(lambda act: act.password_sign_in.finish(attempt, Origin(), verified=True))
    assert isinstance(waiting, CodeAsked)
    return waiting.token


def give_at_once(house, tokens, code):
    """What each of these sign-ins gets for the code when all give it at the same moment."""
    answers = []

    def give(token):
        try:
            answers.append(house.do(lambda act: act.password_sign_in.give_code(token, code, Origin())))
        except HomeportError as error:
            answers.append(error)

    assert together(*[lambda token=token: give(token) for token in tokens]) == []
    return answers


def test_of_many_requests_of_one_sign_in_with_one_code_one_is_let_in(each_house, ada):
    administrator, phone, _ = ada
    answers = give_at_once(each_house, [asked(each_house, administrator)] * 4, phone.code())
    assert sum(isinstance(one, SignedIn) for one in answers) == 1


def test_of_many_sign_ins_with_one_code_one_is_let_in(each_house, ada):
    administrator, phone, _ = ada
    answers = give_at_once(each_house, [asked(each_house, administrator) for _ in range(4)], phone.code())
    assert sum(isinstance(one, SignedIn) for one in answers) == 1


def test_of_many_sign_ins_with_one_recovery_code_one_is_let_in(each_house, ada):
    administrator, _, codes = ada
    answers = give_at_once(each_house, [asked(each_house, administrator) for _ in range(4)], codes[0])
    assert sum(isinstance(one, SignedIn) for one in answers) == 1


def test_of_many_that_use_one_recovery_code_up_one_succeeds(each_house, ada):
    """Below the sign-in, where nothing else but the factor itself keeps them apart."""
    administrator, _, codes = ada
    ways = []

    def use():
        ways.append(each_house.do(lambda act: act.factors.prove(administrator.id, codes[1])))

    assert together(*[use] * 5) == []
    assert sorted(ways) == ["", "", "", "", "recovery code"]


def test_of_many_that_use_one_code_up_one_succeeds(each_house, ada):
    administrator, phone, _ = ada
    code, ways = phone.code(), []

    def use():
        ways.append(each_house.do(lambda act: act.factors.prove(administrator.id, code)))

    assert together(*[use] * 5) == []
    assert sorted(ways) == ["", "", "", "", "one-time password"]


def test_two_that_set_up_a_factor_at_once_leave_one_that_works(each_house, ada):
    administrator, _, _ = ada
    actor = actor_of(administrator, Origin())
    phones = []

    def renew():
        phones.append(each_house.do(lambda act: set_up(act, administrator, each_house.clock)))

    assert together(*[renew] * 3) == []
    each_house.clock.forward(minutes=2)
    working = [phone for phone in phones if each_house.do(lambda act, one=phone: act.factors.prove(actor.id, one.code()))]
    assert len(working) == 1
