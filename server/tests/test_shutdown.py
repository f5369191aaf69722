"""SIGTERM while agents wait: everybody is answered, and the server is gone long before they had waited to the end."""

import contextlib
import signal
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
from tests.support.device import Device
from tests.support.processes import Programs, free_port

from homeport.bootstrap.home import Home
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.clock import SystemClock
from homeport.settings import Settings

WAITING = 60


def proofs_of(folder):
    """How many proofs the server has heard; each request brings one, and it is noted before the waiting begins."""
    with contextlib.closing(sqlite3.connect(folder / "data/homeport.sqlite", timeout=60)) as database:
        return database.execute("SELECT count(*) FROM seen_jtis").fetchone()[0]


def test_a_server_that_is_told_to_stop_answers_waiting_agents_and_ends_in_time(tmp_path, programs: Programs):
    port = free_port()
    url = f"http://localhost:{port}"
    home = Home(Settings(data=tmp_path / "data", public_url=url))
    with home.work.write() as actions:
        key = actions.enrollment_keys.create(system("test"), "lab")[1]
    home.parts.database.dispose()
    environment = {"HOMEPORT_DATA": str(tmp_path / "data"), "HOMEPORT_PUBLIC_URL": url, "HOMEPORT_PORT": str(port)}
    server = programs.start(sys.executable, "-m", "homeport", "serve", env=environment)
    server.wait_for_port(port)
    with httpx2.Client(base_url=url, timeout=60, limits=httpx2.Limits(max_connections=WAITING + 1)) as client:
        device = Device(url, SystemClock())
        device.id = client.post("/agent/v1/enroll", json=device.enrollment(key)).json()["device_id"]
        token = device.agent_token(client)
        version = device.call(client, "GET", "/agent/v1/desired-state", token).json()["version"]
        heard = proofs_of(tmp_path)

        def wait():
            return device.call(client, "GET", "/agent/v1/desired-state", token, params={"version": version, "wait": 50})

        with ThreadPoolExecutor(WAITING) as pool:
            answers = [pool.submit(wait) for _ in range(WAITING)]
            deadline = time.monotonic() + 45
            while proofs_of(tmp_path) < heard + WAITING:  # all of them are inside
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert not any(answer.done() for answer in answers)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            said = [answer.result(60) for answer in answers]
            assert server.wait(60) in {0, -signal.SIGTERM}  # uvicorn ends by the signal it was sent
            took = time.monotonic() - began
    assert {answer.status_code for answer in said} == {200}
    assert all(answer.json() == {"version": version, "status": "active", "orders": []} for answer in said)
    assert took < 15, "a waiting agent is answered after 50 seconds otherwise"
