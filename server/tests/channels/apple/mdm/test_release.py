"""The release of Setup Assistant: over all orders, repeats, losses and restarts it neither hangs nor goes too early."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.channels.apple.mdm.release import (
    AFTER_REFUSAL,
    DEADLINE,
    Answered,
    Awaits,
    Need,
    Outcome,
    Phase,
    Polled,
    Release,
    step,
)

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


class World:
    """A Mac in Setup Assistant, a server that keeps its state as JSON, and a network that loses what it is told to lose."""

    def __init__(self):
        self.now, self.stored, self.queue, self.last = NOW, {}, [], None
        self.waiting, self.configured, self.takes_account = True, False, True

    def tell(self, event):
        before = Release.from_json(json.loads(json.dumps(self.stored)))
        after, need = step(before, event, self.now)
        if need is Need.RELEASE and before.phase is not Phase.RELEASED:
            settled = after.account in {Outcome.CONFIGURED, Outcome.NOT_WANTED}
            assert settled or self.now >= before.deadline_at, "released before the account is configured and before the deadline"
        self.stored = after.as_json()
        if need is not None:
            self.queue.append(need)
        return after

    def act(self, command):
        """What the Mac does with a command, and what it would answer."""
        if command is Need.RELEASE:
            good, self.waiting = self.waiting, False
            return good
        good = self.waiting and not self.configured and self.takes_account
        self.configured = self.configured or good
        return good

    def connect(self, lost=None):
        """One conversation: Idle, then a command after another until there is none. `lost` is what the network loses."""
        if lost == "request":
            return
        self.tell(Polled(idle=True))
        for _ in range(6):
            self.tell(Polled())
            if not self.queue:
                return
            command = self.queue[0]
            if lost == "command":
                return
            good = self.act(command)
            self.last = (command, good)
            if lost == "answer":
                return
            self.queue.pop(0)
            self.tell(Answered(command, good))


DEEDS = st.one_of(
    st.tuples(st.just("token"), st.sampled_from([True, None])),
    st.tuples(st.just("connect"), st.sampled_from([None, None, "request", "command", "answer"])),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("refuses"), st.booleans()),
    st.tuples(st.just("repeat"), st.none()),
    st.tuples(st.just("tick"), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 1200)),
)


@settings(derandomize=True, max_examples=300)
@given(st.lists(DEEDS, max_size=25))
def test_whatever_is_lost_repeated_reordered_or_restarted_the_mac_goes_on_and_never_before_its_account_unless_late(deeds):
    world = World()
    for deed, value in deeds:
        if deed == "token":
            world.tell(Awaits(world.waiting if value else None))
        elif deed == "connect":
            world.connect(value)
        elif deed == "restart":
            world.configured = False  # the pre-fill is lost with it
        elif deed == "refuses":
            world.takes_account = not value
        elif deed == "repeat" and world.last is not None:
            world.tell(Answered(*world.last))
        elif deed == "tick":
            world.tell(Polled())
        elif deed == "wait":
            world.now += timedelta(seconds=value)
    world.tell(Awaits(world.waiting))  # it reaches the server once, at the latest now
    world.now += DEADLINE
    world.connect()
    world.connect()
    assert not world.waiting, "past its deadline and still in Setup Assistant"


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.sampled_from([Awaits(True), Awaits(None), Polled(), Polled(idle=True)]), max_size=12))
def test_without_an_answer_of_the_mac_the_account_is_asked_for_once_and_nothing_goes_before_the_deadline(events):
    release, needs = Release(), []
    for event in events:
        release, need = step(release, event, NOW)
        needs.append(need)
    assert needs.count(Need.ACCOUNT) == (Awaits(True) in events)
    assert Need.RELEASE not in needs


def test_a_token_update_without_the_key_does_not_forget_that_the_mac_waits():
    waiting, _ = step(Release(), Awaits(True), NOW)
    assert step(waiting, Awaits(None), NOW) == (waiting, None)


def test_a_mac_that_needs_no_account_goes_on_at_once():
    release, need = step(Release(), Awaits(True, account_wanted=False), NOW)
    assert (release.phase, need) == (Phase.RELEASING, Need.RELEASE)


def test_a_mac_that_refuses_the_account_twice_waits_a_minute_and_not_the_whole_deadline():
    release, _ = step(Release(), Awaits(True), NOW)
    release, need = step(release, Answered(Need.ACCOUNT, acknowledged=False), NOW)
    assert need is Need.ACCOUNT
    release, need = step(release, Answered(Need.ACCOUNT, acknowledged=False), NOW)
    assert (need, release.deadline_at) == (None, NOW + AFTER_REFUSAL)
    release, need = step(release, Polled(), NOW + AFTER_REFUSAL)
    assert (need, release.released_late) == (Need.RELEASE, True)


def test_a_mac_that_is_told_to_go_on_and_says_again_that_it_waits_is_told_again():
    release, _ = step(Release(), Awaits(True), NOW)
    release, _ = step(release, Answered(Need.ACCOUNT, acknowledged=True), NOW)
    release, _ = step(release, Answered(Need.RELEASE, acknowledged=True), NOW)
    assert release.phase is Phase.RELEASED
    assert step(release, Awaits(True), NOW)[1] is Need.RELEASE


def test_a_release_that_the_mac_refuses_is_offered_in_its_next_conversation_and_not_in_this_one_for_ever():
    release, _ = step(Release(), Awaits(True, account_wanted=False), NOW)
    release, need = step(release, Answered(Need.RELEASE, acknowledged=False), NOW)
    assert need is None
    assert step(release, Polled(), NOW)[1] is None
    assert step(release, Polled(idle=True), NOW)[1] is Need.RELEASE
