"""Settings and outbox in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from homeport.foundation.database.listing import fetch_page
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.mail.model import (
    SEALED_PASSWORD,
    MailEnded,
    MailServer,
    MailState,
    Message,
    Route,
    Tls,
    sealed_text,
)
from homeport.foundation.mail.tables import mail_messages, mail_server
from homeport.foundation.sealing.sealer import Sealer

KIND = "mail.send"
_ONE = 1


@dataclass(frozen=True, slots=True)
class Mail:
    """Mail in one unit of work."""

    connection: Connection
    jobs: Jobs
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    publisher: Publisher

    def server(self) -> MailServer | None:
        """Return the mail server; None while none is configured."""
        row = self.connection.execute(select(mail_server)).first()
        if row is None:
            return None
        values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
        values.pop("id")
        return MailServer(**{**values, "tls": Tls(values["tls"])})

    @property
    def configured(self) -> bool:
        """Tell whether mail can be sent at all."""
        return self.server() is not None

    def save(self, server: MailServer) -> None:
        """Store the mail server."""
        values = {**asdict(server), "tls": server.tls.value}
        if not self.connection.execute(update(mail_server).values(values)).rowcount:
            self.connection.execute(insert(mail_server).values({"id": _ONE, **values}))

    def remove(self) -> None:
        """Forget the mail server; what waits is tried until it is given up."""
        self.connection.execute(delete(mail_server))

    def route(self) -> Route | None:
        """Return the mail server with its password opened."""
        found = self.server()
        if found is None:
            return None
        sealed = found.password_sealed
        password = self.sealer.unseal(sealed, SEALED_PASSWORD).decode() if sealed else ""
        return Route(found.host, found.port, found.tls, found.username, password, found.sender)

    def send(self, recipient: str, subject: str, text: str) -> Message:
        """Put a mail into the outbox; a job sends it once this unit of work is stored."""
        message_id = self.entropy.new_id()
        sealed = self.sealer.seal(text.encode(), sealed_text(message_id))
        message = Message(message_id, recipient, subject, sealed, MailState.WAITING, 0, "", self.clock.now())
        self.connection.execute(insert(mail_messages).values(_row(message)))
        self.jobs.add(KIND, {"message": message_id})
        return message

    def get(self, message_id: str) -> Message | None:
        """Return a message."""
        row = self.connection.execute(select(mail_messages).where(mail_messages.c.id == message_id)).first()
        return None if row is None else _message(row)

    def text_of(self, message: Message) -> str:
        """Return the text of a message that waits."""
        return self.sealer.unseal(message.text_sealed, sealed_text(message.id)).decode()

    def note(self, message: Message, state: MailState, answer: str) -> Message:
        """Store what became of a message; its text is forgotten unless it waits on."""
        over = state is not MailState.WAITING
        noted = replace(
            message,
            state=state,
            tries=message.tries + 1,
            answer=answer[:1000],
            text_sealed="" if over else message.text_sealed,
            ended_at=self.clock.now() if over else None,
        )
        self.connection.execute(update(mail_messages).where(mail_messages.c.id == message.id).values(_row(noted)))
        if over:
            self.publisher.publish(MailEnded(noted))
        return noted

    def latest(self, limit: int, before: datetime | None = None) -> Sequence[Message]:
        """Return messages, the newest first, before a moment if one is given."""
        query = select(mail_messages)
        if before is not None:
            query = query.where(mail_messages.c.created_at < before)
        query = query.order_by(mail_messages.c.created_at.desc(), mail_messages.c.id.desc()).limit(limit)
        return [_message(row) for row in self.connection.execute(query)]

    def search(self, listing: Listing) -> Page[Message]:
        """Return the messages that match, the newest first unless the listing says otherwise."""
        columns = mail_messages.c
        return fetch_page(
            self.connection,
            select(mail_messages),
            listing,
            fields={one.name: one for one in (columns.id, columns.recipient, columns.subject, columns.state, columns.created_at)},
            texts=[columns.recipient, columns.subject],
            order=(columns.created_at.desc(), columns.id.desc()),
            make=_message,
        )

    def last_failure(self) -> Message | None:
        """Return the newest message that was rejected or given up."""
        query = select(mail_messages).where(mail_messages.c.state.in_([MailState.REJECTED.value, MailState.FAILED.value]))
        row = self.connection.execute(query.order_by(mail_messages.c.created_at.desc()).limit(1)).first()
        return None if row is None else _message(row)

    def remove_before(self, moment: datetime) -> int:
        """Forget messages that were put into the outbox before; return how many."""
        return self.connection.execute(delete(mail_messages).where(mail_messages.c.created_at < moment)).rowcount

    def seal_anew(self, sealer: Sealer) -> int:
        """Seal every secret with the newest key; return how many. For the rotation of the sealing key."""
        count, found = 0, self.server()
        if found is not None and found.password_sealed:
            self.save(replace(found, password_sealed=sealer.sealed_anew(found.password_sealed, SEALED_PASSWORD)))
            count += 1
        for row in self.connection.execute(select(mail_messages).where(mail_messages.c.text_sealed != "")).all():
            sealed = sealer.sealed_anew(row.text_sealed, sealed_text(row.id))
            self.connection.execute(update(mail_messages).where(mail_messages.c.id == row.id).values(text_sealed=sealed))
            count += 1
        return count


def _row(message: Message) -> dict[str, Any]:
    return {**asdict(message), "state": message.state.value}


def _message(row: Any) -> Message:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Message(**{**values, "state": MailState(values["state"])})
