"""One organization's Homeport on SQLite, and its Okta: both real programs, on two different sites."""

import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from tests.journeys.prepared import ADMIN, connect
from tests.support.migrated import migrated_database
from tests.support.processes import Program, Programs, free_port

from homeport.bootstrap.home import Home
from homeport.directory.devices.model import OSFamily, ProvisioningSetting
from homeport.settings import Settings
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.model import ProviderKind, ProviderState

ORGANIZATION = "Acme"
EMAIL, PASSWORD = "marie.curie@acme.example", "five unrelated words today"
"""The first administrator."""


@dataclass(frozen=True)
class Okta:
    """The simulated Okta. `client_id` and `client_secret` are those of its app; all its people share `password`."""

    program: Program
    issuer: str
    control_url: str
    client_id: str
    client_secret: str
    password: str

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the control API; it must agree."""
        answer = httpx2.request(method, f"{self.control_url}{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def register_redirect_uri(self, address: str) -> None:
        """Do what the guide's step 7 says."""
        self.control("PATCH", f"/apps/{self.client_id}", {"redirect_uris": [address]})

    def sign_everyone_out(self) -> None:
        self.control("DELETE", "/sessions")


@dataclass(frozen=True)
class Installation:
    """A running server with its data folder, and the Okta it may reach."""

    folder: Path
    server: str
    okta: Okta
    program: Program

    @contextlib.contextmanager
    def opened(self) -> Iterator[Home]:
        """Open the data beside the running server, as the commands do that run on its machine."""
        home = Home(Settings.read({}, data=self.folder, public_url=self.server, outbound_allow=(self.okta.issuer,)))
        try:
            yield home
        finally:
            home.parts.database.dispose()

    def link(self) -> str:
        """A one-time link for an administrator, as `homeport admin link` makes it, without a program for it."""
        with self.opened() as home, home.work.write() as actions:
            return f"{self.server}/admin/link/{actions.administrator_links.issue(ADMIN)}"

    def add_people(self, *people: tuple[str, str]) -> None:
        """Add people by their first and last names; their user name is the first."""
        with self.opened() as home, home.work.write() as actions:
            for first, last in people:
                names = {"firstname": first, "lastname": last}
                actions.people.create(ADMIN, username=first.lower(), email=f"{first}.{last}@acme.example".lower(), **names)

    def connect_okta(self) -> None:
        """Connect Okta, with every check that the portal makes."""
        okta = self.okta
        typed = Typed(
            name="Okta", url=okta.issuer, client_id=okta.client_id, email_domains=("acme.example",), secret=okta.client_secret
        )
        with self.opened() as home:
            connect(home, ProviderKind.OKTA, typed, okta.register_redirect_uri)

    def has_provider(self) -> bool:
        """Whether an identity provider is connected; a draft is not."""
        with self.opened() as home, home.work.read() as actions:
            return any(one.state is ProviderState.ACTIVE for one in actions.identity_providers.list(ADMIN))

    def remove_providers(self) -> None:
        """Delete the identity provider, and the draft of one."""
        with self.opened() as home, home.work.write() as actions:
            for one in actions.identity_providers.list(ADMIN):
                actions.identity_providers.delete(ADMIN, one.id)

    def allow_linux(self) -> None:
        """Enable Self Service Account Provisioning for Linux, for several people on a device."""
        with self.opened() as home, home.work.write() as actions:
            actions.provisioning.set(ADMIN, ProvisioningSetting(OSFamily.LINUX, enabled=True, several_users=True))

    def admin_link(self) -> str:
        """Run `homeport admin link` at a terminal, the only place where it prints the link."""
        reader, writer = pty.openpty()
        words = [sys.executable, "-m", "homeport", "admin", "link", "--data", str(self.folder), "--public-url", self.server]
        with subprocess.Popen(words, stdin=writer, stdout=writer, stderr=writer) as process:
            os.close(writer)
            said = b""
            while piece := _read(reader):
                said += piece
            process.wait(120)
        os.close(reader)
        found = re.search(r"https?://\S+/admin/link/\S+", said.decode())
        assert found, said.decode()
        return found.group()


def install(folder: Path, programs: Programs, allow: str = "", *, empty: bool = False, **more: str) -> Installation:
    """Start the Okta at http://127.0.0.1 and the server at http://localhost, which no cookie crosses.

    `allow` is one more origin that the server may reach, `more` are further settings by their variable. With `empty` the server
    finds not even a folder at its first start, and makes its database itself.
    """
    words = ("-m", "homeport_simulators", "okta", "--host", "127.0.0.1", "--port", "0", "--demo")
    simulator = programs.start(sys.executable, *words)
    ready = json.loads(simulator.next_line())
    okta = Okta(simulator, ready["issuer"], ready["control"], ready["client_id"], ready["client_secret"], ready["password"])
    port = free_port()
    server = f"http://localhost:{port}"
    if not empty:
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(migrated_database(), folder / "homeport.sqlite")
    environment = {
        "HOMEPORT_DATA": str(folder),
        "HOMEPORT_PUBLIC_URL": server,
        "HOMEPORT_PORT": str(port),
        "HOMEPORT_ORGANIZATION": ORGANIZATION,
        "HOMEPORT_OUTBOUND_ALLOW": f"{okta.issuer},{allow}" if allow else okta.issuer,
        **more,
    }
    program = programs.start(sys.executable, "-m", "homeport", "serve", env=environment, port=port)
    return Installation(folder, server, okta, program)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how Linux says that nobody holds the other end any more
        return b""
