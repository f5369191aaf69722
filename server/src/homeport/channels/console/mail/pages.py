"""The page of the mail server, its test, and the outbox."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.channels.console.mail.actions import MailSettings, TypedServer
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.mail.model import MailServer, MailState, Tls
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.templates import Templates

PATH = "/admin/mail"
LABELS = {"host": "Host", "port": "Port", "tls": "Protection", "username": "User name", "sender": "Sender"}
WAYS = (
    (Tls.STARTTLS.value, "STARTTLS", "Usual, port 587. A server that offers no TLS gets no mail."),
    (Tls.TLS.value, "TLS from the start", "Port 465."),
    (Tls.NONE.value, "None", "Readable by the network in between: only for a mail server on this machine or this wire."),
)
WORDS = {
    MailState.WAITING: ("Waiting", "info"),
    MailState.SENT: ("Sent", "ok"),
    MailState.REJECTED: ("Rejected", "error"),
    MailState.FAILED: ("Given up", "error"),
}
SHOWN = 50


@dataclass(frozen=True, slots=True)
class MailPages:
    """The pages."""

    work: Work[MailSettings]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.show, methods=["GET"])
        router.add_api_route(PATH, self.save, methods=["POST"])
        router.add_api_route(f"{PATH}/test", self.test, methods=["POST"])
        router.add_api_route(f"{PATH}/remove", self.ask_remove, methods=["GET"])
        router.add_api_route(f"{PATH}/remove", self.remove, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor) -> Response:
        """Show the mail server and the outbox."""
        return self._page(request, actor, None)

    def save(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        host: Annotated[str, Form()] = "",
        port: Annotated[str, Form()] = "",
        tls: Annotated[str, Form()] = "",
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        sender: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Store the mail server."""
        actor.require(Permission.MAIL_WRITE)
        form = FormState.showing(host=host, port=port, tls=tls, username=username, sender=sender, version=version)
        typed = TypedServer(host.strip(), whole_number(port) or 0, tls, username.strip(), password, sender)
        try:
            with self.work.write() as settings:
                before = settings.present(actor)
                after = settings.save(actor, typed, version=whole_number(version))
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            return self._page(request, actor, form, status=400)
        except PreconditionFailed as error:
            with self.work.read() as settings:
                form.meet(error.detail, _form_of(settings.present(actor)), LABELS, {"tls": {v: w for v, w, _ in WAYS}})
            return self._page(request, actor, form, status=412)
        shown, earlier = _form_of(after), _form_of(before)
        changed = [name for name in LABELS if shown.value(name) != earlier.value(name)]
        shown.confirm(
            [f"{LABELS[name]}: {earlier.value(name) or '(empty)'} → {shown.value(name) or '(empty)'}" for name in changed]
        )
        return self._page(request, actor, shown)

    def test(self, request: Request, actor: PageActor, recipient: Annotated[str, Form()] = "") -> Response:
        """Send a test."""
        actor.require(Permission.MAIL_WRITE)
        try:
            with self.work.write() as settings:
                settings.test(actor, recipient)
        except (Invalid, Conflict) as error:
            tried = FormState.showing(recipient=recipient)
            tried.fail("recipient", error.detail)
            return self._page(request, actor, None, tried=tried, status=400)
        return RedirectResponse(f"{PATH}?tested=1#outbox", 303)

    def ask_remove(self, request: Request, actor: PageActor) -> Response:
        """Ask before no mail is sent any more."""
        actor.require(Permission.MAIL_WRITE)
        with self.work.read() as settings:
            actor.require_recent(settings.clock.now())
        return self.templates.render(
            "ui/confirm.html",
            request,
            title="Remove the mail server",
            sentence="Homeport then sends no mail.",
            impacts=[
                "One-time links are shown to administrators, who hand them over",
                "Nobody can reset a forgotten password alone",
            ],
            action=f"{PATH}/remove",
            verb="Yes, Remove",
            cancel=PATH,
            understood="",
        )

    def remove(self, actor: PageActor) -> Response:
        """Forget the mail server."""
        with self.work.write() as settings:
            settings.remove(actor)
        return RedirectResponse(PATH, 303)

    def _page(
        self, request: Request, actor: Actor, form: FormState | None, *, tried: FormState | None = None, status: int = 200
    ) -> Response:
        with self.work.read() as settings:
            server = settings.present(actor)
            messages = settings.messages(actor, SHOWN)
            failure = settings.last_failure(actor)
        waiting = any(one.state is MailState.WAITING for one in messages)
        return self.templates.render(
            "console/mail.html",
            request,
            status=status,
            server=server,
            form=form or _form_of(server),
            tried=tried or FormState.showing(recipient=""),
            ways=WAYS,
            messages=messages,
            failure=failure,
            waiting=waiting,
            words=WORDS,
            may_write=actor.may(Permission.MAIL_WRITE),
        )


def _form_of(server: MailServer | None) -> FormState:
    if server is None:
        return FormState.showing(host="", port=587, tls=Tls.STARTTLS.value, username="", sender="", version=0)
    return FormState.showing(
        host=server.host,
        port=server.port,
        tls=server.tls.value,
        username=server.username,
        sender=server.sender,
        version=server.version,
    )
