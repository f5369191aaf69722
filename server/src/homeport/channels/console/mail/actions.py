"""What administrators do with the mail server."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.model import email_problem, normal_email
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.mail.model import SEALED_PASSWORD, MailServer, Message, Tls
from homeport.foundation.mail.store import Mail

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]{2,45}")
_HIGHEST_PORT = 65535
_LONGEST = 255
_RESOURCE = Resource("mail_server", "mail", "mail server")
CLEAR = "Name and password would cross the network readable by everybody. Choose TLS, or leave both empty."


@dataclass(frozen=True, slots=True)
class TypedServer:
    """A mail server as the form has it. An empty password keeps the present one."""

    host: str
    port: int
    tls: str
    username: str
    password: str
    sender: str


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server of one unit of work."""

    mail: Mail
    audit: Audit
    clock: Clock

    def present(self, actor: Actor) -> MailServer | None:
        """Return the mail server; None while none is configured."""
        actor.require(Permission.MAIL_READ)
        return self.mail.server()

    def messages(self, actor: Actor, limit: int, before: datetime | None = None) -> Sequence[Message]:
        """Return what was sent or waits, the newest first."""
        actor.require(Permission.MAIL_READ)
        return self.mail.latest(limit, before)

    def search(self, actor: Actor, listing: Listing) -> Page[Message]:
        """Return a window of what was sent or waits, the newest first unless the listing says otherwise."""
        actor.require(Permission.MAIL_READ)
        return self.mail.search(listing)

    def last_failure(self, actor: Actor) -> Message | None:
        """Return the newest mail that was rejected or given up."""
        actor.require(Permission.MAIL_READ)
        return self.mail.last_failure()

    def save(self, actor: Actor, typed: TypedServer, *, version: int | None = None) -> MailServer:
        """Store the mail server; raises Invalid, and PreconditionFailed when somebody changed it since.

        A password is kept only for the same host and user name, so that nobody learns it by naming a server of their own.
        """
        actor.require(Permission.MAIL_WRITE)
        actor.require_recent(self.clock.now())
        before = self.mail.server()
        if version is not None and version != (before.version if before else 0):
            raise PreconditionFailed("Somebody else changed the mail server meanwhile. Look at the present values and repeat.")
        wrong = self._problems(typed, before)
        if wrong:
            raise Invalid("The mail server was not saved: " + " ".join(wrong.values()), wrong)
        now, kept = self.clock.now(), before is not None and not typed.password and bool(typed.username)
        sealed = self.mail.sealer.seal(typed.password.encode(), SEALED_PASSWORD) if typed.password else ""
        after = MailServer(
            host=typed.host,
            port=typed.port,
            tls=Tls(typed.tls),
            username=typed.username,
            password_sealed=before.password_sealed if kept and before else sealed,
            sender=normal_email(typed.sender),
            version=before.version + 1 if before else 1,
            updated_at=now,
            password_set_at=before.password_set_at if kept and before else (now if sealed else None),
        )
        self.mail.save(after)
        changes = [
            Change(name, str(getattr(before, name)) if before else None, str(getattr(after, name)))
            for name in ("host", "port", "tls", "username", "sender")
            if before is None or getattr(before, name) != getattr(after, name)
        ]
        details = {"password": "set" if typed.password else "kept" if kept else "none"}
        self.audit.record(actor, "mail_server_update", resource=_RESOURCE, changes=changes, details=details)
        return after

    def remove(self, actor: Actor) -> None:
        """Send no mail any more; links are then shown to administrators to hand over."""
        actor.require(Permission.MAIL_WRITE)
        actor.require_recent(self.clock.now())
        if self.mail.server() is None:
            raise Conflict("No mail server is configured.", reason="no_mail_server")
        self.mail.remove()
        self.audit.record(actor, "mail_server_remove", resource=_RESOURCE)

    def test(self, actor: Actor, recipient: str) -> Message:
        """Put a test into the outbox; the page then shows what became of it."""
        actor.require(Permission.MAIL_WRITE)
        address = normal_email(recipient)
        problem = email_problem(address)
        if problem:
            raise Invalid(problem, {"recipient": problem})
        if self.mail.server() is None:
            raise Conflict("Save a mail server first.", reason="no_mail_server")
        self.audit.record(actor, "mail_test", resource=_RESOURCE, details={"recipient": address})
        return self.mail.send(address, "Test from Homeport", f"{actor.name} sent this test. Mail from Homeport arrives.\n")

    def _problems(self, typed: TypedServer, before: MailServer | None) -> dict[str, str]:
        found = {
            "host": "" if _HOST.fullmatch(typed.host) else "Enter a host name such as smtp.example.com, without https and port.",
            "port": "" if 0 < typed.port <= _HIGHEST_PORT else "Enter a port from 1 to 65535; usually 587 or 465.",
            "tls": "" if typed.tls in set(Tls) else "Choose how the connection is protected.",
            "username": _text_problem(typed.username),
            "password": _text_problem(typed.password),
            "sender": email_problem(normal_email(typed.sender)),
        }
        if typed.tls == Tls.NONE and typed.username and not _is_loopback(typed.host):
            found["tls"] = CLEAR
        same = before is not None and (typed.host, typed.username) == (before.host, before.username)
        if typed.username and not typed.password and not (same and before is not None and before.password_sealed):
            found["password"] = "Enter the password for this server and user name."  # noqa: S105 - a sentence
        if typed.password and not typed.username:
            found["username"] = "Enter the user name that the password belongs to."
        return {name: problem for name, problem in found.items() if problem}


def _text_problem(text: str) -> str:
    if len(text) > _LONGEST or any(not character.isprintable() for character in text):
        return f"Use at most {_LONGEST} characters, without control characters."
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
