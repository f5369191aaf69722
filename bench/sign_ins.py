"""Federated sign-ins at devices, whole: code, provider, callback, number, token, order. The simulated Okta is a process of its own."""

import itertools
import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx2
from tests.faults.estate import ACTOR
from tests.hostile.machine import Machine
from tests.hostile.person import Person
from tests.hostile.world import next_address

from bench.frame import Figure
from bench.process import cpu_seconds, resident_mib
from bench.site import Site, metric, site
from homeport.demo.browser import Browser

FEW, MANY = int(os.environ.get("BENCH_FEW", "1000")), int(os.environ.get("BENCH_MANY", "10000"))
PLACES = 200
"""People with a machine each; the same person comes back, as people do."""
AT_ONCE = 3


@dataclass
class Crowd:
    """People who sign in at their machines, one after the other and several at once."""

    site: Site
    places: list[tuple[Person, Machine]] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def gather(self, count: int) -> None:
        """Let people and machines be there."""
        estate = self.site.estate
        with estate.home() as home, home.work.write() as actions:
            _, key = actions.enrollment_keys.create(ACTOR, "bench", max_uses=count)
            for number in range(count):
                email = f"p{number}@acme.example"
                actions.people.create(ACTOR, username=f"p{number}", email=email, firstname="P", lastname=str(number))
        for number in range(count):
            email = f"p{number}@acme.example"
            said = {"login": email, "email": email, "password": estate.okta["password"], "email_verified": True}
            httpx2.post(f"{estate.okta['control']}/users", json=said).raise_for_status()
            person = Person.at(estate.url, estate.okta["issuer"], f"p{number}", next_address(), password=estate.okta["password"])
            person.email = email
            machine = Machine.at(estate.url, next_address())
            machine.enroll(key)
            self.places.append((person, machine))
        self.free = itertools.cycle(self.places)

    def sign_in(self, count: int) -> None:
        """Let this many sign-ins happen."""
        queue = iter([next(self.free) for _ in range(count)])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(self._work, queue) for _ in range(AT_ONCE)]:
                done.result()

    def _work(self, queue: Iterator[tuple[Person, Machine]]) -> None:
        while True:
            with self.turn:
                place = next(queue, None)
            if place is None:
                return
            one_sign_in(*place)


def one_sign_in(person: Person, machine: Machine) -> None:
    """Go the whole way; whatever does not go well is an error."""
    machine.begin()
    sent = person.approve(machine.user_code)
    _expect(sent, 303)
    answer = person.get(person.sign_in(sent.headers["location"]))
    _expect(answer, 303)
    page = person.get(answer.headers["location"])
    _expect(page, 200)
    person.seen.clear()
    granted = machine.poll(Browser(person.client, page=page.text).text("verification-number"))
    _expect(granted, 200)
    _expect(machine.fetch_order(granted.json()["access_token"]), 200)


def _expect(answer: httpx2.Response, status: int) -> None:
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text[:800]}")


def run() -> Iterator[Figure]:
    with site() as opened:
        crowd = Crowd(opened)
        crowd.gather(PLACES)
        browser = httpx2.Client(base_url=opened.estate.url, timeout=60)
        crowd.sign_in(FEW)
        few = resident_mib(opened.pid)
        yield Figure(f"resident memory after {FEW:,} sign-ins", few, "MiB", 180, absolute=True)
        used, statements, begun = cpu_seconds(opened.pid), metric(opened, "homeport_database_statements_total"), time.monotonic()
        crowd.sign_in(MANY - FEW)
        took = time.monotonic() - begun
        used = cpu_seconds(opened.pid) - used
        statements = metric(opened, "homeport_database_statements_total") - statements
        many = resident_mib(opened.pid)
        yield Figure(f"resident memory after {MANY:,} sign-ins", many, "MiB", 180, absolute=True)
        yield Figure(f"growth of memory from {FEW:,} to {MANY:,} sign-ins", (many / few - 1) * 100, "%", 5)
        yield Figure("SQL statements for each sign-in, upkeep included", statements / (MANY - FEW), "")
        yield Figure("sign-ins for each second of the server's own processor time", (MANY - FEW) / used, "", absolute=True)
        yield Figure(
            "sign-ins for each second elapsed, with Okta and people on the same machine", (MANY - FEW) / took, "", absolute=True
        )
        first = [_first_byte(browser) for _ in range(30)]
        yield Figure("sign-in page to its first byte, median of 30", statistics.median(first), "ms", absolute=True)
        browser.close()


def _first_byte(client: httpx2.Client) -> float:
    begun = time.perf_counter()
    with client.stream("GET", "/signin") as answer:
        took = (time.perf_counter() - begun) * 1000
        answer.read()
    return took
