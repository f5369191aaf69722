"""Who is asked what at the prompt: the first sign-in, a renewed lease, and everybody who is none of our business."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from homeport_agent.accounts.adoption import Given, WrongPasscode
from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.approvals import Expected
from homeport_agent.accounts.help_desk import HelpDesk, Wish
from homeport_agent.accounts.model import Kind, Outcome, Record
from homeport_agent.accounts.network import ANSWER_SECONDS, NetworkHalf
from homeport_agent.accounts.pam.help_desk import HelpDeskPrompt
from homeport_agent.accounts.pam.talk import COLUMNS, Hello, Result, Talk, choose_passcode, wrapped
from homeport_agent.accounts.policy import Policy, Ssh
from homeport_agent.accounts.roster import Person, Roster
from homeport_agent.qr import draw, drawable
from homeport_agent.refusals import Reason, Refusal

_DAY = 86_400
_REUSE_MARGIN = 20.0
_MOST_OPEN = 2_000
_TRIES = 5
_MOST_WHERE, _MOST_MESSAGE = 300, 200
_MOST_ADDRESS, _MOST_CODE = 200, 20
_WARN_DAYS = 3
_LOGIN, _RESET, _SUDO = "device_login", "passcode_reset", "sudo"
SUDO_SERVICE = "homeport-sudo"
"""The PAM service that sudoers names where sudo wants the browser."""


@dataclass(frozen=True)
class Open:
    """A sign-in that was begun and may still be finished: ``nonce`` is its name between the two halves."""

    nonce: str
    until: float


@dataclass(frozen=True)
class Prompt:
    """A prompt that waits for one person to approve something in a browser."""

    hello: Hello
    wanted: Person
    purpose: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same prompt again: who comes back after a time-out sees the same code."""
        return (self.wanted.username, f"{self.hello.service} {self.purpose}", self.hello.rhost or self.hello.tty)


@dataclass
class Conversations:
    """Answers the PAM module. ``resolves`` tells whether the system knows a name, as sshd asks before it authenticates."""

    applier: Applier
    roster: Roster
    network: NetworkHalf
    resolves: Callable[[str], bool]
    policy: Callable[[], Policy]
    help_desk: HelpDesk
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _open: dict[tuple[str, str, str], Open] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def hold(self, talk: Talk, hello: Hello) -> Result:
        """Hold one conversation to its result."""
        if self.applier.is_foreign(hello.user):
            return Result.USER_UNKNOWN  # the device's own account, whatever the list or a record says of its name
        record = self._record(hello.user)
        person = self.roster.find(hello.user)
        if record is None and person is not None:
            record = self.applier.ledger.records.get(person.user_id)
        if record is None and person is None:
            return Result.USER_UNKNOWN
        wanted = _wanted(record, person)
        if self.applier.is_foreign(wanted.username) and not self._may_take_over(hello):
            return Result.USER_UNKNOWN
        if hello.op == "acct":
            return self._account(talk, record)
        purpose = _LOGIN if record is None else self._purpose(hello, record, may_come=person is not None)
        if purpose is None:
            return Result.IGNORE
        if hello.service == "sshd" and (wanted.username != hello.user or not self.resolves(hello.user)):
            # sshd never follows to another name, and puts junk in the place of what somebody types whose name it did not know.
            return Result.USER_UNKNOWN
        if purpose == _SUDO and (record is None or record.state != "active"):
            return Result.PERM_DENIED
        return self._sign_in(talk, Prompt(hello, wanted, purpose))

    def _may_take_over(self, hello: Hello) -> bool:
        """Whether an account of the device may be asked for: by an e-mail address, so that its own name is never stood in the way of."""
        return self.policy().take_over and hello.op == "auth" and hello.at_console and "@" in hello.user

    def _record(self, username: str) -> Record | None:
        records = list(self.applier.ledger.records.values())
        return next((record for record in records if record.username == username and record.account_made), None)

    def _account(self, talk: Talk, record: Record | None) -> Result:
        if record is None:
            return Result.USER_UNKNOWN
        if record.state != "active":
            talk.error("This account is suspended. Ask your administrator.")
            return Result.PERM_DENIED
        found = self.applier.backend.find(record.username)
        if found is not None and found.expires_on is not None:
            left = found.expires_on - self.applier.ledger.now(self.clock()) / _DAY
            if left <= 0:
                talk.error("Your access to this device has run out. Sign in at its console to renew it.")
                return Result.ACCT_EXPIRED
            if left <= _WARN_DAYS:
                day = datetime.fromtimestamp(found.expires_on * _DAY, tz=UTC).date().isoformat()
                talk.info(f"Your access to this device ends on {day}. Connect it to the network to renew it.")
        return Result.SUCCESS

    def _purpose(self, hello: Hello, record: Record, *, may_come: bool) -> str | None:
        """Tell what somebody with an account must do in the browser; None when their passcode is enough and PAM goes on to it."""
        if hello.service == SUDO_SERVICE:
            return _SUDO
        if record.state == "suspended":
            return None
        found = self.applier.backend.find(record.username)
        if record.state != "active" or found is None or found.uid != record.uid:
            return _LOGIN if may_come else None  # the binding ended, or never came about: whoever may sign in may do so anew
        today = self.applier.ledger.now(self.clock()) / _DAY
        over = found.expires_on is not None and found.expires_on <= today
        if not found.passcode_set or over or (hello.service == "sshd" and self.policy().ssh is Ssh.BROWSER):
            return _LOGIN
        # Who types their e-mail address instead of their name has forgotten the passcode.
        return _RESET if "@" in hello.user and hello.at_console else None

    # The sign-in

    def _sign_in(self, talk: Talk, prompt: Prompt) -> Result:
        try:
            return self._by_browser(talk, prompt)
        except Refusal as refusal:
            if refusal.reason == Reason.SERVER_UNREACHABLE and prompt.hello.at_console:
                return self._by_help_desk(talk, prompt, refusal)
            return self._refused(talk, prompt, refusal)

    def _by_help_desk(self, talk: Talk, prompt: Prompt, unreachable: Refusal) -> Result:
        wanted = prompt.wanted
        if not self.help_desk.helps(wanted.user_id):
            return self._refused(talk, prompt, unreachable)
        talk.error("The server cannot be reached from here.")
        found = self.applier.backend.find(wanted.username)
        forgotten = "@" in prompt.hello.user or found is None or not found.passcode_set
        try:
            prompting = HelpDeskPrompt(self.help_desk, self.applier)
            return prompting.hold(talk, wanted, Wish.NEW_PASSCODE if forgotten else Wish.RENEW)
        except Refusal as refusal:
            return self._refused(talk, prompt, refusal)

    def _by_browser(self, talk: Talk, prompt: Prompt) -> Result:
        message = talk.ask("Why do you need to act as administrator? ", echo=True) if prompt.purpose == _SUDO else ""
        begun = self._begin(talk, prompt, message)
        earned = self._earn(talk, prompt, begun)
        expected = Expected(begun["nonce"], prompt.purpose, prompt.wanted.user_id)
        self.applier.approve(earned.get("approval"), earned.get("order_key"), expected)
        if prompt.purpose != _SUDO:
            self._let_in(talk, prompt, earned)
        return Result.SUCCESS

    def _refused(self, talk: Talk, prompt: Prompt, refusal: Refusal) -> Result:
        marks = f"Reason: {refusal.reason}" + (f"   Sign-in: {refusal.sign_in_id}" if refusal.sign_in_id else "")
        if prompt.purpose == _SUDO:  # sudo asks PAM to be silent, so only a prompt is shown
            talk.ask("\n".join(["", *wrapped(refusal.message), *wrapped(marks), "Press Enter. "]), echo=True)
        else:
            talk.error(refusal.message, marks)
        if refusal.reason != Reason.SERVER_UNREACHABLE:
            self._forget(prompt.key)
        return Result.AUTH_ERR

    def _let_in(self, talk: Talk, prompt: Prompt, earned: dict[str, Any]) -> None:
        username = prompt.wanted.username
        try:
            receipt = self._apply(talk, username, earned.get("order"), earned.get("order_key"))
        except Refusal as refusal:
            sign_in_id = earned.get("sign_in_id")
            refusal.sign_in_id = sign_in_id if isinstance(sign_in_id, str) else None
            raise
        self._require_order_for(prompt, receipt["order_id"])
        if prompt.hello.user != username:
            talk.user(username)
        found = self.applier.backend.find(username)
        if prompt.purpose == _RESET or found is None or not found.passcode_set:
            choose_passcode(talk, username, lambda passcode: self.applier.set_passcode(receipt["order_id"], passcode))

    def _require_order_for(self, prompt: Prompt, order_id: str) -> None:
        # The approval was checked against the prompt; the order beside it may be another genuine one, carried out long ago.
        ledger, wanted = self.applier.ledger, prompt.wanted
        settled, record = ledger.settled.get(order_id), ledger.records.get(wanted.user_id)
        bound = settled is not None and settled.kind is Kind.BIND and settled.user_id == wanted.user_id
        if not bound or record is None or record.username != wanted.username:
            raise Refusal(Reason.ANOTHER_PERSON, "The order was for somebody else than this prompt. Nobody was let in.")

    def _begin(self, talk: Talk, prompt: Prompt, message: str) -> dict[str, Any]:
        now = self.monotonic()
        with self._lock:
            for old in [name for name, sign_in in self._open.items() if sign_in.until < now]:
                del self._open[old]
            if len(self._open) >= _MOST_OPEN:
                raise Refusal(Reason.TOO_MANY_SIGN_INS, "Too many sign-ins are open on this device. Wait ten minutes.")
            sign_in = self._open.setdefault(prompt.key, Open(secrets.token_urlsafe(24), now + ANSWER_SECONDS))
        talk.wait(ANSWER_SECONDS + 5)
        begun = self.network.call(
            {
                "do": "begin",
                "nonce": sign_in.nonce,
                "user_id": prompt.wanted.user_id,
                "purpose": prompt.purpose,
                "where": prompt.hello.where[:_MOST_WHERE],
                "message": "".join(c for c in message if c.isprintable())[:_MOST_MESSAGE],
            }
        )
        with self._lock:
            self._open[prompt.key] = Open(sign_in.nonce, now + float(begun["expires_in"]) - _REUSE_MARGIN)
        return {**begun, "nonce": sign_in.nonce}

    def _forget(self, key: tuple[str, str, str]) -> None:
        with self._lock:
            self._open.pop(key, None)

    def _earn(self, talk: Talk, prompt: Prompt, begun: dict[str, Any]) -> dict[str, Any]:
        asked, rows = _prompt(begun), begun.get("verification_qr")
        if prompt.hello.at_console and drawable(rows, widest=COLUMNS):
            talk.info("\n".join(draw(rows or [])))
        hint = ""
        for _ in range(_TRIES * 4):
            number = talk.ask(f"{hint}{asked}", echo=True).strip()
            talk.wait(ANSWER_SECONDS + 5)
            answer = self.network.call({"do": "redeem", "nonce": begun["nonce"], "number": number})
            if isinstance(answer.get("approval"), str):
                self._forget(prompt.key)
                return answer
            hint = _hint(answer)
        raise Refusal(Reason.CONVERSATION_ENDED, "The number did not come. Start again when the browser shows it.")

    def _apply(self, talk: Talk, username: str, order: Any, order_key: Any) -> dict[str, Any]:
        talk.wait(ANSWER_SECONDS)
        receipt = self.applier.apply(order, order_key)
        if receipt["reason"] == Reason.ACCOUNT_PASSCODE_WANTED:
            receipt = self._take_over(talk, username, order, order_key)
        if receipt["outcome"] != Outcome.DONE:
            detail = next((step["detail"] for step in reversed(receipt["steps"]) if step.get("detail")), "")
            raise Refusal(
                receipt["reason"] or Reason.TOOL_FAILED,
                detail or "The device did not carry out the order. Ask your administrator.",
            )
        return receipt

    def _take_over(self, talk: Talk, username: str, order: Any, order_key: Any) -> dict[str, Any]:
        while True:
            passcode = talk.ask(f"Present passcode of {username} on this device: ", echo=False)
            talk.wait(ANSWER_SECONDS)
            try:
                return self.applier.apply(order, order_key, Given(username, passcode))
            except WrongPasscode as wrong:
                talk.error(wrong.message)


def _wanted(record: Record | None, person: Person | None) -> Person:
    if record is not None:
        return Person(record.user_id, record.username, "", "", record.uid)
    assert person is not None  # the caller has found one of the two
    return person


def _prompt(begun: dict[str, Any]) -> str:
    address, code = begun.get("verification_uri"), begun.get("user_code")
    if not _is_word(address, _MOST_ADDRESS) or not _is_word(code, _MOST_CODE):
        raise Refusal(
            Reason.SERVER_ANSWER_INVALID, "The server's answer holds no address and code to show. It may need an update."
        )
    # The line before the first is for the ssh client, which writes the account's name in front of a prompt.
    return f"\nSign in at  {address}\nwith code   {code}\nNumber shown there: "


def _is_word(value: Any, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most and value.isprintable() and " " not in value


def _hint(answer: dict[str, Any]) -> str:
    left = answer.get("attempts_left")
    if isinstance(left, int):
        return f"\nThat is not the number in the browser. {left} {'try' if left == 1 else 'tries'} left."
    if answer.get("number_wanted"):
        return "\nType the number that the browser shows."
    return "\nNobody has signed in at the address yet."
