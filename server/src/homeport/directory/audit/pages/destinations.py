"""INSIGHTS > Event Destinations: where the events are sent, and how each destination does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from homeport.directory.audit.actions import Destinations
from homeport.directory.audit.model import Destination, DestinationKind
from homeport.directory.audit.ports import Tester
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

PATH = "/admin/event-destinations"
KINDS = (
    (DestinationKind.WEBHOOK.value, "Webhook", "CloudEvents 1.0 in JSON over HTTPS, signed as Standard Webhooks says."),
    (DestinationKind.SYSLOG.value, "Syslog", "RFC 5424 messages over TLS, or over TCP where the operator's settings allow it."),
)
KIND_WORDS = {value: word for value, word, _ in KINDS}
STARTS = (("now", "What happens from now on"), ("start", "Everything, from the first entry on"))
LABELS = {"name": "Name", "address": "Address", "batched": "Many events in one request"}
WORDS = {"batched": {"on": "ticked", "": "not ticked"}}


@dataclass(frozen=True, slots=True)
class DestinationPages:
    """The pages of the event destinations."""

    work: Work[Destinations]
    sender: Callable[[], Tester]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False, prefix=PATH)
        router.add_api_route("", self.list, methods=["GET"])
        router.add_api_route("/add", self.add, methods=["GET"])
        router.add_api_route("/add", self.create, methods=["POST"])
        router.add_api_route("/{destination_id}", self.show, methods=["GET"])
        router.add_api_route("/{destination_id}", self.update, methods=["POST"])
        router.add_api_route("/{destination_id}/test", self.test, methods=["POST"])
        router.add_api_route("/{destination_id}/pause", self.pause, methods=["POST"])
        router.add_api_route("/{destination_id}/resume", self.resume, methods=["POST"])
        router.add_api_route("/{destination_id}/secret", self.ask_renew, methods=["GET"])
        router.add_api_route("/{destination_id}/secret", self.renew, methods=["POST"])
        router.add_api_route("/{destination_id}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route("/{destination_id}/delete", self.delete, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List the destinations by name; there are at most 20."""
        with self.work.read() as act:
            found = act.list(actor)
            rows = [(one, act.backlog(actor, one)) for one in found]
        may_write = actor.may(Permission.AUDIT_WRITE)
        return self.templates.render("audit/destinations.html", request, rows=rows, kinds=KIND_WORDS, may_write=may_write)

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new destination, after the password was given again."""
        actor.require(Permission.AUDIT_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.clock.now())
        form = FormState.showing(kind=DestinationKind.WEBHOOK.value, name="", address="", batched=True, start="now")
        return self._add_page(request, form)

    def create(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        kind: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        address: Annotated[str, Form()] = "",
        batched: Annotated[str, Form()] = "",
        start: Annotated[str, Form()] = "now",
    ) -> Response:
        """Add a destination and show a webhook's secret, this once."""
        form = FormState.showing(kind=kind, name=name, address=address, batched=batched == "on", start=start)
        actor.require(Permission.AUDIT_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.clock.now())
        if kind not in KIND_WORDS:
            form.fail("kind", "Choose one of the two.")
            return self._add_page(request, form, status=400)
        try:
            with self.work.write() as act:
                made, secret = act.create(
                    actor,
                    kind=DestinationKind(kind),
                    name=name,
                    address=address,
                    batched=batched == "on",
                    from_start=start == "start",
                )
        except (Invalid, Conflict) as error:
            _explain(form, error)
            return self._add_page(request, form, status=400)
        if secret:
            return self._secret_page(request, made, secret)
        return RedirectResponse(f"{PATH}/{made.id}", 303)

    def show(self, request: Request, actor: PageActor, destination_id: PathId) -> Response:
        """Show one destination: how it does, what it lacks, and what is set."""
        with self.work.read() as act:
            found = act.get(actor, destination_id)
        return self._page(request, actor, found, _form_of(found))

    def update(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        destination_id: PathId,
        name: Annotated[str, Form()] = "",
        address: Annotated[str, Form()] = "",
        batched: Annotated[str, Form()] = "",
        version: Annotated[int, Form()] = 0,
    ) -> Response:
        """Save the form and say what changed, or keep what was typed and say what is wrong."""
        form = FormState.showing(name=name, address=address, batched=batched == "on", version=version)
        try:
            with self.work.write() as act:
                before = act.get(actor, destination_id)
                values = {"batched": batched == "on"} if before.kind is DestinationKind.WEBHOOK else {}
                found = act.update(actor, destination_id, name=name, address=address, version=version or None, **values)
        except (Invalid, Conflict, PreconditionFailed) as error:
            problem = error
        else:
            form = _form_of(found)
            form.confirm([label for field, label in LABELS.items() if getattr(before, field) != getattr(found, field)])
            return self._page(request, actor, found, form)
        with self.work.read() as act:
            present = act.get(actor, destination_id)
        if isinstance(problem, PreconditionFailed):
            form.meet(problem.detail, _form_of(present), LABELS, WORDS)
            return self._page(request, actor, present, form, status=412)
        _explain(form, problem)
        return self._page(request, actor, present, form, status=400)

    async def test(self, request: Request, actor: PageActor, destination_id: PathId) -> Response:
        """Send a test event now and say what came of it."""
        actor.require(Permission.AUDIT_WRITE)
        found, failure = await self.sender().test(actor, destination_id)
        return await run_in_threadpool(self._page, request, actor, found, _form_of(found), tested=(failure,))

    def pause(self, actor: PageActor, destination_id: PathId) -> Response:
        """Stop sending until it is resumed."""
        with self.work.write() as act:
            act.update(actor, destination_id, enabled=False)
        return RedirectResponse(f"{PATH}/{destination_id}", 303)

    def resume(self, actor: PageActor, destination_id: PathId) -> Response:
        """Send again, what happened meanwhile first."""
        with self.work.write() as act:
            act.update(actor, destination_id, enabled=True)
        return RedirectResponse(f"{PATH}/{destination_id}", 303)

    def ask_renew(self, request: Request, actor: PageActor, destination_id: PathId) -> Response:
        """Ask before the secret is replaced."""
        actor.require(Permission.AUDIT_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.clock.now())
            found = act.get(actor, destination_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Replace the secret of {found.name}",
            sentence="From now on everything is signed with a new secret, which is shown once.",
            impacts=["The receiver refuses what it gets until it knows the new secret; it is sent again then"],
            action=f"{PATH}/{found.id}/secret",
            verb="Yes, Replace",
            cancel=f"{PATH}/{found.id}",
            understood="",
        )

    def renew(self, request: Request, actor: PageActor, destination_id: PathId) -> Response:
        """Replace the secret and show it, this once."""
        with self.work.write() as act:
            found, secret = act.renew_secret(actor, destination_id)
        return self._secret_page(request, found, secret)

    def ask_delete(self, request: Request, actor: PageActor, destination_id: PathId) -> Response:
        """Ask before a destination is deleted, and count what it has not got yet."""
        actor.require(Permission.AUDIT_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.clock.now())
            found = act.get(actor, destination_id)
            waiting = act.backlog(actor, found)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Delete {found.name}",
            sentence="Nothing more is sent there. The entries stay in the audit log.",
            impacts=[f"{waiting:,} entries that it has not got yet are not sent"],
            action=f"{PATH}/{found.id}/delete",
            values=[("version", found.version)],
            verb="Yes, Delete",
            cancel=f"{PATH}/{found.id}",
            understood="",
        )

    def delete(self, actor: PageActor, destination_id: PathId, version: Annotated[int, Form()] = 0) -> Response:
        """Delete a destination."""
        with self.work.write() as act:
            act.delete(actor, destination_id, version=version or None)
        return RedirectResponse(PATH, 303)

    def _add_page(self, request: Request, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render(
            "audit/destination_add.html", request, status=status, form=form, kinds=KINDS, starts=STARTS
        )  # fmt: skip

    def _page(
        self,
        request: Request,
        actor: Actor,
        found: Destination,
        form: FormState,
        *,
        status: int = 200,
        tested: tuple[str, ...] = (),
    ) -> Response:
        with self.work.read() as act:
            backlog = act.backlog(actor, found)
        return self.templates.render(
            "audit/destination.html",
            request,
            status=status,
            destination=found,
            kind=KIND_WORDS[found.kind.value],
            webhook=found.kind is DestinationKind.WEBHOOK,
            form=form,
            backlog=backlog,
            tested=tested,
            may_write=actor.may(Permission.AUDIT_WRITE),
        )

    def _secret_page(self, request: Request, found: Destination, secret: str) -> Response:
        return self.templates.render("audit/destination_secret.html", request, destination=found, secret=secret)


def _form_of(found: Destination) -> FormState:
    return FormState.showing(name=found.name, address=found.address, batched=found.batched, version=found.version)


def _explain(form: FormState, error: Invalid | Conflict) -> None:
    for field, sentence in error.fields.items() if isinstance(error, Invalid) else ():
        form.fail(field, sentence)
    if isinstance(error, Conflict) and error.reason == "name_taken":
        form.fail("name", error.detail)
    elif form.valid:
        form.refuse(error.detail)
