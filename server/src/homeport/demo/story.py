"""The demo, step by step: each line is printed when the thing has really happened."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.markup import escape

from homeport.bootstrap.home import Home
from homeport.demo.browser import Browser
from homeport.demo.device import Device
from homeport.demo.provider import connect
from homeport.directory.devices.model import OSFamily, ProvisioningSetting
from homeport.foundation.kernel.actor import Actor, system
from homeport.settings import Settings

PEOPLE = (
    ("ada", "Ada", "Lovelace"),
    ("grace", "Grace", "Hopper"),
    ("alan", "Alan", "Turing"),
    ("katherine", "Katherine", "Johnson"),
)
DOMAIN = "acme.example"
MARK = "made-by-homeport-demo"
"""A file in the demo's folder; without it the folder is not emptied."""


@dataclass(slots=True)
class Demo:
    """Everything on one machine. `folder` is emptied at each start."""

    folder: Path
    port: int
    provider_port: int
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True, emoji=False))
    running: list[subprocess.Popen[Any]] = field(default_factory=list)

    @property
    def server(self) -> str:
        """The portal's address: another site than the provider's, so that cookie mistakes show."""
        return f"http://localhost:{self.port}"

    def tell(self) -> None:
        """Run the whole story, then stay until Ctrl-C."""
        self._empty()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            self._tell()
        except KeyboardInterrupt:
            self.console.print("\nStopping.")
        finally:
            for process in reversed(self.running):
                process.terminate()
            for process in self.running:
                process.wait(10)

    def _tell(self) -> None:
        okta = self._start_provider()
        settings = self._start_server(okta["issuer"])
        actor = system("demo")
        home = Home(settings)
        self._add_people(home, actor)
        self._step("Connecting Okta", lambda: connect(home, actor, okta))
        device = Device(self.folder / "device")
        key = self._prepare(home, actor, device)
        self._step("Enrolling the Linux device", lambda: device.enroll(self.server, key))
        self.running.append(device.keep())
        person = f"ada.lovelace@{DOMAIN}"
        self.console.print(f"• [bold]{person}[/] signs in at the device")
        self._sign_in(device, person, okta["password"])
        self.console.print(f"\n[bold green]{escape(device.account('ada'))}[/]\n")
        with home.work.write() as actions:
            token = actions.administrator_links.issue(actor)
        home.parts.database.dispose()
        self._say_goodbye(token, okta["password"], device)
        while all(process.poll() is None for process in self.running):
            time.sleep(0.3)
        self.console.print("[red]A part of the demo stopped by itself.[/] Its output is above.")

    def _empty(self) -> None:
        if self.folder.exists():
            if not (self.folder / MARK).exists() and any(self.folder.iterdir()):
                raise SystemExit(f"homeport: {self.folder} holds something else than a demo. Give another --folder.")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, mode=0o711)
        (self.folder / MARK).touch()

    def _start_provider(self) -> dict[str, Any]:
        words = [
            sys.executable,
            "-m",
            "homeport_simulators",
            "okta",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.provider_port),
            "--demo",
        ]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own simulator
        self.running.append(process)
        assert process.stdout is not None
        ready: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
        if not ready:
            raise SystemExit(f"homeport: the Okta simulator did not start. Is port {self.provider_port} taken?")
        self.console.print(f"• The Okta simulator answers at {ready['issuer']}")
        return ready

    def _start_server(self, allowed: str) -> Settings:
        settings = Settings.read(
            {},
            data=self.folder / "data",
            public_url=self.server,
            port=self.port,
            organization="Acme",
            outbound_allow=(allowed,),
            log_format="console",
        )
        environment = {
            **os.environ,
            "HOMEPORT_DATA": str(settings.data),
            "HOMEPORT_PUBLIC_URL": self.server,
            "HOMEPORT_PORT": str(self.port),
            "HOMEPORT_ORGANIZATION": "Acme",
            "HOMEPORT_OUTBOUND_ALLOW": allowed,
        }
        log = (self.folder / "server.log").open("w")
        process = subprocess.Popen([sys.executable, "-m", "homeport", "serve"], env=environment, stdout=log, stderr=log)
        self.running.append(process)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx2.get(f"{self.server}/health", timeout=2).status_code == 200:  # noqa: PLR2004 - OK
                    self.console.print(f"• Homeport answers at {self.server}, on SQLite in {settings.data}")
                    return settings
            except httpx2.HTTPError:
                time.sleep(0.05)
        raise SystemExit(f"homeport: the server did not start. It said:\n{(self.folder / 'server.log').read_text()[-2000:]}")

    def _add_people(self, home: Home, actor: Actor) -> None:
        with home.work.write() as actions:
            for username, firstname, lastname in PEOPLE:
                email = f"{firstname}.{lastname}@{DOMAIN}".lower()
                actions.people.create(actor, username=username, email=email, firstname=firstname, lastname=lastname)
        self.console.print(f"• {len(PEOPLE)} people are in the directory: {', '.join(person[0] for person in PEOPLE)}")

    def _prepare(self, home: Home, actor: Actor, device: Device) -> str:
        device.lay_out()
        with home.work.write() as actions:
            actions.provisioning.set(actor, ProvisioningSetting(OSFamily.LINUX, enabled=True, several_users=True))
            _, key = actions.enrollment_keys.create(actor, "Demo laptop")
        self.console.print("• Self Service Account Provisioning for Linux is enabled")
        return key

    def _step(self, doing: str, act: Callable[[], str]) -> None:
        self.console.print(f"• {doing} … {act()}")

    def _sign_in(self, device: Device, email: str, password: str) -> None:
        browser, passcode = Browser.open(), f"local-{secrets.token_hex(4)}"
        conversation = device.sign_in()
        for event in conversation.events():
            match event["event"]:
                case "code":
                    self.console.print(
                        f"  the device shows {event['verification_uri']} and the code [bold]{event['user_code']}[/]"
                    )
                    browser.visit(event["verification_uri_complete"])
                    browser.send({}, action="/device")
                    self.console.print(f"  the browser is at {browser.url.split('?')[0]}")
                    browser.send({"username": email, "password": password})
                    self.console.print(f"  signed in; the page shows the number [bold]{browser.text('verification-number')}[/]")
                case "number_wanted":
                    conversation.answer(browser.text("verification-number"))
                case "passcode_wanted":
                    conversation.answer(passcode)
                case "bound":
                    self.console.print(
                        f"  the account was made by the signed order and has a local passcode: [bold]{passcode}[/]"
                    )
                case "refused":
                    raise SystemExit(f"homeport: the sign-in was refused: {event['reason']} ({event['message']})")

    def _say_goodbye(self, token: str, password: str, device: Device) -> None:
        agent = Path(sys.executable).with_name("homeport-agent")
        shown = agent.relative_to(Path.cwd()) if agent.is_relative_to(Path.cwd()) else agent
        say = self.console.print
        say(f"[bold]Admin portal[/]   {self.server}/admin")
        say(f"  become its first administrator (once, within an hour): {self.server}/admin/link/{token}")
        say(f"[bold]People[/]         {', '.join(f'{first}.{last}@{DOMAIN}'.lower() for _, first, last in PEOPLE)}")
        say(f"  their password at the Okta simulator: {password}")
        say("[bold]Sign in as a second person[/], in another terminal:")
        say(f"  {shown} sign-in --root {device.root}")
        say("Ctrl-C stops everything.")
