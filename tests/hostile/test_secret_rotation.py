"""Okta's client secret is rotated while people sign in, as the how-to says; nobody is refused."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from tests.hostile.scene import Scene
from tests.hostile.world import PASSWORD, World


@dataclass
class Rush:
    """Somebody who signs in again and again on a thread of their own, until told to stop."""

    scene: Scene
    over: threading.Event = field(default_factory=threading.Event)
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    failed: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._sign_in)
        self.thread.start()

    def _sign_in(self) -> None:
        while not self.over.is_set():
            try:
                self.scene.approved(machine=self.scene.world.machine())
            except (AssertionError, OSError) as error:
                self.failed.append(error)
                self.over.set()
            self.done.release()

    def goes_on(self, times: int = 2) -> None:
        """Wait until as many sign-ins as said, and the one under way, are over; none may have failed."""
        for _ in range(times + 1):
            assert self.done.acquire(timeout=180)
            assert not self.failed, self.failed[0]

    def stop(self) -> None:
        self.over.set()
        self.thread.join(180)


@pytest.fixture
def rush(scene) -> Iterator[Rush]:
    running = Rush(scene)
    yield running
    running.stop()


@pytest.fixture
def fresh_secret(world: World) -> Iterator[tuple[str, str, str]]:
    """A second secret at Okta: its value, the path of the old one, the path of the new one. Afterwards all is as it was."""
    app = f"/apps/{world.okta['client_id']}"
    (old,) = world.control("GET", app)["secrets"]
    new = world.control("POST", f"{app}/secrets")
    yield new["client_secret"], f"{app}/secrets/{old['id']}", f"{app}/secrets/{new['id']}"
    world.control("PATCH", f"{app}/secrets/{old['id']}", active=True)
    world.control("DELETE", f"{app}/secrets/{new['id']}")
    world.connect()


def test_a_secret_is_rotated_at_okta_during_sign_ins_without_an_outage(world, scene, rush, fresh_secret):
    secret, old_path, _ = fresh_secret
    portal, page = world.administrator(), f"/admin/identity-providers/{world.provider_id}"
    form = {
        "name": "Okta",
        "url": world.okta["issuer"],
        "client_id": world.okta["client_id"],
        "email_domains": "acme.example",
        "second_client_secret": secret,
    }
    rush.goes_on()
    saved = portal.post(page, form)
    assert saved.status_code == 200, saved.text
    assert "Second client secret changed." in saved.text
    rush.goes_on()

    world.control("PATCH", old_path, active=False)
    rush.goes_on()
    text = re.sub(r"\s+", " ", portal.get(page).text)
    assert "refuses the first client secret and takes the second" in text

    version = re.search(r'name="version" value="(\d+)"', text)[1]
    assert portal.post(f"{page}/client-secrets/promote", {"version": version}).status_code == 303
    rush.goes_on()
    assert portal.post(f"{page}/client-secrets/second/remove", {}).status_code == 303
    rush.goes_on()
    text = portal.get(page).text
    assert "refuses the first client secret" not in text
    assert "The only one" in text
    assert PASSWORD not in text
    assert secret not in text

    ended = world.sql(
        "SELECT state, reason FROM sign_ins WHERE user_id = ? OR email = ?", scene.person.user_id, scene.person.email
    )
    assert {(row["state"], row["reason"]) for row in ended if row["state"] != "at_provider"} <= {("completed", "")}
    assert len(ended) >= 10
