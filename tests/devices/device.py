"""A machine with the agent: its two processes as the installed units start them, and people's sign-ins at it."""

import configparser
import json
import os
import shlex
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.devices.company import Company, Person
from tests.support.debian.machine import SSH_OPTIONS, Machine, Service
from tests.support.debian.terminal import Terminal
from tests.support.debian.wire import State

PASSCODE = "walnut-harbour-17"
UNITS = "/usr/lib/systemd/system"
ACCOUNTS = "homeport-accounts"
PROCESSES = (ACCOUNTS, "homeport-agent")
OWN = ("/agent/v1/", "/oauth/token", "/.well-known/")
"""What the agent asks for at its own times; for somebody who comes it asks for a device authorization first."""


@dataclass
class Device:
    """One enrolled machine of the company."""

    company: Company
    machine: Machine
    id: str
    expected: tuple[Person, ...]
    """People whom the machine must have heard of before it is used."""
    services: dict[str, Service] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start the agent's processes and wait until they are at work."""
        for name in names or PROCESSES:
            self.launch(name)
            self.services[name].wait_for_log("Keeping the accounts")
        roster = self.machine.root / "var/lib/homeport-accounts/roster.json"
        self.machine.until(
            lambda: roster.exists() and all(person.username in roster.read_text() for person in self.expected),
            "the list of people",
        )

    def launch(self, name: str, shift: str = "") -> None:
        """Start one of the agent's processes as its unit does, by the same command, user and folder; `shift` moves its clock."""
        if not (self.machine.root / "run/homeport").exists():
            self.machine.run("systemd-tmpfiles", "--create", "homeport-agent.conf")
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read_string(self.machine.read(f"{UNITS}/{name}.service"))
        service = unit["Service"]
        user = service.get("User", "root")
        if folder := service.get("RuntimeDirectory"):
            self.machine.run("install", "-d", "-o", user, "-m", service["RuntimeDirectoryMode"], f"/run/{folder}")
        command = shlex.split(service["ExecStart"])
        words = self.machine.at_another_time(shift, *command) if shift else command
        log = f"/var/log/{name}.log"
        self.machine.write(log, "")  # so that nobody takes what the one before said for this one's word
        self.services[name] = self.machine.start(*words, user=user, log=log)

    def kill(self, *names: str) -> None:
        """End the agent's processes as `kill -9` does."""
        for name in names or tuple(self.services):
            self.services.pop(name).kill()

    def mend(self) -> None:
        """Undo what a test did to the wire and to our processes."""
        if self.machine.wire.state is not State.UP:
            self.machine.wire.mend()
        for service in self.services.values():
            if service.running:  # what started it stopped along with it
                for pid in (service.pid, service.process.pid):
                    os.kill(pid, signal.SIGCONT)
        if ended := [name for name in PROCESSES if name not in self.services or not self.services[name].running]:
            self.start(*ended)

    def signs_in(self, terminal: Terminal, person: Person, passcode: str | None = PASSCODE) -> None:
        """Follow a prompt that shows an address and a code, up to the shell; without a passcode when one is there already."""
        code = terminal.reads(r"with code +([A-Z]{4}-[A-Z]{4})")[1]
        terminal.reads("Number shown there: $")
        terminal.types(self.company.signs_in(person, f"{self.company.estate.url}/device?user_code={code}"))
        if passcode is not None:
            for prompt in ("Choose a passcode for", "The same again: $"):
                terminal.asks_secretly(prompt)
                terminal.types(passcode)
        terminal.reads(r"\$ $")

    def bind(self, person: Person, passcode: str = PASSCODE) -> None:
        """Give a person their account, by the command that needs no console."""
        words = self.machine.inside("homeport-agent", "sign-in", "--json")
        with self.company.estate.programs.start(*words) as program:
            number = self.company.signs_in(person, _hear(program, "code")["verification_uri_complete"])
            _hear(program, "number_wanted")
            program.say(number)
            for _ in range(2):
                _hear(program, "passcode_wanted")
                program.say(passcode)
            _hear(program, "bound")
            assert program.wait() == 0

    def knows_the_help_desk(self) -> None:
        """Wait until the server and the privileged half have a key in common."""
        kept = self.machine.root / "var/lib/homeport-accounts/help-desk.json"
        self.machine.until(lambda: kept.exists() and '"key"' in kept.read_text(), "the key of the help desk")

    def asked_for_somebody(self, begun: int) -> list[str]:
        """What the machine asked the server because somebody came, since it had asked so many times."""
        return [one for one in self.machine.wire.asked[begun:] if not any(f" {path}" in one for path in OWN)]

    def uid(self, person: Person) -> int:
        return int(self.machine.entry("passwd", person.username)[2])

    def logs_in(self, person: Person, passcode: str = PASSCODE) -> Terminal:
        """Log in at the console with the passcode; at the shell's prompt."""
        console = self.machine.console()
        console.reads("login: $")
        console.types(person.username)
        console.asks_secretly("Password: $")
        console.types(passcode)
        console.reads(r"\$ $")
        return console

    def refuses_the_passcode(self, person: Person, passcode: str = PASSCODE) -> str:
        """Try to log in at the console; what the terminal showed before it asked anew."""
        with self.machine.console() as console:
            console.reads("login: $")
            console.types(person.username)
            console.asks_secretly("Password: $")
            console.types(passcode)
            console.reads(r"incorrect|expired|failure|denied|login: $")
            return console.text

    def give_a_key(self, person: Person) -> None:
        """Let the key /etc/key open the person's account over ssh."""
        machine, folder = self.machine, f"/home/{person.username}/.ssh"
        if not (machine.root / "etc/key").exists():
            machine.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/key")
        machine.run("install", "-d", "-o", person.username, "-g", person.username, "-m", "700", folder)
        machine.run("tee", f"{folder}/authorized_keys", user=person.username, input=machine.read("/etc/key.pub"))

    def key_opens(self, person: Person, *options: str) -> bool:
        """Whether ssh with that key runs a command."""
        words = ["-i", "/etc/key", "-o", "BatchMode=yes", *SSH_OPTIONS, *options]
        return self.machine.attempt("ssh", *words, f"{person.username}@localhost", "true").returncode == 0


def _hear(program: Any, event: str) -> dict[str, Any]:
    heard = json.loads(program.next_line())
    assert heard["event"] == event, heard
    return heard


@contextmanager
def device(company: Company, machine: Machine, *expected: Person):
    """Enrol a booted machine and start its agent; it is ready when it has heard of the people."""
    made = Device(company, machine, company.enroll(machine), expected)
    made.start()
    yield made
