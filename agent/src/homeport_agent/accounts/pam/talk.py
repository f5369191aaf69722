"""One conversation with a person, through the PAM module at the other end of a socket."""

import socket
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from homeport_agent.accounts.pam.frames import ANSWER, HELLO, FrameError, read_frame, write_frame
from homeport_agent.refusals import Reason, Refusal

COLUMNS = 80
_HELLO_SECONDS = 3.0
_STORE_SECONDS = 45.0
_FIELDS = frozenset({"op", "user", "service", "tty", "rhost", "ruser"})


class Result(IntEnum):
    """What the module returns to PAM (pam(3), Linux-PAM's own numbers)."""

    SUCCESS = 0
    PERM_DENIED = 6
    AUTH_ERR = 7
    AUTHINFO_UNAVAIL = 9
    USER_UNKNOWN = 10
    MAXTRIES = 11
    ACCT_EXPIRED = 13
    IGNORE = 25


class BrokenOffError(Exception):
    """The person or their program ended the conversation."""


@dataclass(frozen=True)
class Hello:
    """What the module says first. ``op`` is ``auth`` or ``acct``; the rest are PAM's items, empty when PAM has none."""

    op: str
    user: str
    service: str
    tty: str
    rhost: str
    ruser: str

    @classmethod
    def parse(cls, text: str) -> "Hello":
        """Read ``key=value`` lines; FrameError for anything else."""
        lines = text.removesuffix("\n").split("\n")
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        if values.keys() != _FIELDS or len(lines) != len(_FIELDS) or not all(value.isprintable() for value in values.values()):
            raise FrameError("the hello is not as it must be")
        return cls(**values)

    @property
    def at_console(self) -> bool:
        """Whether the person sits at this machine's own text console."""
        return self.service == "login" and not self.rhost

    @property
    def where(self) -> str:
        """Where the person is, in words for the approval page."""
        if self.rhost:
            return f"{self.service} from {self.rhost}"
        return f"{self.service} on {self.tty}" if self.tty else self.service


@dataclass
class Talk:
    """Says and asks. ``seconds`` is how long the whole conversation may take."""

    connection: socket.socket
    seconds: float
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._deadline = self.monotonic() + self.seconds

    def _left(self) -> float:
        left = self._deadline - self.monotonic()
        if left <= 0:
            raise BrokenOffError
        return left

    def _write(self, kind: str, text: str) -> None:
        # Much of it comes from the network half, and must not steer the terminal.
        plain = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
        try:
            self.connection.settimeout(min(self._left(), _HELLO_SECONDS))
            write_frame(self.connection, kind, plain)
        except OSError as error:
            raise BrokenOffError from error

    def hello(self) -> Hello:
        """Read the first frame."""
        kind, text = read_frame(self.connection, _HELLO_SECONDS, self.monotonic)
        if kind != HELLO:
            raise FrameError("the first frame is no hello")
        return Hello.parse(text)

    def info(self, text: str) -> None:
        """Show text as it is."""
        self._write("I", text)

    def error(self, *sentences: str) -> None:
        """Show sentences, each wrapped to the width of a console."""
        self._write("E", "\n".join(line for sentence in sentences for line in wrapped(sentence)))

    def wait(self, seconds: float) -> None:
        """Tell the module that the next frame may take this long."""
        self._write("W", str(int(seconds * 1000)))

    def ask(self, prompt: str, *, echo: bool) -> str:
        """Ask, and wait for the answer as long as the conversation may take."""
        self._write("V" if echo else "S", prompt)
        try:
            kind, text = read_frame(self.connection, self._left(), self.monotonic)
        except (OSError, EOFError) as error:
            raise BrokenOffError from error
        if kind != ANSWER:
            raise BrokenOffError
        return text

    def user(self, name: str) -> None:
        """Tell PAM under which name the person is known here."""
        self._write("U", name)

    def result(self, result: Result) -> None:
        """End."""
        self._write("R", str(int(result)))


def wrapped(text: str) -> list[str]:
    """Lines of at most 80 columns."""
    return textwrap.wrap(text, COLUMNS, break_long_words=False, break_on_hyphens=False) or [""]


def choose_passcode(talk: Talk, username: str, store: Callable[[str], None]) -> None:
    """Ask for a new passcode twice, until ``store`` takes it; a Refusal of it that is not about this passcode ends the matter."""
    while True:
        passcode = talk.ask(f"Choose a passcode for {username} on this device: ", echo=False)
        if passcode != talk.ask("The same again: ", echo=False):
            talk.error("The two passcodes differ. Type the same one twice.")
            continue
        talk.wait(_STORE_SECONDS)
        try:
            store(passcode)
        except Refusal as refusal:
            if refusal.reason != Reason.PASSCODE_REFUSED:
                raise
            talk.error(refusal.message)
        else:
            return
