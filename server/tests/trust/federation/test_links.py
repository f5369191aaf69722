import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.jwks import KeySnapshot
from homeport.trust.federation.linking import Matched
from homeport.trust.federation.model import LinkState, Refusal
from homeport.trust.federation.store import KeySnapshotSql, LinkSql

SYSTEM = system("test")


def test_first_sign_in_links_and_the_next_ones_match(each_slice, signer, clock):
    user = each_slice.a_user()
    each_slice.a_provider()
    first = each_slice.sign_in(signer.identity())
    clock.forward(days=1)
    second = each_slice.sign_in(signer.identity(email="moved@elsewhere.example"))
    assert (first.user_id, second.user_id, first.link.id) == (user.id, user.id, second.link.id)
    with each_slice.links() as links:
        (link,) = links.of_user(SYSTEM, user.id)
    assert (link.state, link.email, link.last_used_at) == (LinkState.ACTIVE, "ada@example.com", clock.now())
    events = [kind for kind, _, _ in each_slice.audited()]
    assert events.count("federated_identity_create") == 1


def test_suspended_user_is_refused_linked_or_not(each_slice, signer):
    user = each_slice.a_user()
    each_slice.a_provider()
    each_slice.sign_in(signer.identity())
    with each_slice.people() as people:
        people.change_state(SYSTEM, user.id, UserState.SUSPENDED)
    assert each_slice.sign_in(signer.identity()).reason is ReasonCode.USER_SUSPENDED
    assert each_slice.sign_in(signer.identity(sub="00u2new")).reason is ReasonCode.USER_SUSPENDED


def test_unlink_then_an_old_callback_is_refused_until_a_later_sign_in_is_allowed(each_slice, signer, clock):
    user = each_slice.a_user()
    each_slice.a_provider()
    each_slice.sign_in(signer.identity())
    old = clock.now()
    clock.forward(minutes=1)
    with each_slice.links() as links:
        links.unlink(SYSTEM, user.id)
    clock.forward(minutes=1)
    assert each_slice.sign_in(signer.identity(), old).reason is ReasonCode.LINK_REMOVED
    assert each_slice.sign_in(signer.identity()).reason is ReasonCode.LINK_REMOVED
    with each_slice.links() as links:
        links.allow_new(SYSTEM, user.id)
    assert each_slice.sign_in(signer.identity(), old).reason is ReasonCode.LINK_REMOVED
    assert each_slice.sign_in(signer.identity(), clock.now()).reason is ReasonCode.LINK_REMOVED
    clock.forward(seconds=1)
    assert isinstance(each_slice.sign_in(signer.identity(sub="00u2new")), Matched)
    with each_slice.links() as links:
        assert [link.state for link in links.of_user(SYSTEM, user.id)] == [LinkState.ACTIVE, LinkState.REMOVED]
        with pytest.raises(Conflict):
            links.allow_new(SYSTEM, user.id)
        links.unlink(SYSTEM, user.id, allow_new=True)
        with pytest.raises(Conflict):
            links.unlink(SYSTEM, user.id)


def test_deleted_user_leaves_no_link_behind(each_slice, signer):
    user = each_slice.a_user()
    each_slice.a_provider()
    each_slice.sign_in(signer.identity())
    with each_slice.people() as people:
        people.delete(SYSTEM, user.id)
    again = each_slice.a_user()
    assert each_slice.sign_in(signer.identity()).user_id == again.id


def test_second_link_of_a_subject_or_a_user_is_not_stored(each_slice, make_link, clock):
    with each_slice.database.write() as unit:
        store = LinkSql(unit.connection)
        assert store.add(make_link())
        assert not store.add(make_link(id="l2", user_id="u2"))
        assert not store.add(make_link(id="l3", subject="other"))
        assert store.add(make_link(id="l4", user_id="u2", subject="00U1ADA"))
        store.save(make_link(state=LinkState.REMOVED, removed_at=clock.now()))
        assert store.add(make_link(id="l5"))
        assert store.find_by_subject(make_link().issuer, "00u1ada").id == "l5"
        store.save(make_link(id="l5", state=LinkState.REMOVED, removed_at=clock.now() + timedelta(seconds=1)))
        assert store.find_by_subject(make_link().issuer, "00u1ada").id == "l5"
        assert store.find_by_subject("https://other.example", "00u1ada") is None


def test_key_set_is_replaced_by_newer_ones_only(each_slice, clock):
    uri, now = "https://example.okta.com/keys", clock.now()
    with each_slice.database.write() as unit:
        store = KeySnapshotSql(unit.connection)
        assert store.load(uri) is None
        for body, moment in (("one", now), ("two", now + timedelta(seconds=1)), ("old", now)):
            store.save(KeySnapshot(uri, body, moment))
        assert store.load(uri) == KeySnapshot(uri, "two", now + timedelta(seconds=1))


@pytest.mark.parametrize("case", ["one subject, one user", "two subjects, one user", "one subject, two users"])
def test_first_sign_ins_at_the_same_moment_make_one_link(each_slice, signer, case):
    each_slice.a_provider()
    each_slice.a_user("ada")
    each_slice.a_user("eve")
    subjects = ("00u1", "00u2") if case.startswith("two subjects") else ("00u1", "00u1")
    names = ("ada", "eve") if case.endswith("two users") else ("ada", "ada")
    identities = [signer.identity(sub=sub, email=f"{name}@example.com") for sub, name in zip(subjects, names, strict=True)]
    outcomes, start = [], threading.Barrier(2)

    def sign_in(identity):
        start.wait()
        outcomes.append(each_slice.sign_in(identity))

    threads = [threading.Thread(target=sign_in, args=(identity,)) for identity in identities]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(outcomes) == 2
    matched = [outcome for outcome in outcomes if isinstance(outcome, Matched)]
    assert len({outcome.link.id for outcome in matched}) == 1
    refused = [outcome.reason for outcome in outcomes if isinstance(outcome, Refusal)]
    assert refused in ([], [ReasonCode.SUBJECT_DIFFERS])


def test_one_link_for_each_issuer_and_subject_whatever_happens(slice_, signer, clock):
    """Invariants: one link per (issuer, subject) and per user; no link without an activated user's own address; after an unlink
    nobody is matched by a sign-in that started before an administrator allowed a new link."""
    slice_.a_provider()
    users = {name: slice_.a_user(name) for name in ("ada", "eve")}

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self):
            with slice_.database.write() as unit:
                for user in users.values():
                    LinkSql(unit.connection).forget_user(user.id)
            self.blocked = {}

        @rule(sub=st.sampled_from(["s1", "s2"]), name=st.sampled_from(["ada", "eve", "none"]), age=st.integers(0, 3))
        def sign_in(self, sub, name, age):
            started = clock.now() - timedelta(seconds=age)
            outcome = slice_.sign_in(signer.identity(sub=sub, email=f"{name}@example.com"), started)
            if isinstance(outcome, Matched):
                assert outcome.link.subject == sub
                allowed = self.blocked.get(outcome.user_id, started - timedelta(seconds=1))
                assert allowed is not None
                assert allowed < started or outcome.link.created_at < clock.now()

        @rule(name=st.sampled_from(["ada", "eve"]), allow=st.booleans())
        def unlink(self, name, allow):
            clock.forward(seconds=1)
            with slice_.links() as links:
                try:
                    links.unlink(SYSTEM, users[name].id, allow_new=allow)
                    self.blocked[users[name].id] = clock.now() if allow else None
                except Conflict:
                    return

        @rule(seconds=st.integers(1, 3))
        def wait(self, seconds):
            clock.forward(seconds=seconds)

        @invariant()
        def one_link(self):
            with slice_.links() as links:
                present = [
                    link
                    for user in users.values()
                    for link in links.of_user(SYSTEM, user.id)
                    if link.state is not LinkState.REMOVED
                ]
            assert len({(link.issuer, link.subject) for link in present}) == len(present)
            assert len({link.user_id for link in present}) == len(present)
            assert all(link.email == users[name].email for name in users for link in present if link.user_id == users[name].id)

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)),
    )
