"""How a sign-in talks: to a person at a terminal, or to a program in JSON lines (device.md section 7)."""

import getpass
import json
import sys
import textwrap
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from homeport_agent.qr import draw, drawable
from homeport_agent.refusals import Reason, Refusal

_COLUMNS = 80


class Conversation(Protocol):
    """What a sign-in says and asks."""

    def code(self, answer: dict[str, Any]) -> None:
        """Show where to go, and the code."""

    def number(self) -> str:
        """Ask for the number that the browser shows."""

    def number_wrong(self, attempts_left: int | None) -> None:
        """Say that the number was not the one."""

    def account_passcode(self, username: str) -> str:
        """Ask for the present passcode of an account that the device has already."""

    def account_passcode_wrong(self, message: str, tries_left: int) -> None:
        """Say that it was not the one."""

    def passcode(self, username: str, *, repeat: bool) -> str:
        """Ask for the new local passcode, then for the same again."""

    def passcode_refused(self, message: str) -> None:
        """Say why the passcode was not taken."""

    def bound(self, account: dict[str, Any], sign_in_id: str, *, adopted: bool) -> None:
        """Say that the account is there; ``account`` has ``username``, ``uid`` and ``home``."""

    def refused(self, refusal: Refusal) -> None:
        """Say that it did not work, why, and under which id an administrator finds it."""


def _ended() -> Refusal:
    return Refusal(
        Reason.CONVERSATION_ENDED, "The sign-in was broken off before it was complete. Start it again when you are ready."
    )


@dataclass
class PlainConversation:
    """Text for a person, at most 80 columns."""

    stdin: TextIO
    stdout: TextIO

    def _say(self, text: str) -> None:
        for line in textwrap.wrap(text, _COLUMNS, break_long_words=False, break_on_hyphens=False) or [""]:
            print(line, file=self.stdout, flush=True)

    def _can_draw(self) -> bool:
        return self.stdout.isatty() and (self.stdout.encoding or "").lower().replace("-", "") == "utf8"

    def code(self, answer: dict[str, Any]) -> None:
        """Show the address, the code, and the QR code where the terminal can."""
        self._say("To sign in to this device, open this address in a browser:")
        self._say("")
        self._say(f"    {answer['verification_uri']}")
        self._say("")
        self._say(f"and enter the code    {answer['user_code']}")
        self._say("")
        rows = answer.get("verification_qr")
        if self._can_draw() and drawable(rows, widest=_COLUMNS):
            for line in draw(rows or []):
                print(line, file=self.stdout)
            self._say("")

    def number(self) -> str:
        """Ask on one line."""
        self.stdout.write("Number shown in the browser: ")
        self.stdout.flush()
        line = self.stdin.readline()
        if not line:
            raise _ended()
        return line.strip()

    def number_wrong(self, attempts_left: int | None) -> None:
        """Count down."""
        left = "" if attempts_left is None else f" {attempts_left} {'try' if attempts_left == 1 else 'tries'} left."
        self._say(f"That is not the number in the browser.{left}")

    def account_passcode(self, username: str) -> str:
        """Ask for it without echo."""
        return self._secret(f"Present passcode of {username} on this device: ")

    def account_passcode_wrong(self, message: str, tries_left: int) -> None:  # noqa: ARG002 - the message counts for a person
        """Show the sentence."""
        self._say(message)

    def passcode(self, username: str, *, repeat: bool) -> str:
        """Ask without echo."""
        return self._secret("The same again: " if repeat else f"New passcode for {username} on this device: ")

    def _secret(self, prompt: str) -> str:
        """Ask without echo; from a pipe when there is no terminal."""
        if not self.stdin.isatty():
            self.stdout.write(prompt)
            self.stdout.flush()
            line = self.stdin.readline()
            self.stdout.write("\n")
            if not line:
                raise _ended()
            return line.removesuffix("\n")
        try:
            return getpass.getpass(prompt)
        except EOFError as error:
            raise _ended() from error

    def passcode_refused(self, message: str) -> None:
        """Show the reason."""
        self._say(message)

    def bound(self, account: dict[str, Any], sign_in_id: str, *, adopted: bool) -> None:  # noqa: ARG002 - a person needs less than a program
        """Say the final sentence."""
        username, home = account["username"], account["home"]
        if adopted:
            self._say(f"The account {username} of this device is yours now. Its passcode and its home folder {home} stay.")
        else:
            self._say(f"You can now log in to this device as {username} with the passcode you chose. Your home folder is {home}.")

    def refused(self, refusal: Refusal) -> None:
        """Message, reason, id."""
        self._say(refusal.message)
        marks = f"Reason: {refusal.reason}" + (f"   Sign-in: {refusal.sign_in_id}" if refusal.sign_in_id else "")
        self._say(marks)


@dataclass
class JsonConversation:
    """One JSON object a line for a program; its answers are lines."""

    stdin: TextIO
    stdout: TextIO

    def _event(self, event: str, **members: Any) -> None:
        self.stdout.write(json.dumps({"event": event, **members}) + "\n")
        self.stdout.flush()

    def _line(self) -> str:
        line = self.stdin.readline()
        if not line:
            raise _ended()
        return line.removesuffix("\n")

    def code(self, answer: dict[str, Any]) -> None:
        """Event ``code``."""
        names = ("verification_uri", "verification_uri_complete", "user_code", "expires_in")
        self._event("code", **{name: answer.get(name) for name in names})

    def number(self) -> str:
        """Event ``number_wanted``."""
        self._event("number_wanted")
        return self._line().strip()

    def number_wrong(self, attempts_left: int | None) -> None:
        """Event ``number_wrong``."""
        self._event("number_wrong", attempts_left=attempts_left)

    def account_passcode(self, username: str) -> str:
        """Event ``account_passcode_wanted``."""
        self._event("account_passcode_wanted", username=username)
        return self._line()

    def account_passcode_wrong(self, message: str, tries_left: int) -> None:
        """Event ``account_passcode_wrong``."""
        self._event("account_passcode_wrong", message=message, tries_left=tries_left)

    def passcode(self, username: str, *, repeat: bool) -> str:
        """Event ``passcode_wanted``."""
        self._event("passcode_wanted", username=username, repeat=repeat)
        return self._line()

    def passcode_refused(self, message: str) -> None:
        """Event ``passcode_refused``."""
        self._event("passcode_refused", message=message)

    def bound(self, account: dict[str, Any], sign_in_id: str, *, adopted: bool) -> None:
        """Event ``bound``."""
        described = {name: account[name] for name in ("username", "uid", "home")}
        self._event("bound", **described, adopted=adopted, sign_in_id=sign_in_id)

    def refused(self, refusal: Refusal) -> None:
        """Event ``refused``."""
        self._event("refused", reason=refusal.reason, message=refusal.message, sign_in_id=refusal.sign_in_id)


def make_conversation(*, as_json: bool) -> Conversation:
    """Make the conversation on this process's own streams."""
    return JsonConversation(sys.stdin, sys.stdout) if as_json else PlainConversation(sys.stdin, sys.stdout)
