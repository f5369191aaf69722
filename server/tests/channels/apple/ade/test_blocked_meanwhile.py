"""A block of a serial number counts, whatever is read from Apple at the same moment; PostgreSQL lets both be under way."""

import pytest
from tests.support.house import ADMIN
from tests.support.together import meanwhile

from homeport.channels.apple.ade.model import AdeServer

READ = "FROM apple_ade_devices WHERE apple_ade_devices.serial IN"
SERIAL = "C02BLOCK"
BLOCKS = "SELECT count(*) FROM audit_entries WHERE event_type = 'apple_device_block'"


def page(description, cursor):
    device = {"serial_number": SERIAL, "device_family": "Mac", "description": description}
    return {"devices": [device], "more_to_follow": False, "cursor": cursor}


def take(ade):
    ade.take(page("as Apple tells it now", "second"))


def assigned(ade):
    ade.assigned("a-profile", [SERIAL], {SERIAL: "SUCCESS"})


@pytest.fixture
def house(postgresql_house):
    def connect(act):
        act.ade.store.save_server(AdeServer("certificate", "sealed", postgresql_house.clock.now()))
        act.ade.take(page("as it was", "first"))

    postgresql_house.do(connect)
    return postgresql_house


def block(house, *, blocked):
    return house.do(lambda act: act.ade.block(ADMIN, SERIAL, blocked=blocked))


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize("deed", [take, assigned])
def test_a_block_and_its_end_outlive_what_apple_said_meanwhile(house, deed, blocked):
    block(house, blocked=not blocked)
    before = house.sql(BLOCKS)[0][0]
    with meanwhile(house.home.parts.database.engine, READ, lambda: block(house, blocked=blocked)):
        house.do(lambda act: deed(act.ade))
    device = house.do(lambda act: act.ade.device(ADMIN, SERIAL))
    assert device.blocked is blocked
    assert house.do(lambda act: act.ade.is_ours(SERIAL)) is not blocked
    assert (device.description, device.profile_uuid) == (
        ("as Apple tells it now", "") if deed is take else ("as it was", "a-profile")
    ), "what Apple said counts, too"
    assert house.sql(BLOCKS) == [(before + 1,)]


def test_two_who_block_the_same_at_once_are_one_event(house):
    seen = "FROM apple_ade_devices WHERE apple_ade_devices.serial ="
    with meanwhile(house.home.parts.database.engine, seen, lambda: block(house, blocked=True)):
        assert block(house, blocked=True).blocked
    assert house.sql(BLOCKS) == [(1,)]
