"""`homeport-simulators mac`: one Mac from its first boot to the account of its person, told line by line."""

import hashlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeport_simulators.apple.mac import DeviceAuthority, LocalAccount, Mac
from homeport_simulators.apple.openssl import OpenSsl
from homeport_simulators.apple.web_view import WebView

PATIENCE = 90.0
"""Seconds that it waits for a profile at Apple's service, and for its management."""


class NotSetUp(Exception):  # noqa: N818 - says what is the case
    """The Mac was not set up; the text says what it waited for."""


@dataclass(frozen=True, slots=True)
class FirstDay:
    """What one Mac needs: Apple's simulated service with its control, and the folder of the authority that made it."""

    control: str
    authority: Path
    folder: Path
    say: Callable[[str], None] = print

    def run(self, serial: str, user: str, password: str) -> LocalAccount:
        """Set the Mac up as a person does, and return their account; raise NotSetUp or NoProfile when it ends before."""
        udid = str(uuid.UUID(hashlib.sha256(serial.encode()).hexdigest()[:32])).upper()
        folder = self.folder / serial
        folder.mkdir(parents=True, exist_ok=True)
        DeviceAuthority.make(self.authority).issue(OpenSsl(folder), udid)
        mac, say = Mac(serial, udid, folder), self.say
        say(f"• Mac {serial} is switched on and asks Apple's service for its enrolment profile")
        handed = self._boot(serial)
        say(f"• Apple's service sends it to {handed['configuration_web_url']}")
        person = {"username": user, "password": password}
        profile = WebView(say).profile(handed["configuration_web_url"], mac.aspen_header(), person)
        mac.install_enrollment(profile, awaiting=handed["await_device_configured"])
        say("• It installed the signed profile, got its certificate by SCEP, and checked in")
        self._release(mac)
        account = mac.create_account()
        kind = "an administrator" if account.admin else "a standard account"
        locked = "locked" if mac.prefill.get("locked") else "not locked"
        say(f"• The account pane holds {account.name} ({account.full_name}), {locked}; {user} types a password: {kind}")
        mac.log_in(account)
        told = mac.poll()
        say(f"• {account.name} logs in; the Mac's answers to {', '.join(told) or 'nothing'} are in")
        return account

    def _boot(self, serial: str) -> dict[str, Any]:
        address = f"{self.control}/boot/{urllib.parse.quote(serial)}"
        over = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(address, data=b"", timeout=PATIENCE) as answer:  # noqa: S310 - the simulator's own
                    found: dict[str, Any] = json.loads(answer.read())
                    return found
            except urllib.error.HTTPError as error:
                if error.code != 404 or time.monotonic() > over:  # noqa: PLR2004 - Not Found
                    raise NotSetUp(f"Apple's service has no enrolment profile for {serial}.") from error
            time.sleep(0.5)

    def _release(self, mac: Mac) -> None:
        over = time.monotonic() + PATIENCE
        while mac.awaiting:
            for command in mac.poll():
                self.say(f"  its management says {command}")
            if mac.awaiting:
                if time.monotonic() > over:
                    raise NotSetUp("Setup Assistant still waits for management.")
                time.sleep(0.5)
