"""A thousand simulated Macs that enrol at once and then poll: nothing may be lost, and what it costs.

The Macs are lighter than `homeport-simulators mac`: they sign in this process, share one key, and their sign-ins and certificates were
written down before. So the processor that they use beside the server is small, and web view and SCEP are not measured here.
"""

import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.faults.estate import ACTOR
from tests.support.mac_crowd import LightMac, Send, crowd

from bench.frame import Figure
from bench.process import cpu_seconds, resident_mib
from bench.site import Site, site
from homeport.directory.people.actions import People
from homeport.directory.people.model import User, UserState

MACS, FEW, CONNECTIONS, PORTION = 1000, 50, 64, 100


def run() -> Iterator[Figure]:
    with site() as opened:
        few, many = _macs(opened, range(FEW)), _macs(opened, range(FEW, FEW + MACS))
        before = resident_mib(opened.pid)
        few_took, _ = _all(opened, few, LightMac.enrol)
        began = cpu_seconds(opened.pid)
        took, requests = _all(opened, many, LightMac.enrol)
        used = cpu_seconds(opened.pid) - began
        enrolled = resident_mib(opened.pid)
        polled, polls = _all(opened, many, LightMac.poll)
        after = resident_mib(opened.pid)
        lost = {mac.serial: mac.lost for mac in (*few, *many) if mac.lost}
        stored = _enrolled(opened)
        if lost or stored != len(few) + len(many):
            raise RuntimeError(f"{len(lost)} Macs lost something, and {stored} are enrolled: {dict(list(lost.items())[:5])}")
        yield Figure(f"lost, of {MACS:,} Macs that enrolled at once", len(lost), "Macs", 0)
        yield Figure("enrolments", MACS / took, "/s", absolute=True)
        yield Figure("messages of an enrolment, until released with nothing to do", requests / MACS, "each")
        yield Figure(f"seconds for each, beside {FEW} Macs", (took / MACS) / (few_took / FEW), "times", 1.5)
        yield Figure("messages repeated because the server was busy", sum(mac.again for mac in many) / requests * 100, "%")
        yield Figure("polls with nothing to do", polls / polled, "/s", absolute=True)
        yield Figure("messages in a second, polling beside enrolling", (polls / polled) / (requests / took), "times")
        yield Figure("the server's processor for one enrolment", used / MACS * 1000, "ms", absolute=True)
        yield Figure("memory of the server before", before, "MiB", absolute=True)
        yield Figure("memory of the server, all enrolled", enrolled, "MiB", absolute=True)
        yield Figure("memory after the polls, beside all enrolled", after / enrolled, "times", 1.1)


def _macs(opened: Site, numbers: range) -> list[LightMac]:
    """Write down that a person signed in at each Mac, another one at every Mac."""
    key = rsa.generate_private_key(65537, 2048)
    made: list[LightMac] = []
    with opened.estate.home() as home:
        for start in range(numbers.start, numbers.stop, PORTION):
            with home.work.write() as actions:
                for number in range(start, min(start + PORTION, numbers.stop)):
                    made += crowd(actions, _person(actions.people, f"mac{number}"), key, range(number, number + 1))
    return made


def _person(people: People, username: str) -> User:
    email = f"{username}@acme.example"
    return people.create(ACTOR, username=username, email=email, firstname="Ada", state=UserState.ACTIVATED)


def _enrolled(opened: Site) -> int:
    with opened.estate.home() as home, home.work.read() as actions:
        return actions.apple_push.enrolled(ACTOR)


def _all(opened: Site, macs: list[LightMac], deed: Callable[[LightMac, Send], None]) -> tuple[float, int]:
    """Let all do it at once, over as many connections as there are; return the seconds and the messages it took."""
    clients: queue.SimpleQueue[httpx2.Client] = queue.SimpleQueue()
    before = sum(mac.requests for mac in macs)

    def send(path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        client = clients.get()
        try:
            answer = client.put(path, headers=headers, content=body)
            return answer.status_code, answer.content
        finally:
            clients.put(client)

    made = [httpx2.Client(base_url=opened.estate.url, timeout=300, trust_env=False) for _ in range(CONNECTIONS)]
    for client in made:
        clients.put(client)
    with ThreadPoolExecutor(len(macs)) as threads:
        begun = time.monotonic()
        list(threads.map(lambda mac: deed(mac, send), macs))
        took = time.monotonic() - begun
    for client in made:
        client.close()
    return took, sum(mac.requests for mac in macs) - before
