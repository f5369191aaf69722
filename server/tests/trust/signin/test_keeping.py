"""How long sign-ins are kept, and that their list takes whatever is typed."""

import pytest
from sqlalchemy import func, select

from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.trust.signin.model import KEPT_FOR, Purpose
from homeport.trust.signin.tables import sign_in_steps

ORIGIN = Origin("192.0.2.7", "Firefox")
ADMIN = system("test")


def a_stray(house):
    return house.do(lambda act: act.sign_ins.receive("nobody", [("state", "unknown")], "", ORIGIN))


def test_ended_sign_ins_are_forgotten_with_their_steps_after_90_days(any_house, clock):
    old = a_stray(any_house)
    clock.forward(days=60)
    younger = a_stray(any_house)
    clock.forward(days=KEPT_FOR.days - 59)
    forget = next(duty for duty in any_house.home.duties() if duty.name == "forget what is over")
    forget.carry_out()
    left = any_house.do(lambda act: act.sign_ins.list(ADMIN, Listing(limit=10)))
    assert [one.id for one in left.items] == [younger.id] != [old.id]
    with any_house.home.parts.database.read() as unit:
        steps = select(func.count()).select_from(sign_in_steps).where(sign_in_steps.c.sign_in_id == old.id)
        assert unit.connection.execute(steps).scalar_one() == 0


def test_a_sign_in_that_is_still_open_is_not_forgotten(any_house, clock):
    any_house.connect()
    started = any_house.do(lambda act: act.sign_ins.start(Purpose.DEVICE_LOGIN, "a-device", "browser", ORIGIN))
    clock.forward(days=KEPT_FOR.days + 1)
    with any_house.home.work.write() as actions:
        assert actions.sign_ins.store.remove_before(clock.now() - KEPT_FOR) == 0
        assert actions.sign_ins.store.get(started.sign_in.id) is not None


@pytest.mark.parametrize("typed", ["\x00", "%_\\", "ada\x00 lovelace", "'"])
def test_the_list_takes_whatever_is_typed(any_house, typed):
    a_stray(any_house)
    for listing in (Listing(text=typed), Listing(filters=(Filter("user_id", "eq", typed),)), Listing(skip=2**70)):
        any_house.do(lambda act, listing=listing: act.sign_ins.list(ADMIN, listing))
