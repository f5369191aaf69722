"""A running Homeport for a bench: the real server on SQLite, with an administrator's browser."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
from tests.faults.estate import ACTOR, Estate, estate
from tests.support.factor import Authenticator, shown_in

PASSWORD = "five unrelated words today"


@dataclass
class Site:
    """One organization whose provider is the simulated Okta."""

    estate: Estate
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.estate.serve().pid

    def administrator(self) -> httpx2.Client:
        """An administrator with Billing, signed in at the admin portal; a browser keeps Secure cookies on localhost."""
        with self.estate.home() as home, home.work.write() as actions:
            token = actions.administrator_links.issue(ACTOR)
        form = {"email": "bench@acme.example", "firstname": "Bench", "lastname": "Admin", "password": PASSWORD, "again": PASSWORD}
        headers = {"Origin": self.estate.url, "Sec-Fetch-Site": "same-origin"}
        client = httpx2.Client(base_url=self.estate.url, headers=headers, timeout=120)
        answer = client.post(f"/admin/link/{token}", data=form)
        answer.raise_for_status() if answer.status_code != 303 else None
        cookies = [line.split(";")[0] for line in answer.headers.get_list("set-cookie")]
        client.headers["Cookie"] = "; ".join(cookies)
        secret, envelope = shown_in(client.get("/admin/account/second-factor").text)
        code = Authenticator(secret).code()
        client.post("/admin/account/second-factor", data={"enrolment": envelope, "code": code}).raise_for_status()
        self.clients.append(client)
        return client


@contextlib.contextmanager
def site(people: int = 0) -> Iterator[Site]:
    """Set one up, serve it, and take it down."""
    with estate(people) as made:
        made.serve()
        opened = Site(made)
        try:
            yield opened
        finally:
            for client in opened.clients:
                client.close()


def milliseconds(client: httpx2.Client, path: str) -> float:
    """How long one page takes, whole."""
    begun = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - begun) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:500]}")
    return took


def metric(opened: Site, name: str) -> float:
    """One figure of the server's own /metrics."""
    answer = httpx2.get(f"http://127.0.0.1:{opened.estate.port}/metrics", timeout=60)
    answer.raise_for_status()
    return sum(float(line.rpartition(" ")[2]) for line in answer.text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
