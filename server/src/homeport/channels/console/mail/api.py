"""REST routes for the mail server, its test, and sent mail."""

from dataclasses import dataclass

from fastapi import Response

from homeport.channels.console.mail.actions import MailSettings
from homeport.channels.console.mail.schemas import (
    MAIL_FIELDS,
    MailBody,
    MailList,
    MailServerBody,
    MailServerPut,
    MailTest,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.foundation.mail.model import MailServer


@dataclass(frozen=True, slots=True)
class MailApi:
    """The REST edge of mail."""

    work: Work[MailSettings]

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2", tags=["Mail"])
        router.get("/mail-server", summary="Get the mail server")(self.get)
        router.put("/mail-server", summary="Set the mail server")(self.update)
        router.delete("/mail-server", summary="Remove the mail server")(self.delete)
        router.post("/mail-server/test", summary="Send a test mail")(self.test)
        router.get("/mails", summary="List mail that was sent or waits")(self.list)
        return router

    def get(self, actor: ApiActor, response: Response) -> MailServerBody:
        """Return the mail server, with an ETag."""
        with self.work.read() as settings:
            return _answer(settings.present(actor), response)

    def update(self, actor: ApiActor, body: MailServerPut, response: Response, version: IfMatch) -> MailServerBody:
        """Set the mail server, or change what the body holds; with If-Match, only if nobody changed it meanwhile."""
        with self.work.write() as settings:
            return _answer(settings.save(actor, body.over(settings.present(actor)), version=version), response)

    def delete(self, actor: ApiActor) -> MailServerBody:
        """Send no mail any more; links are then shown to administrators to hand over. Return what the mail server was."""
        with self.work.write() as settings:
            before = settings.present(actor)
            settings.remove(actor)
            return MailServerBody.of(before)

    def test(self, actor: ApiActor, body: MailTest) -> MailBody:
        """Put a test into the outbox; `/api/v2/mails` then says what became of it."""
        with self.work.write() as settings:
            return MailBody.of(settings.test(actor, body.recipient))

    def list(self, actor: ApiActor, query: ListParameters, response: Response) -> MailList:
        """Return a window of what was sent in the last 30 days, or waits, the newest first unless sorted otherwise."""
        with self.work.read() as settings:
            page = settings.search(actor, query.listing(MAIL_FIELDS))
        response.headers["x-total-count"] = str(page.total)
        return MailList(totalCount=page.total, mails=[MailBody.of(one) for one in page.items])


def _answer(server: MailServer | None, response: Response) -> MailServerBody:
    response.headers["ETag"] = etag(server.version if server else 0)
    return MailServerBody.of(server)
