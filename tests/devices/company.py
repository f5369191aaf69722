"""One organization for the device tests of a worker: a real server, its provider, people made when a test wants one."""

import html
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx2
from tests.faults.administrator import ADMINISTRATOR, PASSWORD, appoint
from tests.faults.estate import ACTOR, Estate, estate
from tests.faults.person import FRESH, open_browser
from tests.support.debian.machine import Machine
from tests.support.factor import Authenticator
from tests.support.logs import known
from tools.agent_deb import build

from homeport.demo.browser import Browser
from homeport.directory.devices.model import OSFamily, ProvisioningSetting

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody of the directory who has an account at the provider."""

    id: str
    username: str
    email: str


@dataclass
class Company:
    """The organization, seen from the admin's REST API and from people's browsers."""

    estate: Estate
    key: str
    phone: Authenticator
    """The administrator's authenticator app."""
    api: httpx2.Client = field(init=False)
    _provisioning: dict[str, Any] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.api = httpx2.Client(
            base_url=self.estate.url, headers={"x-api-key": self.key}, timeout=60, trust_env=False, limits=FRESH
        )

    @property
    def port(self) -> int:
        return self.estate.port

    def asks(self, method: str, path: str, body: Any = None, *, text: bool = False) -> Any:
        """Ask the REST API; it must agree. With `text` its answer as it is written."""
        answer = self.api.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        if text:
            return answer.text
        return answer.json() if answer.content else None

    def new_person(self, username: str | None = None) -> Person:
        """Add somebody to the directory and to the provider."""
        name = username or f"p{next(_numbers)}"
        email = f"{name}@acme.example"
        account = {"login": email, "password": self.estate.okta["password"]}
        httpx2.post(f"{self.estate.okta['control']}/users", json=account, timeout=60).raise_for_status()
        self.estate.people += (name,)
        body = {"username": name, "email": email, "firstname": name.title(), "lastname": "Example"}
        return Person(self.asks("POST", "/api/systemusers", body)["_id"], name, email)

    def suspend(self, person: Person) -> None:
        self.asks("POST", f"/api/systemusers/{person.id}/state/suspend")

    def activate(self, person: Person) -> None:
        self.asks("POST", f"/api/systemusers/{person.id}/state/activate")

    def set_provisioning(self, **changed: Any) -> None:
        """Set how people get accounts on Linux; what is not named is as in a new test."""
        setting = {"several_users": True, **changed}
        if setting == self._provisioning:
            return
        with self.estate.home() as home, home.work.write() as actions:
            actions.provisioning.set(ACTOR, ProvisioningSetting(OSFamily.LINUX, enabled=True, **setting))
        self._provisioning = setting

    def enroll(self, machine: Machine) -> str:
        """Enrol a machine as its owner does; the device's id."""
        key = self.asks("POST", "/api/v2/enrollment-keys", {"name": machine.name, "maxUses": 1})["key"]
        machine.run("homeport-agent", "enroll", "--server", self.estate.url, "--key-file", "-", input=f"{key}\n")
        return json.loads(machine.read("/var/lib/homeport-agent/device.json"))["device_id"]

    def approves(self, person: Person, address: str) -> Browser:
        """Open the address of a device's prompt in a fresh browser and sign in at the provider; the page where that ends."""
        browser = open_browser()
        with browser.client:
            browser.visit(address)
            browser.send({}, action="/device")
            browser.send({"username": person.email, "password": self.estate.okta["password"]})
        return browser

    def signs_in_seeing(self, person: Person, address: str) -> tuple[str, str]:
        """Open the address of a device's prompt and sign in; the page that asked for it, and the number that the last page shows."""
        browser = open_browser()
        with browser.client:
            browser.visit(address)
            asked = browser.page
            browser.send({}, action="/device")
            browser.send({"username": person.email, "password": self.estate.okta["password"]})
        return asked, browser.text("verification-number")

    def signs_in(self, person: Person, address: str) -> str:
        """Do so; the number that the page shows."""
        browser = self.approves(person, address)
        number = browser.text("verification-number")
        assert number, f"no number at {browser.url} ({browser.status}): {browser.page}"
        return number

    def open_portal(self) -> Browser:
        """Sign in to the admin portal in a fresh browser."""
        browser = open_browser()
        browser.visit(f"{self.estate.url}/admin/devices/add")
        browser.send({"email": ADMINISTRATOR, "password": PASSWORD})
        browser.send({"code": self.phone.code()}, action="/signin/code")
        return browser

    def install_command(self) -> tuple[str, str]:
        """Make an enrolment key in the portal; the command and the key that its page shows."""
        portal = self.open_portal()
        with closing(portal.client):
            portal.visit(f"{self.estate.url}/admin/devices/add")
            portal.send({"name": "Room 12", "max_uses": "1", "days": "7"}, action="/admin/devices/add")
            return portal.text("install-command-1"), portal.text("enrollment-key")

    def audited(self, event_type: str, resource_id: str) -> list[dict[str, Any]]:
        """The entries of the audit log of this type about one thing, oldest first, with their details."""
        rows = self.estate.rows(
            "SELECT changes, details FROM audit_entries WHERE event_type = ? AND resource_id = ? ORDER BY at, id",
            event_type,
            resource_id,
        )
        return [{"changes": json.loads(changes), "details": json.loads(details)} for changes, details in rows]

    @cached_property
    def portal(self) -> Browser:
        """An administrator's browser in the portal."""
        return self.open_portal()

    def reads(self, path: str) -> str:
        """Open a page of the portal; its words."""
        self.portal.visit(f"{self.estate.url}{path}")
        assert self.portal.status == 200, self.portal.page
        return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(self.portal.page)).split())

    def presses(self, path: str, **typed: str) -> None:
        """Open a page of the portal, fill its form in and send it; it must agree."""
        self.reads(path)
        self.portal.send(typed, action=path)
        assert self.portal.status == 200, self.portal.page

    def binding(self, device_id: str, person: Person) -> str:
        """The id of a person's binding to a device."""
        found = self.asks("GET", f"/api/v2/systems/{device_id}/bindings")["bindings"]
        return next(one["id"] for one in found if one["userId"] == person.id)

    def code_in_the_portal(self, device_id: str, binding_id: str, digits: str) -> str:
        """Type a device's digits on its page, as the help desk does; the code that the page shows."""
        self.presses(f"/admin/devices/{device_id}/bindings/{binding_id}/unlock-code", challenge=digits)
        code = self.portal.text("unlock-code")
        assert code, self.portal.page
        return known("a help-desk code", code)

    def receipts(self, person: Person) -> list[dict[str, Any]]:
        """What devices answered to the orders about a person, oldest first."""
        rows = self.estate.rows(
            "SELECT o.kind, o.state, o.receipt FROM orders o JOIN bindings b ON b.id = o.binding_id WHERE b.user_id = ? "
            "ORDER BY o.epoch, o.counter",
            person.id,
        )
        return [{"kind": kind, "state": state, **(json.loads(receipt or "null") or {})} for kind, state, receipt in rows]

    def answered(self, person: Person, kind: str) -> dict[str, Any] | None:
        """The receipt of the newest order about a person, once it is of this kind and done."""
        newest = self.receipts(person)[-1]
        return newest if (newest["kind"], newest["state"]) == (kind, "done") else None


@dataclass(frozen=True)
class Portal:
    """An administrator who is signed in to the admin portal."""

    company: Company
    browser: Browser

    def sets_policy(self, device: Any, *, ssh: str = "inherit", sudo: str = "inherit") -> str:
        """Choose ssh and sudo on the page of one device; the page that followed."""
        path = f"/admin/devices/{device.id}/policy"
        self.browser.visit(f"{self.company.estate.url}{path}")
        self.browser.send({"ssh": ssh, "sudo": sudo}, action=path)
        assert "Saved" in self.browser.page, self.browser.page
        return self.browser.page


@contextmanager
def company() -> Iterator[Company]:
    """Set the organization up and start its server."""
    with estate(people=0) as made:
        phone, made.key = appoint(made.home, ACTOR)
        build(made.folder / "packages")
        made.launcher = ("env", f"HOMEPORT_AGENT_PACKAGES={made.folder / 'packages'}")
        made.serve()
        opened = Company(made, made.key, phone)
        with opened.api:
            yield opened
        if "portal" in vars(opened):
            opened.portal.client.close()
