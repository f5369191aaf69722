"""The stores of orders and order keys keep what they are given, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from tests.support.together import together

from homeport.channels.linux.model import Order, OrderState
from homeport.directory.devices.model import BindingAct


@pytest.fixture
def store(ready):
    """`store(deed)` runs one unit of work."""
    return lambda deed: ready.do(lambda act: deed(act.orders.store))


@pytest.fixture
def fresh(ready):
    """`fresh(**changed)` makes an order that is not stored yet."""
    entropy = ready.home.parts.entropy

    def make(**changed):
        made = Order(
            id=entropy.new_id(),
            device_id=entropy.new_id(),
            binding_id=entropy.new_id(),
            epoch=1,
            counter=1,
            kind=BindingAct.BIND,
            account={"username": "ada", "uid": 20000, "groups": []},
            lease_not_after=ready.clock.now() + timedelta(days=14),
            sign_in_id=entropy.new_id(),
            after="",
            state=OrderState.PENDING,
            created_at=ready.clock.now(),
        )
        return replace(made, **changed)

    return make


def test_an_order_comes_back_as_it_was_stored_and_as_it_was_changed(ready, store, fresh):
    made = fresh()
    store(lambda it: it.add(made))
    assert store(lambda it: it.get(made.id)) == made
    done = replace(made, state=OrderState.DONE, receipt={"steps": [{"step": "useradd"}]}, answered_at=ready.clock.now())
    store(lambda it: it.update(done))
    assert store(lambda it: it.get(made.id)) == done
    assert store(lambda it: it.get("nothing")) is None


def test_pending_orders_come_in_sequence_and_answered_ones_not_at_all(store, fresh):
    first = fresh()
    places = [(2, 1), (1, 10), (1, 9), (1, 2)]
    for epoch, counter in places:
        store(lambda it, at=(epoch, counter): it.add(fresh(device_id=first.device_id, epoch=at[0], counter=at[1])))
    store(lambda it: it.add(fresh(device_id=first.device_id, counter=3, state=OrderState.REFUSED, reason="uid_taken")))
    found = [(one.epoch, one.counter) for one in store(lambda it: it.pending(first.device_id))]
    assert found == sorted(places)


def test_a_number_of_the_sequence_is_given_once(store, fresh):
    first = fresh()
    store(lambda it: it.add(first))
    with pytest.raises(IntegrityError):
        store(lambda it: it.add(fresh(device_id=first.device_id)))


def test_the_sequence_rises_with_every_order_and_is_each_devices_own(store, fresh):
    first = fresh()
    epoch, counter = store(lambda it: it.next_sequence(first.device_id))
    assert counter == 1
    store(lambda it: it.add(replace(first, epoch=epoch, counter=7)))
    assert store(lambda it: it.next_sequence(first.device_id)) == (epoch, 8)
    assert store(lambda it: it.next_sequence("another")) == (epoch, 1)


def test_a_new_epoch_is_above_every_earlier_one_and_begins_again_at_one(store, fresh):
    first = fresh()
    epoch, _ = store(lambda it: it.next_sequence(first.device_id))
    store(lambda it: it.add(replace(first, epoch=epoch)))
    assert store(lambda it: it.raise_epoch(epoch)) == epoch + 1
    assert store(lambda it: it.raise_epoch(epoch + 100)) == epoch + 100
    assert store(lambda it: it.next_sequence(first.device_id)) == (epoch + 100, 1)


def test_orders_of_one_device_at_the_same_moment_get_different_numbers(ready, device):
    people = [ready.user(f"p{number}-{device.name}") for number in range(4)]
    machine = ready.do(lambda act: act.devices.find(device.id))
    deeds = [
        lambda user=user: ready.do(lambda act: act.orders.bind(user.id, machine, act.orders.entropy.new_id())) for user in people
    ]
    assert together(*deeds) == []
    counters = [row[2] for row in ready.orders() if row[0] == device.id]
    assert counters == [1, 2, 3, 4]
