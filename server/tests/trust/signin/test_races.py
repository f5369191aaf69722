"""Threads that race on both databases: whoever wins, nobody is let in twice, and a suspension is never overtaken."""

import itertools
import random

import pytest
from tests.support.house import ADMIN
from tests.support.together import together

from homeport.directory.people.model import UserState
from homeport.trust.federation.model import LinkState
from homeport.trust.issuer.model import Granted
from homeport.trust.signin.actions import Returned, Started
from homeport.trust.signin.model import SignIn, State

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def _prepared(each_house):
    each_house.provision()
    each_house.connect()
    return each_house


@pytest.fixture
def house(_prepared):
    return _prepared


@pytest.fixture
def somebody(house):
    """`somebody()` is a fresh activated user."""
    return lambda: house.user(f"person{next(NUMBERS)}")


def come_back(house, device):
    """A sign-in whose person has just come back from the provider, and its device code."""
    authorization, code, started = house.begin(device)
    assert isinstance(started, Started)
    returned = house.come_back(started)
    assert isinstance(returned, Returned)
    return authorization, code, returned


def test_of_many_callbacks_with_one_state_one_is_taken(house):
    for _ in range(4):
        _, _, started = house.begin(house.device())
        answers = []
        assert together(*[lambda s=started, a=answers: a.append(house.come_back(s))] * 5) == []
        assert sum(isinstance(one, Returned) for one in answers) == 1
        assert {one.reason for one in answers if isinstance(one, SignIn)} == {"signin_already_used"}


def test_of_many_conclusions_of_one_sign_in_one_counts(house, somebody):
    for _ in range(4):
        user = somebody()
        _, _, returned = come_back(house, house.device())
        identity = house.provider_says(returned, user.username)
        assert together(*[lambda r=returned, i=identity: house.conclude(r, i)] * 5) == []
        query = f"SELECT count(*) FROM audit_entries WHERE event_type = 'sign_in' AND resource_id = '{returned.sign_in.id}'"
        assert house.sql(query) == [(1,)]
        assert [row[0] for row in house.links()].count(user.id) == 1


def test_of_many_polls_with_the_right_number_one_earns_a_token(house, somebody):
    for _ in range(4):
        device, user, answers = house.device(), somebody(), []
        _, code, number = house.sign_in(device, user.username)

        def poll(device=device, code=code, number=number, answers=answers):
            answers.append(house.do(lambda act: act.authorizations.poll(act.devices.find(device.id), code, number)))

        assert together(*[poll] * 5) == []
        assert sum(isinstance(one, Granted) for one in answers) == 1


def test_of_many_requests_with_one_order_token_one_gets_the_order(house, somebody):
    device, user, answers = house.device(), somebody(), []
    _, code, number = house.sign_in(device, user.username)
    token = device.poll(house.client, code, number).json()["access_token"]
    path = "/agent/v1/order"
    assert together(*[lambda: answers.append(device.call(house.client, "POST", path, token).status_code)] * 5) == []
    assert sorted(answers) == [200, 403, 403, 403, 403]


def test_two_subjects_that_claim_one_person_at_once_get_one_link(house, somebody):
    for _ in range(4):
        user, outcomes, deeds = somebody(), [], []
        for subject in ("one", "other"):
            _, _, returned = come_back(house, house.device())
            identity = house.provider_says(returned, user.username, sub=f"{subject}-of-{user.username}")
            deeds.append(lambda r=returned, i=identity, o=outcomes: o.append(house.conclude(r, i)))
        assert together(*deeds) == []
        assert sorted(one.state for one in outcomes) == [State.COMPLETED, State.REFUSED]
        assert {one.reason for one in outcomes} == {"", "subject_differs"}
        assert [row[0] for row in house.links() if row[2] == LinkState.ACTIVE.value].count(user.id) == 1


@pytest.mark.parametrize("seed", range(6))
def test_suspended_wins_every_race_against_sign_in_and_order(house, somebody, seed):
    """One signs in, one types the number and one fetches an order, while an administrator suspends the person."""
    chance = random.Random(seed)
    user = somebody()
    devices = [house.device() for _ in range(3)]
    _, _, returned = come_back(house, devices[0])
    identity = house.provider_says(returned, user.username)
    tokens = []
    for device in devices[1:]:
        _, code, number = house.sign_in(device, user.username)
        tokens.append((device, device.poll(house.client, code, number).json()["access_token"]))
    deeds = [
        lambda: house.set_state(user, UserState.SUSPENDED),
        lambda: house.conclude(returned, identity),
        *[lambda d=device, t=token: d.call(house.client, "POST", "/agent/v1/order", t) for device, token in tokens],
    ]
    assert together(*deeds, delays=[chance.randrange(25) for _ in deeds]) == []
    for device in devices:
        kinds = [row[3] for row in house.orders() if row[0] == device.id and row[4] == user.id]
        assert kinds in ([], ["bind", "suspend"]), "an account order came after the suspension, or nothing followed it"
    _, _, returned = come_back(house, house.device())
    assert house.conclude(returned, house.provider_says(returned, user.username)).reason == "user_suspended"


@pytest.mark.parametrize("seed", range(4))
def test_deleting_the_provider_wins_every_race_and_deadlocks_with_nobody(any_house, seed):
    chance = random.Random(seed)
    any_house.provision()
    provider = any_house.connect()
    coming = []
    for number in range(3):
        user = any_house.user(f"late{number}")
        authorization, _, returned = come_back(any_house, any_house.device())
        coming.append((authorization, returned, any_house.provider_says(returned, user.username)))
    done = []
    deeds = [
        lambda: any_house.do(lambda act: act.identity_providers.delete(ADMIN, provider.id)),
        *[lambda r=returned, i=identity: done.append(any_house.conclude(r, i)) for _, returned, identity in coming],
        lambda: any_house.do(lambda act: act.sign_ins.expire()),
    ]
    assert together(*deeds, delays=[chance.randrange(15) for _ in deeds]) == []
    assert {(one.state, one.reason) for one in done} <= {(State.COMPLETED, ""), (State.REFUSED, "provider_gone")}
    assert {row[0] for row in any_house.sql("SELECT state FROM federated_identities")} <= {LinkState.INACTIVE.value}
