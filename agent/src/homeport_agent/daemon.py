"""``run``: fetch the desired state, have the orders carried out, report, again; until SIGTERM or until the device is deleted."""

import contextlib
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from homeport_agent.client import Client, refusal_of
from homeport_agent.facts import report_facts
from homeport_agent.people import People
from homeport_agent.privileged import PrivilegedHalf
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

_WAIT = 25
_WAIT_FOR_A_PASSCODE = 5
_MARGIN = 15.0
_MOST_RECEIPTS = 100
_OK = 200
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_GONE = "device_gone"


class Stopped(BaseException):
    """SIGTERM or SIGINT came while the daemon was waiting; nothing was under way."""


@dataclass
class Stopper:
    """Lets a signal interrupt a wait and nothing else: an order that is being carried out is finished first."""

    asked: bool = False
    _waiting: bool = False

    def install(self) -> None:
        """Take over SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if self._waiting:
            raise Stopped

    def __enter__(self) -> None:
        self._waiting = True
        if self.asked:
            raise Stopped

    def __exit__(self, *_: object) -> None:
        self._waiting = False


def log(sentence: str) -> None:
    """One line on standard error; the journal of the system adds time and name."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


@dataclass
class Daemon:
    """Keeps one device in its desired state. ``jitter`` gives a number from 0 to 1."""

    root: Root
    client: Client
    accounts: PrivilegedHalf
    stopper: Stopper
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    _version: int = field(default=0, init=False)
    _pause: float = field(default=_FIRST_PAUSE, init=False)
    _reported: list[dict[str, Any]] | None = field(default=None, init=False)
    _waiting: set[str] = field(default_factory=set, init=False)
    """Orders that wait until somebody gives the passcode of an account at a prompt; then their receipt is another."""
    _people: People = field(default_factory=People, init=False)

    def run(self) -> None:
        """Work until told to stop or until the server has deleted the device."""
        try:
            # Starts the privileged half when nobody serves it, and so repairs what a crash left, before anything new.
            self.accounts.call({"do": "status"})
            log(f"Keeping the accounts of {self.root.folder} as {self.client.issuer} says.")
            while self._round():
                pass
        except Stopped:
            log("Stopped.")

    def _round(self) -> bool:
        try:
            state = self._fetch()
            # Orders first, reports after: a server that takes no reports must still be able to suspend.
            complete = self._carry_out(state.get("orders") or [])
            if complete and state.get("status") == "deleted":  # the orders that came along were what ends its accounts
                return self._deleted()
            version = state.get("version")
            if complete and isinstance(version, int):
                fresh = version != self._version
                self._version, self._pause = version, _FIRST_PAUSE
                self._keep_people(fresh=fresh)
                return True
            log("An order could not be carried out yet; it will be tried again.")
        except Refusal as refusal:
            if refusal.reason == _GONE:
                return self._deleted()
            log(f"{refusal.message} ({refusal.reason})")
        # The version stays, so the server answers at once next time and sends again what is open.
        self._back_off()
        return True

    def _deleted(self) -> bool:
        """End: the accounts were dealt with by their orders, and nobody may sign in here any more."""
        with contextlib.suppress(Refusal):  # then they are told at the prompt that the agent does not answer
            self._people.forget_all(self.accounts)
        log("The server has deleted this device; nothing more to do.")
        return False

    def _keep_people(self, *, fresh: bool) -> None:
        """Keep list and policy like the server's; trouble with them, such as a broken sshd, must not hold up the next suspension."""
        try:
            self._people.bring_up_to_date(self.client, self.accounts, fresh=fresh)
        except Refusal as refusal:
            if refusal.reason == _GONE:
                raise
            log(f"{refusal.message} ({refusal.reason})")

    def _back_off(self) -> None:
        with self.stopper:
            self.sleep(self._pause * (0.5 + self.jitter() / 2))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _fetch(self) -> dict[str, Any]:
        wait = (_WAIT_FOR_A_PASSCODE if self._waiting else _WAIT) if self._reported is not None else 0
        path = f"/agent/v1/desired-state?version={self._version}&wait={wait}"
        with self.stopper:
            answer = self.client.agent_request("GET", path, seconds=wait + _MARGIN)
        if answer.status != _OK:
            raise refusal_of(answer, "The server did not give the desired state")
        return answer.document

    def _carry_out(self, orders: list[Any]) -> bool:
        """Apply in sequence, then report; whether none is left to try again."""
        receipts: list[dict[str, Any]] = []
        waited, self._waiting = self._waiting, set()
        for entry in orders:
            if self.stopper.asked:
                raise Stopped
            if not isinstance(entry, dict):
                continue
            receipt = self.accounts.call({"do": "apply", "order": entry.get("order"), "order_key": entry.get("order_key")})[
                "receipt"
            ]
            receipts.append(receipt)
            if receipt["reason"] == Reason.ACCOUNT_PASSCODE_WANTED:
                self._waiting.add(receipt["order_id"])
                if receipt["order_id"] in waited:
                    continue  # said already
            log(
                f"Order {receipt['order_id'] or '(unreadable)'}: {receipt['outcome']}"
                + (f", {receipt['reason']}" if receipt["reason"] else "")
            )
        sent = [receipt for receipt in receipts if receipt["order_id"]]
        for first in range(0, max(len(sent), 1), _MOST_RECEIPTS):
            self._report(sent[first : first + _MOST_RECEIPTS])
        return all(receipt["outcome"] != "failed" for receipt in receipts)

    def _report(self, receipts: list[dict[str, Any]]) -> None:
        accounts = self.accounts.call({"do": "accounts"})["accounts"]
        notices = self.accounts.call({"do": "notices"})["notices"]
        if not receipts and not notices and accounts == self._reported:
            return
        with self.stopper:
            facts = report_facts(self.root)
            self.client.report({"receipts": receipts, "accounts": accounts, "notices": notices, "device": facts})
        if notices:
            self.accounts.call({"do": "told", "ids": [notice["id"] for notice in notices]})
        self._reported = accounts
