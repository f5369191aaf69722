"""What holds whatever people, administrators, devices and strangers do, in any order: a machine that tries orders by itself.

Everything is real: the actions as bootstrap builds them, the database, the tokens that the provider's key signed.
"""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.support.house import ADMIN

from homeport.directory.people.model import UserState
from homeport.foundation.kernel.errors import Conflict
from homeport.trust.federation.model import LinkState
from homeport.trust.issuer.model import Granted
from homeport.trust.signin.actions import Returned, Started
from homeport.trust.signin.model import State

NAMES = ("ada", "grace", "alan")
NAME, INDEX = st.sampled_from(NAMES), st.integers(0, 1)
FINAL = {State.COMPLETED.value, State.REFUSED.value, State.EXPIRED.value}


@dataclass
class Attempt:
    """One sign-in at one device, as the test remembers it."""

    device: object
    authorization_id: str
    code: str
    started: Started
    begun: int
    provider_id: str
    returned: Returned | None = None
    tokens: list = field(default_factory=list)


class SignInMachine(RuleBasedStateMachine):
    """The rules are what can happen, the invariants what must stay true after each of them."""

    attempts = Bundle("attempts")

    def __init__(self, house):
        super().__init__()
        self.house = house
        self.clock = house.clock
        self.time = 0
        """Counts what happened, so that "before" and "after" do not depend on the clock."""
        self.users = {}
        self.states = {}
        self.devices = []
        self.provider_id = None
        self.proven = set()
        self.unlinked = {}
        self.relinkable = {}
        self.ended = {}
        self.granted = {}

    @initialize()
    def begin(self):
        self.house.empty()
        self.house.provision()
        self.provider_id = self.house.connect().id
        self.devices = [self.house.device() for _ in range(2)]
        for name in NAMES:
            self.create_user(name, UserState.ACTIVATED)

    def tick(self):
        self.time += 1
        return self.time

    # What administrators do

    @rule(name=NAME, state=st.sampled_from([UserState.STAGED, UserState.ACTIVATED]))
    def create_user(self, name, state):
        if name not in self.users:
            self.users[name] = self.house.user(name, state)
            self.states[self.users[name].id] = state

    @rule(name=NAME, state=st.sampled_from([UserState.ACTIVATED, UserState.SUSPENDED]))
    def change_state(self, name, state):
        if name in self.users:
            self.house.set_state(self.users[name], state)
            self.states[self.users[name].id] = state

    @rule(name=NAME)
    def suspend(self, name):
        self.change_state(name, UserState.SUSPENDED)

    @rule(name=NAME)
    def delete_user(self, name):
        if name in self.users:
            user = self.users.pop(name)
            self.house.do(lambda act: act.people.delete(ADMIN, user.id))
            self.states[user.id] = None

    @rule(name=NAME, allow_new=st.booleans())
    def unlink(self, name, allow_new):
        if name not in self.users:
            return
        user = self.users[name]
        try:
            self.house.do(lambda act: act.links.unlink(ADMIN, user.id, allow_new=allow_new))
        except Conflict:
            return  # there was no link
        self.unlinked[user.id] = self.tick()
        self.relinkable[user.id] = allow_new

    @rule(name=NAME)
    def allow_a_new_link(self, name):
        if name in self.users and self.users[name].id in self.unlinked:
            user = self.users[name]
            try:
                self.house.do(lambda act: act.links.allow_new(ADMIN, user.id))
            except Conflict:
                return  # linked anew meanwhile
            self.relinkable[user.id] = True

    @rule(back_at_once=st.sampled_from([True, True, False]))
    def delete_the_provider(self, back_at_once):
        if self.provider_id is not None:
            self.house.do(lambda act: act.identity_providers.delete(ADMIN, self.provider_id))
            self.provider_id = None
        if back_at_once:
            self.connect_the_provider_again()

    @rule()
    def connect_the_provider_again(self):
        if self.provider_id is None:
            self.provider_id = self.house.connect().id

    @rule(index=INDEX)
    def replace_a_device(self, index):
        old = self.devices[index]
        self.house.do(lambda act: act.devices.delete(ADMIN, old.id))
        self.devices[index] = self.house.device()

    # What people and strangers do

    @rule(target=attempts, index=INDEX, name=NAME, steps=st.integers(0, 4))
    def somebody_signs_in(self, index, name, steps):
        """Go so many steps of the way without a fault; the other rules go on from there, or from an attempt long ago."""
        attempt, way = self.way(index, name)
        for step in way[:steps]:
            step()
        return attempt

    @rule(target=attempts, index=INDEX, name=NAME)
    def somebody_gets_an_account(self, index, name):
        self.create_user(name, UserState.ACTIVATED)
        self.change_state(name, UserState.ACTIVATED)
        attempt, way = self.way(index, name)
        for step in way:
            step()
        return attempt

    @rule(
        target=attempts,
        index=INDEX,
        name=NAME,
        steps=st.integers(0, 3),
        what=st.sampled_from(["suspend", "unlink", "unlink", "provider", "user", "device", "time", "other", "stranger"]),
    )
    def something_happens_on_the_way(self, index, name, steps, what):
        """Go the whole way, while something happens somewhere in between."""
        attempt, way = self.way(index, name)
        for step in way[:steps]:
            step()
        happenings = {
            "suspend": lambda: self.change_state(name, UserState.SUSPENDED),
            "unlink": lambda: self.unlink(name, allow_new=steps % 2 == 0),
            "provider": lambda: self.delete_the_provider(back_at_once=True),
            "user": lambda: self.delete_user(name),
            "device": lambda: self.replace_a_device(index),
            "time": lambda: self.time_passes(601),
            "other": lambda: self.conclude(attempt, name, {"sub": "another-subject"}),
            "stranger": lambda: self.come_back(attempt, "another browser"),
        }
        happenings[what]()
        for step in way[steps:]:
            step()
        return attempt

    def way(self, index, name):
        """Begin an attempt; give it and the steps to its end."""
        device = self.devices[index]
        authorization, code, started = self.house.begin(device)
        if not isinstance(started, Started):
            assert self.provider_id is None
            return Attempt(device, authorization.id, code, None, self.tick(), ""), ()
        attempt = Attempt(device, authorization.id, code, started, self.tick(), self.provider_id)
        return attempt, (
            lambda: self.come_back(attempt, "browser"),
            lambda: self.conclude(attempt, name, {}),
            lambda: self.poll(attempt, "right"),
            lambda: self.fetch_the_order(attempt),
        )

    @rule(attempt=attempts, browser=st.sampled_from(["browser", "browser", "browser", "another browser", ""]))
    def come_back(self, attempt, browser):
        if attempt.started is None:
            return
        returned = self.house.come_back(attempt.started, browser)
        if isinstance(returned, Returned):
            assert attempt.returned is None, "a state was taken twice"
            assert browser == "browser"
            assert attempt.provider_id == self.provider_id
            attempt.returned = returned
        else:
            assert returned.state is State.REFUSED

    @rule(
        attempt=attempts,
        name=NAME,
        claims=st.sampled_from(
            [
                {},
                {},
                {},
                {"sub": "another-subject"},
                {"sub": "subject-of-ada"},
                {"email_verified": False},
                {"email": "ada@acme.example"},
            ]
        ),
    )
    def conclude(self, attempt, name, claims):
        if attempt.returned is None:
            return
        identity = self.house.provider_says(attempt.returned, name, **claims)
        linked = set(self.house.links())
        (before,) = self.house.sql(f"SELECT state FROM sign_ins WHERE id = '{attempt.returned.sign_in.id}'")[0]
        done = self.house.conclude(attempt.returned, identity)
        for user_id, subject, _ in {row for row in self.house.links() if row not in linked}:
            user = next(one for one in self.users.values() if one.id == user_id)
            assert (identity.subject, identity.email, identity.email_verified) == (subject, user.email, True), (
                "a link without proof"
            )
            self.proven.add((user_id, subject))
        if before in FINAL:
            assert done.state.value == before, "a sign-in that had ended was concluded again"
        elif done.state is State.COMPLETED:
            holders = {row[0] for row in linked if row[1] == identity.subject and row[2] != LinkState.REMOVED.value}
            assert holders <= {done.user_id}, "a link was somebody else's"
            assert attempt.provider_id == self.provider_id, "the provider was gone"
            assert self.states[done.user_id] is UserState.ACTIVATED
            unlinked_at = self.unlinked.get(done.user_id, 0)
            assert attempt.begun > unlinked_at, "unlink, then an old callback: refused"
            assert not unlinked_at or self.relinkable[done.user_id], "nobody allowed a new link"

    # What devices do

    @rule(attempt=attempts, number=st.sampled_from(["right", "right", "right", "wrong", "none"]))
    def poll(self, attempt, number):
        def poll(act):
            device = act.devices.find(attempt.device.id)
            right = act.authorizations.get(attempt.authorization_id).number or "000000"
            typed = {"right": right, "wrong": f"{(int(right) + 1) % 10**6:06d}", "none": None}[number]
            return act.authorizations.poll(device, attempt.code, typed)

        answer = self.house.do(poll)
        if isinstance(answer, Granted):
            assert number == "right"
            attempt.tokens.append(answer.access_token)

    @rule(attempt=attempts)
    def fetch_the_order(self, attempt):
        while attempt.tokens:
            token = attempt.tokens.pop()
            answers = [attempt.device.call(self.house.client, "POST", "/agent/v1/order", token) for _ in range(2)]
            assert answers[1].status_code != 200, "a token worked twice"
            if answers[0].status_code == 200:
                sign_in_id = answers[0].json()["sign_in_id"]
                (user_id,) = [row[0] for row in self.house.sql(f"SELECT user_id FROM sign_ins WHERE id = '{sign_in_id}'")]
                assert self.states[user_id] is UserState.ACTIVATED, "an order for somebody who is not activated"

    @rule(seconds=st.sampled_from([1, 20, 61, 599, 601]))
    def time_passes(self, seconds):
        self.clock.forward(seconds=seconds)
        self.house.do(lambda act: act.sign_ins.expire())

    # What must stay true

    @invariant()
    def one_link_per_issuer_and_subject_and_one_per_user(self):
        present = [row for row in self.house.links() if row[2] != LinkState.REMOVED.value]
        assert len({row[1] for row in present}) == len(present)
        assert len({row[0] for row in present}) == len(present)

    @invariant()
    def no_link_without_proof(self):
        assert {(row[0], row[1]) for row in self.house.links()} <= self.proven

    @invariant()
    def a_sign_in_completes_at_most_once_and_what_has_ended_stays_as_it_ended(self):
        now = {row[0]: row[1] for row in self.house.sql("SELECT id, state FROM sign_ins") if row[1] in FINAL}
        assert {sign_in: now[sign_in] for sign_in in self.ended} == self.ended
        self.ended = now
        audited = self.house.sql(
            "SELECT resource_id, count(*) FROM audit_entries WHERE event_type = 'sign_in' GROUP BY resource_id"
        )
        assert all(count == 1 for _, count in audited)

    @invariant()
    def refused_never_admits(self):
        completed = "SELECT id FROM sign_ins WHERE state = 'completed'"
        for table, condition in (
            ("device_authorizations", "state IN ('approved', 'redeemed')"),
            ("access_tokens", "scope = 'order'"),
            ("bindings", "1 = 1"),
            ("orders", "kind = 'bind'"),
        ):
            query = f"SELECT count(*) FROM {table} WHERE {condition} AND (sign_in_id IS NULL OR sign_in_id NOT IN ({completed}))"
            assert self.house.sql(query) == [(0,)], table

    @invariant()
    def an_order_binds_only_the_admitted_person_to_the_device_that_asked(self):
        query = (
            "SELECT count(*) FROM orders o JOIN bindings b ON b.id = o.binding_id JOIN sign_ins s ON s.id = o.sign_in_id "
            "JOIN device_authorizations a ON a.id = s.continuation_id "
            "WHERE o.kind = 'bind' AND (s.user_id <> b.user_id OR a.device_id <> o.device_id)"
        )
        assert self.house.sql(query) == [(0,)]

    @invariant()
    def suspended_wins_the_last_order_of_every_account(self):
        last = {}
        for device_id, _epoch, _counter, kind, user_id in self.house.orders():
            last[device_id, user_id] = kind
        for (_device_id, user_id), kind in last.items():
            if self.states[user_id] is not UserState.ACTIVATED:
                assert kind in {"suspend", "unbind"}

    @invariant()
    def a_number_is_redeemed_at_most_once(self):
        query = "SELECT sign_in_id, count(*) FROM access_tokens WHERE scope = 'order' GROUP BY sign_in_id"
        assert all(count == 1 for _, count in self.house.sql(query))


def machine_on(house, examples, steps):
    chosen = settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck), deadline=None)
    run_state_machine_as_test(lambda: SignInMachine(house), settings=chosen)


def test_one_link_per_subject_no_link_without_proof_complete_once_refused_never_admits_on_sqlite(sqlite_house):
    machine_on(sqlite_house, 20, 35)


def test_one_link_per_subject_no_link_without_proof_complete_once_refused_never_admits_on_postgresql(postgresql_house):
    machine_on(postgresql_house, 4, 30)
