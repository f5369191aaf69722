"""Sends what waits in the outbox."""

from collections.abc import Callable
from dataclasses import dataclass

from homeport.foundation.database.engine import Database, UnitOfWork
from homeport.foundation.jobs.model import Job
from homeport.foundation.jobs.worker import Run
from homeport.foundation.mail.model import MOST_TRIES, MailState, Message, NotNow, Rejected, Route
from homeport.foundation.mail.smtp import Send
from homeport.foundation.mail.store import KIND, Mail

__all__ = ["KIND", "MailJob"]
NO_SERVER = "No mail server is configured."


@dataclass(frozen=True, slots=True)
class MailJob:
    """The handler of `mail.send`. No transaction is open while the mail server is spoken to; a crash then sends the mail again."""

    database: Database
    build: Callable[[UnitOfWork], Mail]
    send: Send

    def __call__(self, run: Run) -> None:
        """Send the message, or note why not; an exception lets the job wait and be tried again."""
        with self.database.read() as unit:
            mail = self.build(unit)
            message, route = mail.get(run.job.payload["message"]), mail.route()
            if message is None or message.state is not MailState.WAITING:
                return
            text = mail.text_of(message)
        try:
            state, answer, again = MailState.SENT, self._sent(route, message, text), False
        except Rejected as error:
            state, answer, again = MailState.REJECTED, str(error), False
        except NotNow as error:
            again = message.tries + 1 < MOST_TRIES
            state, answer = (MailState.WAITING if again else MailState.FAILED), str(error)
        with self.database.write() as unit:
            run.worker.jobs(unit).advance(run.job)  # what another worker made of it, who took the job over, is not undone
            self.build(unit).note(message, state, answer)
        if again:
            raise NotNow(answer)

    def give_up(self, unit: UnitOfWork, job: Job) -> None:
        """Store that a message is not sent any more, whose job failed in a way that nobody foresaw."""
        mail = self.build(unit)
        message = mail.get(job.payload["message"])
        if message is not None and message.state is MailState.WAITING:
            mail.note(message, MailState.FAILED, f"Homeport itself failed: {job.error}")

    def _sent(self, route: Route | None, message: Message, text: str) -> str:
        if route is None:
            raise NotNow(NO_SERVER)
        return self.send(route, message, text)
