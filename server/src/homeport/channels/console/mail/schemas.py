"""The mail server and sent mail in the style of JumpCloud's v2; JumpCloud has neither."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from homeport.channels.console.mail.actions import TypedServer
from homeport.foundation.http.wire import instant
from homeport.foundation.mail.model import PORTS, MailServer, Message, Tls

MAIL_FIELDS = {"id": "id", "recipient": "recipient", "subject": "subject", "state": "state", "createdAt": "created_at"}
"""The wire's names of the fields by which mail can be filtered and sorted."""
TlsName = Literal["starttls", "tls", "none"]


class MailServerBody(BaseModel):
    """The mail server; `configured` is false, and the rest empty, while none is."""

    configured: bool
    host: str = ""
    port: int = 0
    tls: TlsName | None = None
    username: str = ""
    passwordSet: bool = False  # noqa: N815 - the wire's style
    passwordSetAt: str | None = None  # noqa: N815 - the same
    sender: str = ""
    updatedAt: str | None = None  # noqa: N815 - the same

    @classmethod
    def of(cls, server: MailServer | None) -> Self:
        """Translate; a password is never in it."""
        if server is None:
            return cls(configured=False)
        return cls(
            configured=True,
            host=server.host,
            port=server.port,
            tls=server.tls.value,
            username=server.username,
            passwordSet=bool(server.password_sealed),
            passwordSetAt=instant(server.password_set_at) if server.password_set_at else None,
            sender=server.sender,
            updatedAt=instant(server.updated_at),
        )


class MailServerPut(BaseModel):
    """A change of the mail server: what is left out stays. Another host or user name wants the password again."""

    model_config = ConfigDict(extra="forbid")

    host: str | None = None
    port: int | None = Field(None, description="587 for starttls, 465 for tls and 25 for none, unless said.")
    tls: TlsName | None = None
    username: str | None = Field(None, description="Empty where the server asks for none.")
    password: str | None = Field(None, description="Sealed, and never answered.")
    sender: str | None = None

    def over(self, server: MailServer | None) -> TypedServer:
        """Return what the mail server is to be."""
        tls = self.tls or (server.tls.value if server else Tls.STARTTLS.value)
        port = server.port if server and self.tls in {None, server.tls.value} else PORTS[tls]
        return TypedServer(
            host=_said(self.host, server.host if server else ""),
            port=port if self.port is None else self.port,
            tls=tls,
            username=_said(self.username, server.username if server else ""),
            password=self.password or "",
            sender=_said(self.sender, server.sender if server else ""),
        )


class MailTest(BaseModel):
    """To whom a test is sent."""

    recipient: str


class MailBody(BaseModel):
    """A mail: to whom, whether it was sent, and what the mail server last answered. Its text is never answered."""

    id: str
    recipient: str
    subject: str
    state: Literal["waiting", "sent", "rejected", "failed"]
    tries: int
    answer: str
    createdAt: str  # noqa: N815 - the wire's style
    endedAt: str | None  # noqa: N815 - the same

    @classmethod
    def of(cls, message: Message) -> Self:
        """Translate a message."""
        return cls(
            id=message.id,
            recipient=message.recipient,
            subject=message.subject,
            state=message.state.value,
            tries=message.tries,
            answer=message.answer,
            createdAt=instant(message.created_at),
            endedAt=instant(message.ended_at) if message.ended_at else None,
        )


class MailList(BaseModel):
    """A window of what was sent or waits, the newest first."""

    totalCount: int  # noqa: N815 - the wire's style
    mails: list[MailBody]


def _said(wanted: str | None, present: str) -> str:
    return present if wanted is None else wanted.strip()
