"""Two replicas that start at once share one order root and one epoch; a wrong clock of the server spoils no key."""

import threading

from sqlalchemy import func, select

from homeport.channels.linux.order_keys import OrderKeys
from homeport.channels.linux.store import SqlKeyStore, SqlOrderStore
from homeport.channels.linux.tables import order_epoch, order_keys
from homeport.foundation.kernel.entropy import SystemEntropy
from homeport.foundation.sealing.sealer import Sealer

SEALER = Sealer({"k1": bytes(32)})


def keys(unit, clock):
    return OrderKeys(SqlKeyStore(unit.connection), SEALER, clock, SystemEntropy(), "https://id.example.com")


def at_once(database, deed):
    """Do the same in two units of work, of which the second begins before the first has ended; give back what went wrong."""
    inside, wrong = threading.Event(), []

    def second():
        inside.wait(60)
        try:
            with database.write() as unit:
                deed(unit)
        except Exception as error:  # noqa: BLE001 - a thread's error is told to the test
            wrong.append(error)

    thread = threading.Thread(target=second)
    thread.start()
    with database.write() as unit:
        deed(unit)
        inside.set()
        thread.join(0.3)
    thread.join(60)
    return wrong


def test_two_replicas_starting_at_once_share_one_order_root(database, clock):
    assert at_once(database, lambda unit: keys(unit, clock).ensure()) == []
    with database.read() as unit:
        query = select(func.count()).select_from(order_keys).where(order_keys.c.is_root)
        assert unit.connection.execute(query).scalar_one() == 1


def test_two_first_orders_at_once_share_one_epoch(database):
    assert at_once(database, lambda unit: SqlOrderStore(unit.connection).next_sequence("some-device")) == []
    with database.read() as unit:
        assert unit.connection.execute(select(order_epoch.c.epoch)).scalars().all() == [1]


def test_an_order_key_made_while_the_clock_was_ahead_is_passed_over(sqlite_database, clock):
    clock.forward(days=4000)
    with sqlite_database.write() as unit:
        keys(unit, clock).ensure()
    clock.forward(days=-4000)
    with sqlite_database.write() as unit:
        keys(unit, clock).ensure()
        chosen = SqlKeyStore(unit.connection).newest(clock.now())
    assert chosen is not None
    assert chosen.created_at == clock.now()
