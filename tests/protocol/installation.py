"""A real Homeport that trusts a foreign provider, with one Linux machine; everything is a process of its own but the administrator."""

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.journeys.machine import Machine, set_up
from tests.journeys.prepared import ADMIN, connect
from tests.protocol.foreign_provider import ForeignProvider
from tests.support.migrated import migrated_database
from tests.support.processes import Programs, free_port

from homeport.bootstrap.home import Home
from homeport.directory.devices.model import OSFamily, ProvisioningSetting
from homeport.settings import Settings
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.discovery import Check
from homeport.trust.federation.model import ProviderKind

DOMAIN = "acme.example"
PEOPLE = {
    name: {"email": f"{name}@{DOMAIN}", "email_verified": True, "name": f"{name.title()} of Acme"}
    for name in ("ada", "grace", "alan")
}


@dataclass(frozen=True)
class Installation:
    """The running server, its data, the provider it trusts, and the machine."""

    home: Home
    url: str
    provider: ForeignProvider
    machine: Machine
    checks: tuple[Check, ...]

    @classmethod
    def open(cls, folder: Path, programs: Programs) -> "Installation":
        """Start everything: the provider active as Generic OIDC, Linux enabled, three people, an enrolled machine."""
        port = free_port()
        provider = ForeignProvider(folder, programs, dict(PEOPLE))
        settings = Settings.read(
            {}, data=folder / "data", public_url=f"http://localhost:{port}", port=port, outbound_allow=(provider.issuer,)
        )
        environment = {
            "HOMEPORT_DATA": str(settings.data),
            "HOMEPORT_PUBLIC_URL": settings.public_url,
            "HOMEPORT_PORT": str(port),
            "HOMEPORT_OUTBOUND_ALLOW": provider.issuer,
        }
        settings.data.mkdir(parents=True, mode=0o700)
        shutil.copyfile(migrated_database(), settings.data / "homeport.sqlite")
        programs.start(sys.executable, "-m", "homeport", "serve", env=environment, port=port)
        home = Home(settings)
        with home.work.write() as actions:
            for name, claims in PEOPLE.items():
                actions.people.create(ADMIN, username=name, email=claims["email"], firstname=name.title())
            actions.provisioning.set(ADMIN, ProvisioningSetting(OSFamily.LINUX, enabled=True, several_users=True))
            _, key = actions.enrollment_keys.create(ADMIN, "Lab")
        checks = _connect(home, provider)
        machine = set_up(folder, "lab-7", programs)
        machine.enroll(settings.public_url, key)
        return cls(home, settings.public_url, provider, machine, checks)

    def steps(self, sign_in_id: str) -> dict[str, dict[str, str]]:
        """The recorded steps of a sign-in by name, with their details."""
        with self.home.work.read() as actions:
            _, steps = actions.sign_ins.explain(ADMIN, sign_in_id)
        return {step.name: step.details for step in steps}


@dataclass(frozen=True)
class Person:
    """Somebody with a browser and an account at the foreign provider."""

    page: Page
    installation: Installation

    def approves(self, address: str, login: str) -> None:
        """Open the address that the machine shows, sign in on the provider's own pages, and agree there."""
        self.reaches_the_provider(address)
        self.page.get_by_placeholder("Enter any login").fill(login)
        self.page.get_by_placeholder("and password").fill("any")
        self.page.get_by_role("button", name="Sign-in").click()
        self.page.get_by_role("button", name="Continue").click()

    def reaches_the_provider(self, address: str) -> None:
        """Open the address that the machine shows and go on to the provider."""
        self.page.goto(address)
        self.page.get_by_role("button", name="Continue with Certified").click()
        expect(self.page).to_have_url(re.compile(re.escape(self.installation.provider.issuer)))

    def reads_the_number(self) -> str:
        """The number that the approval page shows."""
        return self.page.locator("#verification-number").inner_text().strip()

    def leaves(self) -> None:
        """Go away from the pages, whose scripts would ask on without the cookies, and lose the cookies."""
        self.page.goto("about:blank")
        self.page.context.clear_cookies()

    def is_refused(self) -> str:
        """See a refusal; return the id that it shows."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text("You were not signed in")
        return self.page.locator("#reference").inner_text().strip()


def _connect(home: Home, provider: ForeignProvider) -> tuple[Check, ...]:
    """Add the provider; it starts as soon as its redirect URI is known."""

    def start(address: str) -> None:
        provider.redirect_uri = address
        provider.start()

    typed = Typed(
        name="Certified",
        url=provider.issuer,
        client_id=provider.client_id,
        email_domains=(DOMAIN,),
        secret=provider.client_secret,
    )
    return connect(home, ProviderKind.OIDC, typed, start)
