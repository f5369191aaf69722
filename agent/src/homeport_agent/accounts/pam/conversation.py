"""Who is asked what at the prompt: the first sign-in, a renewed lease, and everybody who is none of our business."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.model import Outcome, Record
from homeport_agent.accounts.network import ANSWER_SECONDS, NetworkHalf
from homeport_agent.accounts.pam.talk import COLUMNS, Hello, Result, Talk
from homeport_agent.accounts.roster import Person, Roster
from homeport_agent.jose import JoseError, read_unverified
from homeport_agent.qr import draw, drawable
from homeport_agent.refusals import Reason, Refusal

_DAY = 86_400
_REUSE_MARGIN = 20.0
_MOST_OPEN = 2_000
_TRIES = 5


@dataclass(frozen=True)
class Open:
    """A sign-in that was begun and may still be finished: ``nonce`` is its name between the two halves."""

    nonce: str
    until: float


@dataclass
class Conversations:
    """Answers the PAM module. ``resolves`` tells whether the system knows a name, as sshd asks before it authenticates."""

    applier: Applier
    roster: Roster
    network: NetworkHalf
    resolves: Callable[[str], bool]
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _open: dict[tuple[str, str, str], Open] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def hold(self, talk: Talk, hello: Hello) -> Result:
        """Hold one conversation to its result."""
        record = self._record(hello.user)
        person = self.roster.find(hello.user)
        if record is None and person is not None:
            record = self.applier.ledger.records.get(person.user_id)
        if hello.op == "acct":
            return self._account(talk, record)
        if record is None and (person is None or self.applier.is_foreign(person.username)):
            return Result.USER_UNKNOWN
        if record is not None and not self._wants_browser(record):
            return Result.IGNORE
        if hello.service == "sshd" and not self.resolves(hello.user):
            return Result.USER_UNKNOWN  # sshd puts junk in the place of what somebody types whose name it did not know
        return self._sign_in(talk, hello, _wanted(record, person))

    def _record(self, username: str) -> Record | None:
        records = list(self.applier.ledger.records.values())
        return next((record for record in records if record.username == username and record.account_made), None)

    def _account(self, talk: Talk, record: Record | None) -> Result:
        if record is None:
            return Result.USER_UNKNOWN
        if record.state != "active":
            talk.error("This account is suspended. Ask your administrator.")
            return Result.PERM_DENIED
        return Result.SUCCESS

    def _wants_browser(self, record: Record) -> bool:
        """Whether the local passcode cannot do: there is none, or the lease is over and nothing else is wrong."""
        if record.state != "active":
            return False
        found = self.applier.backend.find(record.username)
        if found is None or found.uid != record.uid:
            return False
        today = self.applier.ledger.now(self.clock()) / _DAY
        return not found.passcode_set or (found.expires_on is not None and found.expires_on <= today)

    # The sign-in

    def _sign_in(self, talk: Talk, hello: Hello, wanted: Person) -> Result:
        key = (wanted.username, hello.service, hello.rhost or hello.tty)
        try:
            begun = self._begin(talk, hello, wanted, key)
            order, order_key = self._earn(talk, hello, begun, key)
            receipt = self._apply(talk, wanted, order, order_key)
            if hello.user != wanted.username:
                talk.user(wanted.username)
            found = self.applier.backend.find(wanted.username)
            if found is None or not found.passcode_set:
                self._choose_passcode(talk, wanted.username, receipt["order_id"])
        except Refusal as refusal:
            marks = f"Reason: {refusal.reason}" + (f"   Sign-in: {refusal.sign_in_id}" if refusal.sign_in_id else "")
            talk.error(refusal.message, marks)
            if refusal.reason != Reason.SERVER_UNREACHABLE:
                self._forget(key)
            return Result.AUTH_ERR
        return Result.SUCCESS

    def _begin(self, talk: Talk, hello: Hello, wanted: Person, key: tuple[str, str, str]) -> dict[str, Any]:
        now = self.monotonic()
        with self._lock:
            for old in [name for name, sign_in in self._open.items() if sign_in.until < now]:
                del self._open[old]
            if len(self._open) >= _MOST_OPEN:
                raise Refusal(Reason.TOO_MANY_SIGN_INS, "Too many sign-ins are open on this device. Wait ten minutes.")
            sign_in = self._open.setdefault(key, Open(secrets.token_urlsafe(24), now + ANSWER_SECONDS))
        talk.wait(ANSWER_SECONDS + 5)
        begun = self.network.call(
            {"do": "begin", "nonce": sign_in.nonce, "user_id": wanted.user_id, "purpose": "device_login", "where": hello.where}
        )
        with self._lock:
            self._open[key] = Open(sign_in.nonce, now + float(begun["expires_in"]) - _REUSE_MARGIN)
        return begun

    def _forget(self, key: tuple[str, str, str]) -> None:
        with self._lock:
            self._open.pop(key, None)

    def _earn(self, talk: Talk, hello: Hello, begun: dict[str, Any], key: tuple[str, str, str]) -> tuple[str, str]:
        rows = begun.get("verification_qr")
        if hello.at_console and drawable(rows, widest=COLUMNS):
            talk.info("\n".join(draw(rows or [])))
        hint = ""
        with self._lock:
            nonce = self._open[key].nonce
        for _ in range(_TRIES * 4):
            number = talk.ask(f"{hint}{_prompt(begun)}", echo=True).strip()
            talk.wait(ANSWER_SECONDS + 5)
            answer = self.network.call({"do": "redeem", "nonce": nonce, "number": number})
            if isinstance(answer.get("order"), str) and isinstance(answer.get("order_key"), str):
                self._forget(key)
                return answer["order"], answer["order_key"]
            hint = _hint(answer)
        raise Refusal(Reason.CONVERSATION_ENDED, "The number did not come. Start again when the browser shows it.")

    def _apply(self, talk: Talk, wanted: Person, order: str, order_key: str) -> dict[str, Any]:
        try:
            named = read_unverified(order)[1]["account"]["user_id"]  # `apply` verifies the same text
        except (JoseError, KeyError, TypeError) as error:
            raise Refusal(Reason.ORDER_MALFORMED, "The order names no account. Ask your administrator.") from error
        if named != wanted.user_id:
            raise Refusal(Reason.ANOTHER_PERSON, "Another person signed in than the one this prompt was for. Nothing was done.")
        talk.wait(ANSWER_SECONDS)
        receipt = self.applier.apply(order, order_key)
        if receipt["outcome"] != Outcome.DONE:
            detail = next((step["detail"] for step in reversed(receipt["steps"]) if step.get("detail")), "")
            raise Refusal(
                receipt["reason"] or Reason.TOOL_FAILED,
                detail or "The device did not carry out the order. Ask your administrator.",
            )
        return receipt

    def _choose_passcode(self, talk: Talk, username: str, order_id: str) -> None:
        first = f"Choose a passcode for {username} on this device: "
        while True:
            passcode = talk.ask(first, echo=False)
            if passcode != talk.ask("The same again: ", echo=False):
                talk.error("The two passcodes differ. Type the same one twice.")
                continue
            talk.wait(ANSWER_SECONDS)
            try:
                self.applier.set_passcode(order_id, passcode)
            except Refusal as refusal:
                if refusal.reason != Reason.PASSCODE_REFUSED:
                    raise
                talk.error(refusal.message)
            else:
                return


def _wanted(record: Record | None, person: Person | None) -> Person:
    if record is not None:
        return Person(record.user_id, record.username, "", "", record.uid)
    assert person is not None  # the caller has found one of the two
    return person


def _prompt(begun: dict[str, Any]) -> str:
    # The line before the first is for the ssh client, which writes the account's name in front of a prompt.
    return f"\nSign in at  {begun['verification_uri']}\nwith code   {begun['user_code']}\nNumber shown there: "


def _hint(answer: dict[str, Any]) -> str:
    left = answer.get("attempts_left")
    if isinstance(left, int):
        return f"\nThat is not the number in the browser. {left} {'try' if left == 1 else 'tries'} left."
    if answer.get("number_wanted"):
        return "\nType the number that the browser shows."
    return "\nNobody has signed in at the address yet."
