"""The server killed before and after each request of a sign-in: the person can sign in again, and nothing is half done."""

import time

import pytest
from tests.faults import truth
from tests.faults.estate import estate
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


@pytest.mark.parametrize(
    "moment", [pytest.param(moment, marks=pytest.mark.xdist_group(f"faults-{moment}")) for moment in ("before", "after")]
)
def test_server_killed_at_each_request_of_a_sign_in_lets_the_person_sign_in_again(moment):
    begun = time.monotonic()
    wanted: list[str] = []
    hit: list[str] = []

    def strike(stage: str) -> bool:
        if not wanted or stage != wanted[0] or WAITING in stage:
            return False
        hit.append(wanted.pop())
        place.kill()
        place.serve()
        return True

    proxy = Proxy(strike)
    done: list[Attempt] = []
    try:
        with estate(people=2, public_port=proxy.port) as place:
            proxy.upstream = place.port
            place.serve()
            [device] = place.add_devices(1)
            for number, stage in enumerate(STAGES):
                wanted[:] = [f"{moment} {stage}"]
                attempt = sign_in(place, device, place.people[number % 2])
                done.append(attempt)
                print(f"{time.monotonic() - begun:.0f} s: killed {moment} {stage}: {attempt.outcome}", flush=True)
                assert attempt.outcome != "broken", attempt.detail
                assert not wanted, f"{moment} {stage} was never reached"
                truth.one_account_each(place, device)
            assert len(hit) == len(STAGES)
            assert [sign_in(place, device, person).outcome for person in place.people] == ["bound", "bound"]
            truth.converges(place, [device])
            truth.nobody_lost(place, done)
            truth.audit_verifies(place)
    finally:
        proxy.close()
