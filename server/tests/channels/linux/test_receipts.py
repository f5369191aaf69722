"""What becomes of an order that a device answers with a refusal that may pass."""

import pytest
from sqlalchemy import func, select

from homeport.bootstrap.home import Home
from homeport.channels.linux.actions import MOST_OVERTAKEN, Receipt
from homeport.directory.audit.tables import audit_entries
from homeport.directory.devices.model import DeviceFacts, Observed, OrderOutcome, OSFamily, ProvisioningSetting
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.listing import Listing
from homeport.settings import Settings

ACTOR = system("operator")


@pytest.fixture
def home(tmp_path):
    home = Home(Settings(data=tmp_path / "data", public_url="http://localhost:8080"))
    yield home
    home.parts.database.dispose()


@pytest.fixture
def device(home):
    """A device with one account, ada's, whose orders are done."""
    with home.work.write() as actions:
        actions.provisioning.set(ACTOR, ProvisioningSetting(OSFamily.LINUX, enabled=True, several_users=True))
        _, text = actions.enrollment_keys.create(ACTOR, "lab")
        device, _ = actions.enrollment.enroll(text, {"kty": "EC"}, "t" * 43, DeviceFacts(hostname="lab-1", os="linux"), Origin())
        user = actions.people.create(ACTOR, username="ada", email="ada@acme.example", firstname="Ada", lastname="X")
        actions.bindings.admit(user, device, "s-ada")
    answer(home, device, OrderOutcome.DONE)
    return device


def pending(home, device):
    with home.work.read() as actions:
        return actions.orders.store.pending(device.id)


def answer(home, device, outcome, reason=""):
    with home.work.write() as actions:
        receipts = [Receipt(order.id, outcome, reason, {}) for order in actions.orders.store.pending(device.id)]
        actions.orders.take_reports(device, receipts, [])


def change(home, state):
    with home.work.write() as actions:
        user = actions.people.users.get_for_update(only(home).user_id)
        actions.people.change_state(ACTOR, user.id, state)


def only(home):
    with home.work.read() as actions:
        [device] = actions.devices.list(ACTOR, Listing()).items
        [binding] = actions.bindings.live_on(device.id)
        return binding


def test_suspension_that_a_later_order_overtook_is_ordered_again(home, device):
    change(home, UserState.SUSPENDED)
    [first] = pending(home, device)
    answer(home, device, OrderOutcome.REFUSED, "order_superseded")
    [second] = pending(home, device)
    assert (second.kind, second.binding_id) == (first.kind, first.binding_id)
    assert (second.epoch, second.counter) > (first.epoch, first.counter)
    answer(home, device, OrderOutcome.DONE)
    assert only(home).observed is Observed.SUSPENDED


def test_overtaken_order_that_is_no_longer_wanted_is_not_repeated(home, device):
    change(home, UserState.SUSPENDED)
    change(home, UserState.ACTIVATED)
    suspend, activate = pending(home, device)
    with home.work.write() as actions:
        refused = Receipt(suspend.id, OrderOutcome.REFUSED, "order_superseded", {})
        actions.orders.take_reports(device, [refused, Receipt(activate.id, OrderOutcome.DONE, "", {})], [])
    assert not pending(home, device)
    assert only(home).observed is Observed.PRESENT


def test_sequences_that_have_parted_do_not_turn_in_a_circle(home, device):
    change(home, UserState.SUSPENDED)
    for _ in range(MOST_OVERTAKEN + 5):
        answer(home, device, OrderOutcome.REFUSED, "order_superseded")
    assert not pending(home, device)


@pytest.mark.parametrize("reason", ["order_expired", "order_key_invalid"])
def test_order_that_a_wrong_clock_refused_stays_open_and_is_told_once(home, device, reason):
    change(home, UserState.SUSPENDED)
    answer(home, device, OrderOutcome.DONE)
    change(home, UserState.ACTIVATED)
    for _ in range(3):
        answer(home, device, OrderOutcome.REFUSED, reason)
    assert (only(home).observed, only(home).reason) == (Observed.REFUSED, reason)
    with home.parts.database.read() as unit:
        told = select(func.count()).select_from(audit_entries).where(audit_entries.c.reason == reason)
        assert unit.connection.execute(told).scalar_one() == 1
    answer(home, device, OrderOutcome.DONE)
    assert not pending(home, device)
    assert only(home).observed is Observed.PRESENT
