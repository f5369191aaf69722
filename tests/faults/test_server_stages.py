"""The server killed before and after each request of a sign-in: the person can sign in again, and nothing is half done."""

import time

import pytest
from tests.faults import truth
from tests.faults.estate import Estate, estate
from tests.faults.person import Attempt, sign_in
from tests.faults.proxy import WAITING, Proxy

STAGES = (
    "GET /.well-known/openid-configuration",
    "POST /oauth/device_authorization",
    "GET /device",
    "POST /device",
    "GET /oauth/callback/…",
    "GET /device/approved/…",
    "POST /oauth/token (poll)",
    "POST /oauth/token (number)",
    "POST /agent/v1/order",
    "POST /oauth/token (agent)",
    "POST /agent/v1/reports",
)
MOMENTS = ("before", "after")


pytestmark = pytest.mark.xdist_group("faults-stages")


class Strikes:
    """Kills the server at the stage that is wanted next, once, and starts it again."""

    def __init__(self) -> None:
        self.place: Estate
        self.wanted = ""
        self.hit: list[str] = []

    def __call__(self, stage: str) -> bool:
        if stage != self.wanted or WAITING in stage:
            return False
        self.wanted = ""
        self.hit.append(stage)
        with self.place.turn:  # who asks for the server meanwhile waits for the next one
            self.place.kill()
            self.place.serve()
        return True


@pytest.fixture(scope="module")
def strikes():
    """One organization for both moments; each brings its own device and its own people, who have no account yet."""
    strikes = Strikes()
    proxy = Proxy(strikes)
    try:
        with estate(people=2 * len(MOMENTS), public_port=proxy.port) as place:
            proxy.upstream = place.port
            strikes.place = place
            place.serve()
            yield strikes
            truth.audit_verifies(place)
    finally:
        proxy.close()


@pytest.mark.parametrize("moment", MOMENTS)
def test_server_killed_at_each_request_of_a_sign_in_lets_the_person_sign_in_again(strikes, moment):
    begun, place = time.monotonic(), strikes.place
    place.dismiss()
    strikes.hit.clear()
    place.serve()
    [device] = place.add_devices(1)
    first = 2 * MOMENTS.index(moment)
    people = place.people[first : first + 2]
    done: list[Attempt] = []
    for number, stage in enumerate(STAGES):
        strikes.wanted = f"{moment} {stage}"
        attempt = sign_in(place, device, people[number % 2])
        done.append(attempt)
        place.serve()  # the browser may have given up before the server was there again
        print(f"{time.monotonic() - begun:.0f} s: killed {moment} {stage}: {attempt.outcome}", flush=True)
        assert attempt.outcome != "broken", attempt.detail
        assert not strikes.wanted, f"{moment} {stage} was never reached"
        truth.one_account_each(place, device)
    assert strikes.hit == [f"{moment} {stage}" for stage in STAGES]
    assert [sign_in(place, device, person).outcome for person in people] == ["bound", "bound"]
    truth.converges(place, [device])
    truth.nobody_lost(place, done)
