"""A real server and a real simulated Okta in their own processes, and the data file that both sides of a diff are read from."""

import asyncio
import itertools
import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
from tests.hostile.machine import Machine
from tests.hostile.person import Person
from tests.hostile.tables import Reader
from tests.support.factor import Authenticator, codes_in, shown_in
from tests.support.processes import Program, Programs, free_port

from homeport.bootstrap.home import Home
from homeport.directory.devices.model import OSFamily, ProvisioningSetting
from homeport.foundation.kernel.actor import system
from homeport.foundation.outbound.driver import drive
from homeport.settings import Settings
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.connection_test import examine
from homeport.trust.federation.model import ProviderKind, redirect_uri

DOMAIN = "acme.example"
ADMIN = system("hostile")
PASSWORD = "correct horse battery staple 7"
ADDRESSES = itertools.count(1)


@dataclass
class World:
    """One server, one simulated Okta. `okta` is the line the simulator printed when it was ready."""

    folder: Path
    programs: Programs
    port: int
    okta: dict[str, Any]
    server: Program
    database: str = ""
    provider_id: str = ""
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))
    clients: list[httpx2.Client] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, programs: Programs, *, connect: bool = True, allow: str = "", database: str = "") -> "World":
        """Start both, with Linux provisioning enabled; connect the one to the other as an administrator would.

        `allow` is one more origin that the server may reach although it is private; `database` the URL of another one than SQLite.
        """
        simulator = programs.start(
            sys.executable, "-m", "homeport_simulators", "okta", "--host", "127.0.0.1", "--port", "0", "--demo"
        )
        okta = json.loads(simulator.next_line())
        port = free_port()
        environment = {
            "HOMEPORT_DATA": str(folder / "data"),
            "HOMEPORT_PUBLIC_URL": f"http://localhost:{port}",
            "HOMEPORT_PORT": str(port),
            "HOMEPORT_ORGANIZATION": "Acme",
            "HOMEPORT_DATABASE_URL": database,
            "HOMEPORT_OUTBOUND_ALLOW": f"{okta['issuer']},{allow}",
        }
        server = programs.start(sys.executable, "-m", "homeport", "serve", port=port, env=environment)
        world = cls(folder, programs, port, okta, server, database)
        world.provision(enabled=True, several_users=True)
        if connect:
            world.connect()
        return world

    @property
    def url(self) -> str:
        """The server's public URL."""
        return f"http://localhost:{self.port}"

    @cached_property
    def home(self) -> Home:
        """The data, opened beside the running server, as `homeport`'s own commands open it."""
        settings = Settings.read(
            {},
            data=self.folder / "data",
            database_url=self.database,
            public_url=self.url,
            port=self.port,
            organization="Acme",
            outbound_allow=(self.okta["issuer"],),
        )
        return Home(settings)

    def act(self, doing: Callable[[Any], Any]) -> Any:
        """Do something as an administrator would: `doing` gets every slice's actions."""
        with self.home.work.write() as actions:
            return doing(actions)

    def connect(self, server: str = "") -> None:
        """Add the provider, or save it again, and confirm; `server` is the path of another authorization server of the org."""
        if not self.provider_id:
            self.provider_id = self.act(lambda actions: actions.identity_providers.draft(ADMIN, ProviderKind.OKTA).id)
            self.control("PATCH", f"/apps/{self.okta['client_id']}", redirect_uris=[self.redirect_uri])
        typed = Typed(
            name="Okta",
            url=f"{self.okta['issuer']}{server}",
            client_id=self.okta["client_id"],
            email_domains=(DOMAIN,),
            secret=self.okta["client_secret"],
        )
        home, provider_id = self.home, self.provider_id
        with home.work.read() as actions:
            candidate = replace(actions.identity_providers.candidate(ADMIN, provider_id, typed), allow=home.allowed)
        judgement = asyncio.run(drive(examine(candidate, home.parts.clock, home.parts.entropy), home.network))
        with home.work.write() as actions:
            actions.identity_providers.propose(ADMIN, provider_id, typed, judgement)
            actions.identity_providers.apply(ADMIN, provider_id)

    def disconnect(self) -> None:
        """Delete the provider."""
        self.act(lambda actions: actions.identity_providers.delete(ADMIN, self.provider_id))
        self.provider_id = ""

    def provision(self, **values: bool) -> None:
        """Set Self Service Account Provisioning for Linux."""
        setting = ProvisioningSetting(OSFamily.LINUX, **{"enabled": True, "several_users": True, **values})
        self.act(lambda actions: actions.provisioning.set(ADMIN, setting))

    @property
    def redirect_uri(self) -> str:
        """The provider's own redirect URI."""
        return redirect_uri(self.url, self.provider_id)

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Ask the simulator's control API; return its answer's JSON."""
        answer = self.controller.request(method, f"{self.okta['control']}{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    @cached_property
    def controller(self) -> httpx2.Client:
        """What asks the control API."""
        return httpx2.Client(verify=False, timeout=60)

    @cached_property
    def tables(self) -> Reader:
        """Everything that the data file says."""
        return Reader.open(self.folder / "data/homeport.sqlite")

    def fault(self, name: str, **arguments: Any) -> None:
        """Let the simulator commit a fault; `times` and `with` go beside the name."""
        times = arguments.pop("times", 1)
        self.control("POST", "/faults", **{"fault": name, "times": times, "with": arguments})

    @cached_property
    def enrollment_key(self) -> str:
        """An enrolment key for many devices."""
        return self.act(lambda actions: actions.enrollment_keys.create(ADMIN, "Hostile", 1000)[1])

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Read or change the data file directly, as a test that must shift time does."""
        connection = sqlite3.connect(self.folder / "data/homeport.sqlite", timeout=60)
        connection.row_factory = sqlite3.Row
        with connection:
            rows = [dict(row) for row in connection.execute(statement, values)]
        connection.close()
        return rows

    def next_name(self) -> str:
        """A user name nobody has yet."""
        return f"p{next(self.numbers)}"

    def person(self, name: str) -> Person:
        """A person's browser at an address of its own, so that no case uses up another one's allowance."""
        person = Person.at(self.url, self.okta["issuer"], name, next_address(), password=self.okta["password"])
        self.clients.append(person.client)
        return person

    def machine(self) -> Machine:
        """An enrolled device with an address of its own."""
        machine = Machine.at(self.url, next_address())
        self.clients.append(machine.client)
        machine.enroll(self.enrollment_key)
        return machine

    def administrator(self) -> Person:
        """Let somebody become an administrator with Billing, by a one-time link; return their browser."""
        link = self.act(lambda actions: actions.administrator_links.issue(ADMIN))
        name = self.next_name()
        form = {"email": f"{name}@{DOMAIN}", "firstname": name, "lastname": "Admin", "password": PASSWORD, "again": PASSWORD}
        person = self.person(name)
        entered = person.post(f"/admin/link/{link}", form)
        assert entered.status_code == 303, entered.text
        set_up_over_http(person)
        return person

    def hang_up(self) -> None:
        """Close the connections of everybody who took part so far."""
        while self.clients:
            self.clients.pop().close()

    def close(self) -> None:
        """Let go of the data; whoever started the programs ends them."""
        self.hang_up()
        self.controller.close()
        if not self.database:
            self.tables.close()
        self.home.parts.database.dispose()


def set_up_over_http(person: Person) -> tuple[Authenticator, list[str]]:
    """Set up the second factor that Billing demands; return the authenticator app and the recovery codes."""
    secret, envelope = shown_in(person.get("/admin/account/second-factor").text)
    phone = Authenticator(secret)
    answer = person.post("/admin/account/second-factor", {"enrolment": envelope, "code": phone.code()})
    assert answer.status_code == 200, answer.text
    return phone, codes_in(answer.text)


def next_address() -> str:
    """A loopback address nobody in this process has used yet."""
    number = next(ADDRESSES)
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"
