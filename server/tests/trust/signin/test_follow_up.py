"""What happens at the machine after a sign-in completed stands on its timeline."""

from datetime import UTC, datetime

import pytest

from homeport.bootstrap.home import Home
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.settings import Settings
from homeport.trust.signin.model import FollowUp, Purpose


@pytest.fixture
def home(tmp_path):
    home = Home(Settings.read({}, data=tmp_path / "data", public_url="http://localhost:8080"))
    yield home
    home.parts.database.dispose()


def test_five_wrong_numbers_stand_on_the_timeline_with_their_remedy(home):
    with home.work.write() as unit:
        sign_in = unit.sign_ins.turn_away(Purpose.DEVICE_LOGIN, "", ReasonCode.CANCELLED, "browser", Origin("192.0.2.1"))
        unit.sign_ins.publisher.publish(FollowUp(sign_in.id, "number typed wrong five times", ReasonCode.NUMBER_WRONG.code))
    with home.work.read() as unit:
        _, steps = unit.sign_ins.explain(system("test"), sign_in.id)
    assert (steps[-1].name, steps[-1].outcome) == ("number typed wrong five times", "failed")
    assert steps[-1].details["reason"] == "number_wrong"
    assert steps[-1].at <= datetime.now(UTC)


def test_a_sign_in_that_was_forgotten_meanwhile_does_no_harm(home):
    with home.work.write() as unit:
        unit.sign_ins.follow_up(FollowUp("01a20a93-0000-7000-8000-000000000000", "account stands on the device"))
