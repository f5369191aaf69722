"""How soon a suspension in the directory closes the account on a device, while a thousand other devices wait for word too."""

import asyncio
import itertools
import random
import resource
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
from tests.devices.company import Company
from tests.hostile.machine import Machine
from tests.hostile.world import next_address

from bench.frame import Figure
from bench.lab import Lab, lab
from bench.process import cpu_seconds

DEVICES, TIMES = 1000, 100
_FILES = 8192
_WAIT = 25


@dataclass
class Crowd:
    """Devices that hold a request open until something changes, as agents do, and then the next one."""

    acme: Company
    machines: list[Machine] = field(default_factory=list)
    waiting: int = 0
    answered: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def enrol(self, count: int) -> None:
        key = self.acme.asks("POST", "/api/v2/enrollment-keys", {"name": "crowd", "maxUses": count})["key"]
        for number in range(count):
            machine = Machine.at(self.acme.estate.url, next_address())
            machine.hostname = f"crowd-{number}"
            machine.enroll(key).raise_for_status()
            self.machines.append(machine)

    def start(self) -> None:
        threading.Thread(target=lambda: asyncio.run(self._wait_all()), daemon=True).start()
        deadline = time.monotonic() + 120
        while self.waiting < len(self.machines):
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {self.waiting} of {len(self.machines)} devices came to wait")
            time.sleep(0.1)

    def stop(self) -> None:
        self._ended.set()

    async def _wait_all(self) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx2.AsyncClient(timeout=_WAIT + 30, limits=limits, trust_env=False) as client:
            tasks = [asyncio.create_task(self._wait(client, machine)) for machine in self.machines]
            await asyncio.to_thread(self._ended.wait)
            for task in tasks:
                task.cancel()

    async def _wait(self, client: httpx2.AsyncClient, machine: Machine) -> None:
        token = await asyncio.to_thread(machine.agent_token)
        path, version, first = "/agent/v1/desired-state", 0, random.randint(1, _WAIT)
        for number in itertools.count():
            # Their first waits differ, so that they ask again spread over time, as machines do that were switched on one by one.
            wait = 0 if number == 0 else first if number == 1 else _WAIT
            headers = {"Authorization": f"DPoP {token}", "DPoP": machine.proof("GET", path, token)}
            asked = f"{machine.url}{path}?version={version}&wait={wait}"
            if number == 1:
                self.waiting += 1
            answer = await client.get(asked, headers=headers)
            if answer.status_code == 401:
                token = await asyncio.to_thread(machine.agent_token)
                continue
            answer.raise_for_status()
            self.answered += 1
            version = answer.json()["version"]


def run() -> Iterator[Figure]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, most), most))  # the server, started later, inherits it
    with lab() as opened:
        alone = measure(opened, TIMES // 4)
        crowd = Crowd(opened.acme)
        crowd.enrol(DEVICES)
        crowd.start()
        try:
            used, begun = cpu_seconds(opened.acme.estate.server.pid), time.monotonic()
            taken = measure(opened, TIMES)
            used, elapsed = cpu_seconds(opened.acme.estate.server.pid) - used, time.monotonic() - begun
        finally:
            crowd.stop()
        if crowd.waiting < DEVICES:
            raise RuntimeError(f"only {crowd.waiting} devices waited")
        where = f"{DEVICES:,} devices connected"
        yield Figure(f"suspended until closed on the device, {where}, median", statistics.median(taken), "s", absolute=True)
        yield Figure(f"suspended until closed, {where}, 99 of {TIMES} at most", sorted(taken)[TIMES - 2], "s", 2, absolute=True)
        yield Figure("median beside that of one device alone", statistics.median(taken) / statistics.median(alone), "times")
        yield Figure("the server's processor, of one core, meanwhile", used / elapsed * 100, "%", absolute=True)


def measure(opened: Lab, times: int) -> list[float]:
    """Suspend and activate the person so often; how many seconds each suspension took until shadow says that the account is over."""
    device, taken = opened.device, []
    for _ in range(times):
        begun = time.monotonic()
        opened.acme.suspend(opened.ada)
        while device.machine.entry("shadow", opened.ada.username)[7] != "1":
            time.sleep(0.005)
        taken.append(time.monotonic() - begun)
        device.machine.until(lambda: opened.acme.answered(opened.ada, "suspend"), "the receipt")
        opened.acme.activate(opened.ada)
        device.machine.until(lambda: opened.acme.answered(opened.ada, "activate"), "the receipt")
    return taken
