"""kill -9 of both halves after each line of the journal: each step of each kind of order, intended and done, by Debian's own tools."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.devices.company import Company, Person
from tests.devices.device import ACCOUNTS, PROCESSES, Device
from tests.faults import truth
from tests.faults.estate import until
from tests.faults.gate import Gate, unavailable
from tests.faults.person import PASSCODE, Attempt, sign_in
from tests.support.processes import Program

from homeport.directory.devices.model import AccountPermission, After
from homeport_agent.accounts.model import Step

pytestmark = pytest.mark.xdist_group("devices-journal")
Hits = dict[str, set[str]]
# agent/tests/test_kill.py kills a take-over after each of its lines.
_ELSEWHERE = {Step.ADOPT}


@dataclass
class Victim:
    """A machine whose two processes are killed again and again; `tests.faults.truth` looks at it as at any other device."""

    lab: Device
    daemon: None = None

    def __post_init__(self) -> None:
        self.name, self.device_id = self.lab.machine.name, self.lab.id
        self.root = SimpleNamespace(path=self.lab.machine.root)
        self.file = self.lab.machine.root / "var/lib/homeport-accounts/journal.jsonl"
        self._program: Program | None = None

    def journal(self) -> list[dict[str, Any]]:
        with contextlib.suppress(FileNotFoundError):
            whole = self.file.read_text().rpartition("\n")[0]  # the last line may be on its way
            return [json.loads(line) for line in whole.splitlines()]
        return []

    def accounts(self) -> dict[str, list[str]]:
        lines = [line.split(":") for line in self.lab.machine.read("/etc/passwd").splitlines()]
        return {fields[0]: fields for fields in lines if 20_000 <= int(fields[2]) < 60_000}

    def expired(self, username: str) -> bool:
        return (self.lab.machine.entry("shadow", username) or [""] * 8)[7] == "1"

    def launch(self) -> None:
        """Start both processes and wait for nothing."""
        for name in PROCESSES:
            self.lab.launch(name)

    def repair(self) -> None:
        """Start the half that keeps the accounts: it finishes what was begun before anybody else may speak to it."""
        self.lab.launch(ACCOUNTS)

    def keep(self) -> None:
        """Have both run."""
        if any(name not in self.lab.services or not self.lab.services[name].running for name in PROCESSES):
            self.kill()
            self.lab.start()

    def sign_in(self) -> Program:
        words = self.lab.machine.inside("homeport-agent", "sign-in", "--json")
        self._program = self.lab.company.estate.programs.start(*words)
        return self._program

    def kill(self) -> None:
        self.lab.kill()

    def strike(self, _writer: int = 0) -> None:
        """Kill both halves, and the prompt, which would take the place of the one that keeps the accounts."""
        if self._program is not None and self._program.running:
            os.killpg(self._program.process.pid, signal.SIGKILL)
        for service in list(self.lab.services.values()):  # the second may be about to be launched
            with contextlib.suppress(ProcessLookupError, IndexError, FileNotFoundError):
                os.kill(service.pid, signal.SIGKILL)

    @property
    def running(self) -> bool:
        return all(service.running for service in self.lab.services.values())


@dataclass
class Killer:
    """Kills a victim at every line of the orders that the company gives about one person."""

    acme: Company
    victim: Victim
    ada: Person
    hits: Hits

    def run_until(self, lines: int, start: Callable[[], None]) -> dict[str, Any] | None:
        """Start, and kill both halves before the line after so many is written; the last line, None when the order came to its end."""
        gate = Gate(self.victim.file, lambda written: len(written) >= lines, self.victim.strike)
        begun = len(self.victim.journal())
        try:
            start()
            finished = lambda: any(line["step"] == Step.FINISH for line in self.victim.journal()[begun:])  # noqa: E731 - waited for below
            until(lambda: gate.killed_after is not None or finished(), "the end of the order or of the agent")
            return gate.killed_after
        finally:
            gate.close()
            self.victim.kill()

    def at_every_line(self, kind: str, first: Callable[[], None] | None = None) -> None:
        """Kill after the order is accepted, then after one line, two lines … of each repair, until a repair comes to its end."""
        kills, lines, start, begun = 0, 1, first or self.victim.launch, time.monotonic()
        while last := self.run_until(lines, start):
            kills += 1
            self.hits.setdefault(last["step"], set()).add(last["phase"])
            lines = 1 if last["step"] == Step.ACCEPT else lines + 1
            start = self.victim.repair
        self.hits.setdefault(Step.FINISH, set()).add("done")
        truth.converges(self.acme.estate, [self.victim])
        self.victim.kill()
        print(f"{kind}: killed {kills} times in {time.monotonic() - begun:.0f} s", flush=True)

    def signs_in(self) -> Attempt:
        self.victim.keep()
        return sign_in(self.acme.estate, self.victim, self.ada.username)

    def prompts(self) -> None:
        """Let her sign in at a machine that runs, in a thread."""
        threading.Thread(target=self.signs_in, daemon=True).start()

    def at_the_passcode(self) -> None:
        """Kill around the moment at which the passcode is set, which no repair sets again: she signs in once more."""
        intended = lambda written: bool(written) and written[-1]["step"] == Step.PASSCODE  # noqa: E731 - what the gate is asked
        gate = Gate(self.victim.file, intended, self.victim.strike)
        try:
            assert self.signs_in().outcome != "bound"
            self.hits.setdefault(Step.PASSCODE, set()).add(gate.killed_after["phase"])
        finally:
            gate.close()
            self.victim.kill()
        self.prompts()
        set_before = self._passcodes()
        until(lambda: self._passcodes() > set_before, "the passcode")
        self.victim.strike()
        self.hits[Step.PASSCODE].add("done")
        self.victim.kill()

    def _passcodes(self) -> int:
        return sum(line["step"] == Step.PASSCODE and line["phase"] == "done" for line in self.victim.journal())


def test_killed_after_every_line_of_the_journal_every_order_is_finished_exactly_once(acme, lab, ada):
    if why := unavailable():
        pytest.fail(f"Kills at the journal's steps need fanotify, which needs root ({why}).")
    acme.set_provisioning(default_permission=AccountPermission.ADMIN)
    lab.machine.write("/etc/homeport/agent.json", '{"allowed_groups": ["users"]}')
    killer = Killer(acme, Victim(lab), ada, {})
    estate, victim, home = acme.estate, killer.victim, Path(lab.machine.root / "home" / ada.username)
    killer.at_every_line("bind", killer.prompts)
    killer.at_the_passcode()
    assert killer.signs_in().outcome == "bound"
    lab.logs_in(ada, PASSCODE).close()
    victim.kill()
    acme.suspend(ada)
    killer.at_every_line("suspend")
    acme.activate(ada)
    killer.at_every_line("activate")
    lab.logs_in(ada, PASSCODE).close()
    estate.reset_passcode(ada.username, victim)
    killer.at_every_line("reset_passcode")
    assert lab.machine.entry("shadow", ada.username)[1] == "!"
    estate.unbind(ada.username, victim, After.REMOVE)
    killer.at_every_line("unbind")
    assert ada.username not in victim.accounts()
    assert not home.exists()
    assert killer.signs_in().outcome == "bound"
    victim.kill()
    estate.unbind(ada.username, victim, After.KEEP)
    killer.at_every_line("unbind, keeping the account")
    lab.logs_in(ada, PASSCODE).close()
    missed = {step.value for step in Step if step not in killer.hits} - _ELSEWHERE
    assert not missed
    halves = {step for step, phases in killer.hits.items() if phases != {"intent", "done"}}
    assert halves <= {Step.ACCEPT, Step.FINISH}, halves  # the one has no end, the other no beginning
