"""Apple's service in a thread, and an installation that has its server token."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.house import ADMIN, House

from homeport.channels.apple.ade.client import AdeClient
from homeport.channels.apple.ade.sync import AdeSync
from homeport.foundation.outbound.client import Outbound
from homeport.foundation.outbound.urls import Origin
from homeport_simulators.apple.ade_service import AdeService
from homeport_simulators.apple.serve import running


@dataclass
class Connected:
    """A house and its Apple; `sync` lets one synchronization run, with an administrator's leave to begin at once."""

    house: House
    apple: AdeService
    url: str
    topic: str = "com.apple.mgmt.External.test"

    def client(self, token: Any) -> AdeClient:
        parts = self.house.home.parts
        return AdeClient(Outbound(allow=frozenset({Origin.parse(self.url)})), token, parts.clock, parts.entropy, self.url)

    def synchronization(self) -> AdeSync:
        home = self.house.home
        work = home.work_of(lambda unit: unit.ade)

        def wanted() -> Any:
            return self.house.do(lambda act: act.apple_settings.get(ADMIN)), self.topic

        return AdeSync(work, wanted, self.client, home.parts.settings.public_url, "Acme")

    async def sync(self) -> bool:
        self.house.do(lambda act: act.ade.ask_soon(ADMIN))
        return await self.synchronization().run()

    def server(self) -> Any:
        return self.house.do(lambda act: act.ade.server(ADMIN))

    def device(self, serial: str) -> Any:
        return self.house.do(lambda act: act.ade.device(ADMIN, serial))

    def connect(self) -> None:
        certificate = self.house.do(lambda act: act.ade.public_key(ADMIN))
        self.house.do(lambda act: act.ade.upload(ADMIN, self.apple.p7m(certificate.encode())))


@pytest.fixture
def connected(shared_house):
    """An installation with a fresh server at a fresh Apple; what a test before it left of either is gone."""
    if shared_house.do(lambda act: act.ade.server(ADMIN)):
        shared_house.do(lambda act: act.ade.disconnect(ADMIN))
    with running(AdeService(now=shared_house.clock.now)) as (url, apple):
        found = Connected(shared_house, apple, url)
        found.connect()
        yield found
