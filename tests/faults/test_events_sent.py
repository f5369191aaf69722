"""The server killed at random points while it sends events: each destination gets every event, in order, at least once."""

import os
import random
import threading
import time

from tests.faults.estate import ACTOR, estate, until
from tests.support.receivers import a_collector, a_webhook

from homeport.directory.audit.model import DestinationKind

KILLS = 3
"""Of the server, each while events wait; every second one with a receiver's request in hand."""
EVENTS = 60
"""Recorded before each kill, so that there is more than one request to send."""


def test_a_server_that_is_killed_while_it_sends_loses_no_event_and_keeps_their_order():
    seed = int(os.environ.get("HOMEPORT_FAULTS_SEED", "") or random.SystemRandom().randrange(10**6))
    chance = random.Random(seed)
    print(f"HOMEPORT_FAULTS_SEED={seed}", flush=True)
    with a_webhook() as hook, a_collector() as collector, estate(people=1) as place:
        place.allowed = (hook.address.removesuffix("/events"), collector.address)
        strike = threading.Event()

        def before_the_answer(_number):
            if strike.is_set():
                strike.clear()
                place.kill()  # the receiver has it, and the server never hears of that

        hook.before = before_the_answer
        with place.home() as home, home.work.write() as actions:
            webhook = {"kind": DestinationKind.WEBHOOK, "name": "SIEM", "address": hook.address}
            syslog = {"kind": DestinationKind.SYSLOG, "name": "Logs", "address": collector.address}
            for one in (webhook, syslog):
                actions.destinations.create(ACTOR, **one, from_start=True)
        place.serve()
        for number in range(KILLS):
            record(place, number)
            if number % 2:
                strike.set()
                until(lambda: not strike.is_set(), "a request that the kill cuts off")
            else:
                time.sleep(chance.uniform(0, 2))
                place.kill()
            until(lambda: place.server is None or not place.server.running, "the end of the server")
            place.serve()
        until(lambda: all_there(place, hook.ids), "every event at the webhook")
        until(lambda: all_there(place, ids_of(collector)), "every event at the collector")
        place.stop()
        order = [row[0] for row in place.rows("SELECT id FROM audit_entries WHERE batch IS NOT NULL ORDER BY batch, id")]
        for taken in (hook.ids, ids_of(collector)):
            first = [one for one in dict.fromkeys(taken) if one in set(order)]
            assert first == order[: len(first)]
            repeated_in_order(taken, order)


def record(place, number):
    """Many changes at once, as another process makes them."""
    with place.home() as home, home.work.write() as actions:
        for one in range(EVENTS):
            name = f"p{number}-{one}"
            actions.people.create(ACTOR, username=name, email=f"{name}@acme.example", firstname="P", lastname="Q")


def all_there(place, taken):
    """Whether everything that is recorded was taken; the server records and seals on meanwhile."""
    return {row[0] for row in place.rows("SELECT id FROM audit_entries WHERE event_type = 'user_create'")} <= set(taken)


def ids_of(collector):
    """The ids of the events that a collector took, as their structured data names them; of one that a kill cut off maybe none."""
    return [part.partition('id="')[2].partition('"')[0] for part in collector.messages]


def repeated_in_order(taken, order):
    """What was sent again goes back to a place that was reached before and on from there; nothing is jumped over."""
    place = {one: number for number, one in enumerate(order)}
    reached = -1
    for one in taken:
        if one in place:
            assert place[one] <= reached + 1, "an event was sent before the one that comes before it"
            reached = max(reached, place[one])
