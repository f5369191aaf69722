"""The store of sign-ins keeps what it is given, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from homeport.foundation.kernel.entropy import hash_token
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.trust.federation.recorder import Recorder
from homeport.trust.signin.model import Purpose, SignIn, State


@pytest.fixture
def fresh(each_house):
    """`fresh(**changed)` makes a sign-in that is not stored yet."""
    entropy, now = each_house.home.parts.entropy, each_house.clock.now()

    def make(**changed):
        made = SignIn(
            id=entropy.new_id(),
            purpose=Purpose.DEVICE_LOGIN,
            state=State.AT_PROVIDER,
            started_at=now,
            expires_at=now + timedelta(minutes=10),
            provider_id=entropy.new_id(),
            continuation_id=entropy.new_id(),
            browser_hash=hash_token("browser"),
            state_hash=hash_token(entropy.token()),
            nonce="nonce",
            verifier_sealed="sealed",
            address="192.0.2.7",
            user_agent="Firefox “é”",
        )
        return replace(made, **changed)

    return make


@pytest.fixture
def store(each_house):
    """`store(deed)` runs one unit of work."""
    return lambda deed: each_house.do(lambda act: deed(act.sign_ins.store))


def test_a_sign_in_comes_back_as_it_was_stored(store, fresh):
    made = fresh()
    store(lambda it: it.add(made))
    assert store(lambda it: it.get(made.id)) == made
    assert store(lambda it: it.find_by_state(made.state_hash)) == made


def test_a_sign_in_comes_back_as_it_was_changed(store, fresh, each_house):
    made = fresh()
    done = replace(
        made,
        state=State.COMPLETED,
        user_id=made.id,
        issuer="https://acme.okta.example",
        subject="s",
        email="ada@acme.example",
        ended_at=each_house.clock.now(),
    )
    store(lambda it: (it.add(made), it.update(done)))
    assert store(lambda it: it.get(made.id)) == done


def test_nothing_is_found_by_what_was_never_stored(store):
    assert store(lambda it: (it.get("nothing"), it.find_by_state("nothing"), it.steps("nothing"))) == (None, None, [])


def test_two_sign_ins_never_share_a_state_and_many_have_none(store, fresh):
    made = fresh()
    store(lambda it: (it.add(made), it.add(fresh(state_hash=None)), it.add(fresh(state_hash=None))))
    with pytest.raises(IntegrityError):
        store(lambda it: it.add(fresh(state_hash=made.state_hash)))


@pytest.mark.parametrize(
    "changed", [{"state": State.COMPLETED}, {"state": State.REFUSED}, {"state": State.COMPLETED, "user_id": "u", "reason": "x"}]
)
def test_the_database_refuses_a_completion_by_nobody_and_a_refusal_without_a_reason(store, fresh, changed):
    with pytest.raises(IntegrityError):
        store(lambda it: it.add(fresh(**changed)))


def test_steps_are_numbered_on_over_several_units_of_work(store, fresh, each_house):
    made = fresh()
    store(lambda it: it.add(made))
    for names in (("started", "sent to the provider"), (), ("came back",)):
        recorder = Recorder(each_house.clock)
        for name in names:
            recorder.ok(name, detail="“é”")
        store(lambda it, steps=recorder.steps: it.add_steps(made.id, steps))
    steps = store(lambda it: it.steps(made.id))
    assert [(step.number, step.name) for step in steps] == [(1, "started"), (2, "sent to the provider"), (3, "came back")]
    assert (steps[0].details, steps[0].at) == ({"detail": "“é”"}, each_house.clock.now())


def test_the_open_sign_ins_of_a_provider_are_those_that_have_not_ended(store, fresh):
    ended = {State.COMPLETED: {"user_id": "u"}, State.REFUSED: {"reason": "x"}, State.EXPIRED: {}}
    first = fresh()
    others = [fresh(provider_id=first.provider_id, state=state, **ended.get(state, {})) for state in State]
    store(lambda it: [it.add(one) for one in (first, *others, fresh())])
    found = store(lambda it: it.open_of_provider(first.provider_id))
    assert {one.id for one in found} == {one.id for one in (first, *others) if one.state.open}


def test_late_sign_ins_are_those_whose_time_is_over_and_that_have_not_ended(store, fresh, each_house):
    past = each_house.clock.now() - timedelta(days=30)
    late, ended, young = fresh(expires_at=past), fresh(expires_at=past, state=State.EXPIRED), fresh()
    store(lambda it: [it.add(one) for one in (late, ended, young)])
    assert [one.id for one in store(lambda it: it.open_before(past + timedelta(days=1)))] == [late.id]


def test_a_list_is_newest_first_filtered_searched_and_counted(store, fresh):
    user = fresh().id
    many = [
        fresh(user_id=user, email=f"p{n}@acme.example", started_at=fresh().started_at + timedelta(seconds=n)) for n in range(5)
    ]
    store(lambda it: [it.add(one) for one in many])
    listing = Listing(filters=(Filter("user_id", "eq", user),), skip=1, limit=2)
    page = store(lambda it: it.list(listing))
    assert (page.total, [one.email for one in page.items]) == (5, ["p3@acme.example", "p2@acme.example"])
    found = store(lambda it: it.list(Listing(text="P4@ACME", filters=(Filter("user_id", "eq", user),))))
    assert [one.email for one in found.items] == ["p4@acme.example"]


@pytest.mark.parametrize("text", ["%", "_", "'", '"; --', "\\", "100%_"])
def test_signs_that_mean_something_to_sql_break_no_search(store, fresh, text):
    store(lambda it: it.add(fresh()))
    store(lambda it: it.list(Listing(text=text)))
