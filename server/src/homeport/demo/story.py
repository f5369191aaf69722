"""The demo, step by step: each line is printed when the thing has really happened."""

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from homeport.bootstrap.home import Home
from homeport.channels.console.mail.actions import TypedServer
from homeport.demo.browser import Browser
from homeport.demo.device import Device
from homeport.demo.macs import connect as connect_apple
from homeport.demo.programs import SERIAL, DemoFailed, Programs
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


@dataclass(frozen=True, slots=True)
class Demo:
    """Tells the story over programs that are already starting."""

    programs: Programs
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True, emoji=False))

    def tell(self) -> None:
        """Run the whole story, then stay until one of the programs ends."""
        programs, say = self.programs, self.console.print
        okta = programs.provider_ready()
        say(f"• The Okta simulator answers at {okta['issuer']}")
        programs.server_ready()
        say(f"• Homeport answers at {programs.server}, on SQLite in {programs.data}")
        settings = Settings.read(
            {}, data=programs.data, public_url=programs.server, organization="Acme", outbound_allow=(programs.issuer,)
        )
        actor, home = system("demo"), Home(settings)
        self._add_people(home, actor)
        mailbox = self._send_mail_to(home, actor)
        self._step("Connecting Okta", lambda: connect(home, actor, okta))
        self._step(
            f"Connecting Apple Business Manager, with the Mac {SERIAL}", lambda: connect_apple(home, actor, programs.apple)
        )
        device = Device(programs.folder / "device")
        key = self._prepare(home, actor, device)
        self._step("Enrolling the Linux device", lambda: device.enroll(programs.server, key))
        programs.adopt(device.keep())
        person = f"ada.lovelace@{DOMAIN}"
        say(f"• [bold]{person}[/] signs in at the device")
        self._sign_in(device, person, okta["password"])
        say(f"\n[bold green]{escape(device.account('ada'))}[/]\n")
        with home.work.write() as actions:
            token = actions.administrator_links.issue(actor)
        home.parts.database.dispose()
        self._say_goodbye(token, okta["password"], device, mailbox)
        programs.wait()
        say("[red]A part of the demo stopped by itself.[/] Its output is above or in the demo's folder.")

    def _add_people(self, home: Home, actor: Actor) -> None:
        with home.work.write() as actions:
            for username, firstname, lastname in PEOPLE:
                email = f"{firstname}.{lastname}@{DOMAIN}".lower()
                actions.people.create(actor, username=username, email=email, firstname=firstname, lastname=lastname)
        self.console.print(f"• {len(PEOPLE)} people are in the directory: {', '.join(person[0] for person in PEOPLE)}")

    def _send_mail_to(self, home: Home, actor: Actor) -> str:
        """Configure the demo's mailbox as the mail server, and send Ada a link to the user portal; return its page."""
        ready = self.programs.mailbox_ready()
        typed = TypedServer(ready["smtp_host"], ready["smtp_port"], "none", "", "", f"homeport@{DOMAIN}")
        with home.work.write() as actions:
            actions.mail_settings.save(actor, typed)
            ada = actions.people.find_by_email(actor, f"ada.lovelace@{DOMAIN}")
            assert ada is not None
            actions.forgotten.send(actor, ada.id)
        self.console.print(f"• The mailbox at {ready['page']} shows every mail; Ada has a link to the user portal in it")
        return str(ready["page"])

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
                    raise DemoFailed(f"The sign-in was refused: {event['reason']} ({event['message']})")

    def _say_goodbye(self, token: str, password: str, device: Device, mailbox: str) -> None:
        say = self.console.print
        say(f"[bold]Admin portal[/]   {self.programs.server}/admin")
        say(f"  become its first administrator (once, within an hour): {self.programs.server}/admin/link/{token}")
        say(f"[bold]User portal[/]    {self.programs.server}/user, with the link in the mailbox: {mailbox}")
        say(f"[bold]People[/]         {', '.join(f'{first}.{last}@{DOMAIN}'.lower() for _, first, last in PEOPLE)}")
        say(f"  their password at the Okta simulator: {password}")
        say("[bold]Sign in as a second person[/], in another terminal:")
        say(f"  {_beside('homeport-agent')} sign-in --root {device.root}")
        say(
            "[bold]Boot a new Mac[/] and let Grace sign in on it, in another terminal (then look at *Devices* in the admin portal):"
        )
        say(
            f"  {_beside('homeport-simulators')} mac --apple {self.programs.apple['url']} --folder {self.programs.folder / 'apple'} \\"
        )
        say(f"    --serial {SERIAL} --user grace.hopper@{DOMAIN} --password '{password}'")
        say("Ctrl-C stops everything.")


def _beside(program: str) -> Path:
    """Return where a program of this environment is, as short as it can be typed here."""
    found = Path(sys.executable).with_name(program)
    return found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else found
