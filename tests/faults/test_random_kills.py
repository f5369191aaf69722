"""kill -9 of server and agents at random points of 100 sign-ins of several people on several devices."""

import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.faults import truth
from tests.faults.estate import Device, Estate, estate
from tests.faults.person import Attempt, sign_in

SIGN_INS = 100
DEVICES = 8
LONGEST = 7.0
"""Seconds into a sign-in at which the latest kill falls; an undisturbed one takes about five."""


def strike(place: Estate, device: Device, attempt: Attempt, victim: str, delay: float, hits: Counter) -> None:
    """Kill one of the three after the delay, and start again what is a service."""
    time.sleep(delay)
    if victim == "server":
        place.kill()
        place.serve()
    elif victim == "daemon":
        device.kill()
        device.keep(wait=False)
    elif attempt.program is not None and attempt.program.running:
        attempt.program.kill()
    else:
        return
    hits[victim] += 1


@pytest.mark.xdist_group("faults-random")
def test_killed_at_random_points_of_a_hundred_sign_ins_nothing_is_lost_and_nothing_is_double():
    seed = int(os.environ.get("HOMEPORT_FAULTS_SEED", "") or random.SystemRandom().randrange(10**6))
    print(f"\nseed {seed} (repeat with HOMEPORT_FAULTS_SEED={seed})", flush=True)
    chance = random.Random(seed)
    begun = time.monotonic()
    with estate(people=6) as place:
        place.serve()
        devices = place.add_devices(DEVICES)
        for device in devices:
            device.keep(wait=False)
        print(f"{time.monotonic() - begun:.0f} s: {DEVICES} devices enrolled", flush=True)
        plan = []
        shares = {"nobody": 30, "sign-in": 30, "daemon": 28, "server": 12}
        victims = [victim for victim, share in shares.items() for _ in range(share)]
        chance.shuffle(victims)
        for number, victim in enumerate(victims):
            plan.append((devices[number % DEVICES], chance.choice(place.people), victim, chance.uniform(0.2, LONGEST)))
        hits: Counter = Counter()
        done: list[Attempt] = []

        def one(number: int) -> None:
            device, person, victim, delay = plan[number]
            place.serve()  # nobody begins a sign-in while the server is down
            attempt = Attempt(device.name, person)
            striker = threading.Thread(target=strike, args=(place, device, attempt, victim, delay, hits))
            if victim != "nobody":
                striker.start()
            sign_in(place, device, person, attempt)
            if victim != "nobody":
                striker.join()
            done.append(attempt)
            if len(done) % 20 == 0:
                print(f"{time.monotonic() - begun:.0f} s: {len(done)} sign-ins, {dict(hits)} killed", flush=True)

        def all_of(index: int) -> None:
            for number in range(index, SIGN_INS, DEVICES):
                one(number)

        with ThreadPoolExecutor(DEVICES) as pool:
            for finished in [pool.submit(all_of, index) for index in range(DEVICES)]:
                finished.result()
        outcomes = Counter(attempt.outcome for attempt in done)
        print(f"{time.monotonic() - begun:.0f} s: {dict(outcomes)}; killed: {dict(hits)}", flush=True)
        broken = [attempt for attempt in done if attempt.outcome == "broken"]
        assert not broken, broken[0].detail
        truth.converges(place, devices)
        truth.nobody_lost(place, done)
        print(f"{time.monotonic() - begun:.0f} s: every device is as it is wanted", flush=True)
        with ThreadPoolExecutor(DEVICES) as pool:
            last = list(pool.map(lambda device: sign_in(place, device, place.people[0]), devices))
        assert [attempt.outcome for attempt in last] == ["bound"] * DEVICES, last
        truth.converges(place, devices)
        unopened = [
            device.name for device in devices if not device.root.passcode_opens(place.people[0], "walnut-harbour-seventeen")
        ]
        assert not unopened
        assert sum(hits.values()) >= SIGN_INS // 3
        truth.audit_verifies(place)
        print(f"{time.monotonic() - begun:.0f} s: done", flush=True)
