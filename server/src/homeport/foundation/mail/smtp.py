"""Hands one message to an SMTP server (RFC 5321)."""

import io
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from homeport.foundation.jobs.model import LEASE
from homeport.foundation.mail.model import Message, NotNow, Rejected, Route, Tls

SECONDS = 10.0
ALL_SECONDS = LEASE.total_seconds() / 2
"""How long a whole conversation may take: well below the time after which another worker would send the same mail."""
_PERMANENT = 500
SLOW = "the whole conversation takes too long"


@dataclass(frozen=True, slots=True)
class Smtp:
    """Sends through whatever server it is told.

    `hello` is by what name we greet it, so that no name is looked up for that. `seconds` is how long the server may say nothing,
    `all_seconds` how long everything may take by `clock`, which counts seconds; `ca_file` is trusted besides the system's.
    """

    organization: str
    hello: str
    ca_file: Path | None = None
    seconds: float = SECONDS
    all_seconds: float = ALL_SECONDS
    clock: Callable[[], float] = time.monotonic

    def send(self, route: Route, message: Message, text: str) -> str:
        """Send a message; return the server's words. Raises Rejected or NotNow with a sentence that holds no secret."""
        try:
            with closing(self._connected(route)) as server:
                if route.username:
                    server.login(route.username, route.password)
                server.send_message(self._composed(route, message, text), route.sender, [message.recipient])
                with suppress(OSError, smtplib.SMTPException):  # the message is taken, however the server takes its leave
                    server.quit()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise self._explained(error, route, message) from None
        return "Taken by the mail server."

    def _explained(self, error: Exception, route: Route, message: Message) -> Rejected | NotNow:
        """Return what went wrong in a sentence; the most particular kinds come first."""
        match error:
            case smtplib.SMTPRecipientsRefused():
                code, words = next(iter(error.recipients.values()))
                return _judged(code, words, f"The mail server refused {message.recipient}")
            case smtplib.SMTPAuthenticationError():
                return NotNow(f"The mail server did not take user name and password: {_plain(error.smtp_error)}")
            case smtplib.SMTPSenderRefused():
                return NotNow(f"The mail server refused the sender {route.sender}: {error.smtp_code} {_plain(error.smtp_error)}")
            case smtplib.SMTPResponseException():
                return _judged(error.smtp_code, error.smtp_error, "The mail server refused the message")
            case smtplib.SMTPServerDisconnected():
                return NotNow(self._end_of(str(error)))
            case ssl.SSLCertVerificationError():
                return NotNow(f"The mail server's certificate does not hold: {error.verify_message}")
            case ssl.SSLError():
                return NotNow(f"No TLS with the mail server: {error.reason}. Is it the right port for this kind of TLS?")
            case TimeoutError():
                return NotNow(self._silence)
            case smtplib.SMTPNotSupportedError():
                return NotNow(f"The mail server cannot do what is asked: {_plain(str(error))}")
            case _:
                return NotNow(f"No connection to {route.host} port {route.port}: {_plain(str(error))}")

    @property
    def _silence(self) -> str:
        return f"The mail server did not answer within {self.seconds:g} seconds."

    def _end_of(self, words: str) -> str:
        """Say why a connection ended; smtplib words it alike when the server is silent for too long, or all of it takes too long."""
        if SLOW in words:
            return f"The mail server was too slow: it did not take the message within {self.all_seconds:g} seconds."
        return self._silence if "timed out" in words else "The mail server ended the connection."

    def _connected(self, route: Route) -> smtplib.SMTP:
        time_left = _TimeLeft(self.clock() + self.all_seconds, self.seconds, self.clock)
        context = ssl.create_default_context()
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        if route.tls is Tls.TLS:
            return _OverTls(time_left, route, self.hello, context)
        server = _Plain(time_left, route, self.hello)
        if route.tls is Tls.STARTTLS:
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

    def _composed(self, route: Route, message: Message, text: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = Address(self.organization, addr_spec=route.sender)
        mail["To"] = Address(addr_spec=message.recipient)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(message.created_at)
        mail["Message-ID"] = f"<{message.id}@{route.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834, so that nobody's absence answers
        mail.set_content(text)
        return mail


@dataclass(frozen=True, slots=True)
class _TimeLeft:
    """Until when a conversation may go on, and how long the other side may be silent meanwhile, by a clock that counts seconds."""

    end: float
    silence: float
    clock: Callable[[], float]

    def __call__(self) -> float:
        """Return how many seconds may be waited now; raise TimeoutError when there are none."""
        left = self.end - self.clock()
        if left <= 0:
            raise TimeoutError(SLOW)
        return min(left, self.silence)


class _Answers(io.RawIOBase):
    """What a server says, each piece of which has no more time than is left for the whole conversation."""

    def __init__(self, source: socket.socket, time_left: _TimeLeft) -> None:
        super().__init__()
        self._source, self._time_left = source, time_left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._source.settimeout(self._time_left())
        try:
            return self._source.recv_into(buffer)
        except TimeoutError:
            self._time_left()  # says it when it was the whole conversation that took too long
            raise


class _Bounded(smtplib.SMTP):
    """A conversation with an end. smtplib bounds each wait alone, and a server that is slow with each would be waited for long."""

    time_left: _TimeLeft

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer."""
        assert self.sock is not None
        if self.file is None:
            self.file = io.BufferedReader(_Answers(self.sock, self.time_left))
        return super().getreply()

    def send(self, s: Any) -> None:
        """Send a command, or the message."""
        if self.sock is not None:
            try:
                self.sock.settimeout(self.time_left())
            except TimeoutError as error:
                self.close()
                raise smtplib.SMTPServerDisconnected(str(error)) from error
        super().send(s)


class _Plain(_Bounded):
    def __init__(self, time_left: _TimeLeft, route: Route, hello: str) -> None:
        self.time_left = time_left
        super().__init__(route.host, route.port, hello, timeout=time_left())


class _OverTls(_Bounded, smtplib.SMTP_SSL):
    def __init__(self, time_left: _TimeLeft, route: Route, hello: str, context: ssl.SSLContext) -> None:
        self.time_left = time_left
        smtplib.SMTP_SSL.__init__(self, route.host, route.port, hello, timeout=time_left(), context=context)


Send = Callable[[Route, Message, str], str]
"""What `Smtp.send` is: the port of the job that sends."""


def _judged(code: int, words: bytes | str, what: str) -> Rejected | NotNow:
    sentence = f"{what}: {code} {_plain(words)}"
    return Rejected(sentence) if code >= _PERMANENT else NotNow(sentence)


def _plain(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:300]
