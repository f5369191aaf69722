"""Waking Macs: over real HTTP/2, against the simulated service, which takes only who has the push certificate."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.house import ADMIN
from tests.support.logs import known

from homeport.channels.apple.mdm import commands
from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.connect import PUT_OFF
from homeport.channels.apple.mdm.model import MacState
from homeport.channels.apple.push.certificate import read_certificate
from homeport.channels.apple.push.jobs import LONGEST_PAUSE, SILENT, SWEEP_OVER, Waker, after_push
from homeport.foundation.outbound.client import Outbound
from homeport.foundation.outbound.http2 import Http2
from homeport.foundation.outbound.urls import Origin
from homeport_simulators.apple.apns import Apns, Refusal
from homeport_simulators.apple.push_authority import YEAR, PushAuthority

TOPIC = "com.apple.mgmt.External.1"


@pytest.fixture(scope="module")
def service(each_house, tmp_path_factory):
    """Apple's push service, and an installation that has the certificate for it."""
    now = each_house.clock.now()
    authority = PushAuthority.make(now)
    request = each_house.do(lambda act: act.apple_push.request(ADMIN))
    certificate = read_certificate(authority.sign(request.encode(), TOPIC, now, 9 * YEAR))
    each_house.do(lambda act: act.apple_push.upload(ADMIN, certificate))
    ca_file = tmp_path_factory.mktemp("apns") / "apple.pem"
    ca_file.write_bytes(authority.pem)
    apns = Apns(authority)
    with apns.running() as url:
        yield apns, Origin.parse(url), ca_file


@pytest.fixture
def apns(service):
    found = service[0]
    found.refusals.clear()
    found.hear = None
    return found


@pytest.fixture
def waker(each_house, service, apns):
    _, origin, ca_file = service
    network = Outbound(allow=frozenset({origin}), ca_file=ca_file)
    work = each_house.home.work_of(lambda unit: unit.apple_waking)

    def connect(proof):
        return Http2(network, origin, proof.certificate, proof.key)

    return Waker(work, connect, each_house.clock, lambda: 0.0)


@pytest.fixture
def mac(mac):
    """A Mac with a token of its own; whatever Macs of other tests wait for is no matter of this one."""
    mac.token = (2**200 + mac.number).to_bytes(32)
    mac.sign_in()
    mac.authenticate()
    mac.magic = known("a PushMagic", f"push-magic-{mac.number:08d}")
    known("a push token", mac.token.hex())
    mac.token_update(Token=mac.token, PushMagic=mac.magic)
    return mac


def run(waker):
    """Let everybody be woken who is due."""

    async def go():
        while await waker.run():
            pass
        await waker.close()

    asyncio.run(go())


def make_due(mac):
    stored = replace(mac.stored, push_due_at=mac.house.clock.now())
    mac.do(lambda act: act.macs.save(stored))


def pushed(mac, apns):
    return [push for push in apns.pushes if push.token == mac.token.hex()]


def test_a_mac_with_commands_is_woken_once_and_then_later_and_later_until_it_comes(mac, waker, apns):
    run(waker)
    (push,) = pushed(mac, apns)
    assert (push.topic, push.magic) == (TOPIC, mac.magic)
    now = mac.house.clock.now()
    assert push.expiration > now.timestamp()
    first = mac.stored.push_due_at - now
    run(waker)
    assert len(pushed(mac, apns)) == 1
    mac.house.clock.forward(seconds=first.total_seconds())
    run(waker)
    assert len(pushed(mac, apns)) == 2
    assert mac.stored.push_due_at - mac.house.clock.now() == first * 2
    mac.work_off()
    assert mac.stored.push_due_at is None
    mac.house.clock.forward(days=2)
    run(waker)
    assert len(pushed(mac, apns)) == 2, "a Mac with nothing to do was woken"


def test_a_queued_command_leads_to_one_push_and_the_mac_that_hears_it_comes_for_it(mac, waker, apns):
    mac.work_off()
    asked = []
    apns.hear = lambda push: asked.extend(mac.work_off()) if push.token == mac.token.hex() else None
    device_id = mac.stored.device_id
    mac.house.do(lambda act: MacActions(act.mac_management).look(ADMIN, device_id))
    run(waker)
    assert len(pushed(mac, apns)) == 1
    assert asked == ["UserList", "DeviceInformation", "SecurityInfo"]
    assert mac.stored.push_due_at is None


def test_a_token_that_apple_no_longer_knows_is_marked_and_the_mac_stays_and_brings_a_new_one(mac, waker, apns):
    apns.refusals[mac.token.hex()] = Refusal(410, "Unregistered")
    run(waker)
    stored = mac.stored
    assert (stored.push_error, stored.push_due_at, stored.state) == ("Unregistered", None, MacState.ENROLLED)
    mac.house.clock.forward(days=2)
    waker.sweep()
    assert mac.stored.push_due_at is None, "a dead token was pushed to by the daily sweep"
    mac.token = (2**201 + mac.number).to_bytes(32)
    mac.token_update(Token=mac.token)
    assert mac.stored.push_error == ""
    make_due(mac)
    run(waker)
    assert len(pushed(mac, apns)) == 1


def test_a_mac_that_is_pushed_to_too_often_is_left_in_peace_for_as_long_as_apple_says(mac, waker, apns):
    apns.refusals[mac.token.hex()] = Refusal(429, "TooManyRequests", 3_600)
    run(waker)
    assert mac.stored.push_due_at - mac.house.clock.now() == timedelta(hours=1)
    assert mac.stored.push_error == "TooManyRequests"
    apns.refusals.clear()
    mac.house.clock.forward(hours=1)
    run(waker)
    assert (len(pushed(mac, apns)), mac.stored.push_error) == (1, "")


@pytest.mark.parametrize(
    "refusal", [Refusal(503, "ServiceUnavailable"), Refusal(403, "BadCertificate"), Refusal(500, "InternalServerError", 60)]
)
def test_a_service_in_trouble_is_left_in_peace_longer_each_time_and_no_push_is_lost(mac, waker, apns, refusal):
    apns.refusals["*"] = refusal
    pauses = []
    for _ in range(3):
        before = len(apns.asked)
        run(waker)
        assert len(apns.asked) > before
        pauses.append(waker._paused_until - mac.house.clock.now())
        run(waker)
        mac.house.clock.forward(seconds=pauses[-1].total_seconds())
        make_due(mac)
    assert pauses[0] < pauses[1] < pauses[2] or refusal.retry_after
    assert mac.stored.push_error == "", "what concerns all Macs was held against one"
    apns.refusals.clear()
    run(waker)
    assert len(pushed(mac, apns)) == 1


def test_a_service_that_cannot_be_reached_costs_a_pause_and_no_mac(mac, waker, apns):
    there = waker.connect
    waker.connect = lambda proof: replace(there(proof), origin=Origin("https", "localhost", 1))
    run(waker)
    assert mac.stored.push_due_at is not None
    waker.connect = there
    mac.house.clock.forward(hours=1)
    run(waker)
    assert len(pushed(mac, apns)) == 1


def test_many_pushes_go_over_one_connection(mac, other, waker, apns):
    other.enroll()
    opened, before = apns.connections, len(apns.pushes)
    for one in (mac, other):
        make_due(one)
    run(waker)
    assert len(apns.pushes) - before >= 2
    assert apns.connections == opened + 1


def test_fleet_23976_a_mac_that_was_silent_for_a_day_is_woken_within_an_hour_and_not_all_in_one_second(mac, waker, apns):
    mac.work_off()
    mac.house.clock.forward(seconds=SILENT.total_seconds() + 1)
    waker.chance = lambda: 0.5
    assert waker.sweep() >= 1
    assert mac.stored.push_due_at - mac.house.clock.now() == SWEEP_OVER / 2
    waker.sweep()
    mac.house.clock.forward(seconds=SWEEP_OVER.total_seconds())
    run(waker)
    assert len(pushed(mac, apns)) == 1
    mac.connect()
    assert mac.stored.push_due_at is None


def test_a_mac_that_put_a_command_off_is_woken_for_it_again(mac, waker, apns):
    mac.work_off()
    device_id = mac.stored.device_id
    mac.do(lambda act: act.macs.save(act.ask(act.macs.lock(device_id), [commands.security_info()])))
    _, command = mac.connect()
    mac.connect("NotNow", command)
    assert mac.stored.push_due_at - mac.house.clock.now() == PUT_OFF
    mac.house.clock.forward(seconds=PUT_OFF.total_seconds())
    run(waker)
    assert len(pushed(mac, apns)) == 1


def test_without_a_certificate_nobody_is_woken_and_nobody_forgotten(mac, waker, apns):
    due = mac.stored.push_due_at
    year = mac.house.do(lambda act: act.apple_push.store.get())
    mac.house.do(lambda act: act.apple_push.store.save(replace(year, expires_at=mac.house.clock.now())))
    run(waker)
    mac.house.do(lambda act: act.apple_push.store.save(year))
    assert (mac.stored.push_due_at, pushed(mac, apns)) == (due, [])
    run(waker)
    assert len(pushed(mac, apns)) == 1


def test_fleet_21340_macs_that_are_woken_together_come_apart_and_are_woken_at_least_twice_a_day(mac):
    now = mac.house.clock.now()
    assert len({after_push(0, now, number / 1000) for number in range(1000)}) == 1000
    assert after_push(40, now, 0.0) - now == LONGEST_PAUSE <= timedelta(hours=12)
