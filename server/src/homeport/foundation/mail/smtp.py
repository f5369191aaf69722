"""Hands one message to an SMTP server (RFC 5321)."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from homeport.foundation.mail.model import Message, NotNow, Rejected, Route, Tls

SECONDS = 10.0
_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Smtp:
    """Sends through whatever server it is told.

    `hello` is by what name we greet it, so that no name is looked up for that. `seconds` is how long each answer may take; `ca_file`
    is trusted besides the system's.
    """

    organization: str
    hello: str
    ca_file: Path | None = None
    seconds: float = SECONDS

    def send(self, route: Route, message: Message, text: str) -> str:
        """Send a message; return the server's words. Raises Rejected or NotNow with a sentence that holds no secret."""
        try:
            with self._connected(route) as server:
                if route.username:
                    server.login(route.username, route.password)
                server.send_message(self._composed(route, message, text), route.sender, [message.recipient])
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
                # smtplib says it in the same way when the server is silent for too long.
                silent = "timed out" in str(error)
                return NotNow(self._silence if silent else "The mail server ended the connection.")
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

    def _connected(self, route: Route) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        if route.tls is Tls.TLS:
            return smtplib.SMTP_SSL(route.host, route.port, self.hello, timeout=self.seconds, context=context)
        server = smtplib.SMTP(route.host, route.port, self.hello, timeout=self.seconds)
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


Send = Callable[[Route, Message, str], str]
"""What `Smtp.send` is: the port of the job that sends."""


def _judged(code: int, words: bytes | str, what: str) -> Rejected | NotNow:
    sentence = f"{what}: {code} {_plain(words)}"
    return Rejected(sentence) if code >= _PERMANENT else NotNow(sentence)


def _plain(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:300]
