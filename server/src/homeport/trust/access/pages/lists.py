"""SECURITY MANAGEMENT > IP Lists: addresses with a name, which policies ask for."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates
from homeport.trust.access.actions import AccessActions
from homeport.trust.access.model import IpList
from homeport.trust.access.pages.words import ACTIONS, asked, explain

PATH = "/admin/ip-lists"
FIELDS = {"name": "Name", "description": "Description", "networks": "Addresses"}


@dataclass(frozen=True, slots=True)
class IpListPages:
    """The pages of IP lists."""

    work: Work[AccessActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False, prefix=PATH)
        router.add_api_route("", self.list, methods=["GET"])
        router.add_api_route("/add", self.add, methods=["GET"])
        router.add_api_route("/add", self.create, methods=["POST"])
        router.add_api_route("/{list_id}", self.show, methods=["GET"])
        router.add_api_route("/{list_id}", self.update, methods=["POST"])
        router.add_api_route("/{list_id}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route("/{list_id}/delete", self.delete, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List IP lists by name."""
        state = ListState.of(request, sorts=("name", "updated_at"), default_sort="name")
        with self.work.read() as act:
            state, page = state.searched(lambda: act.lists.list(actor, asked(state)))
            used = act.lists.used_by(actor)
        return self.templates.render(
            "access/lists.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            lists=page.items,
            used=used,
            may_write=actor.may(Permission.ACCESS_POLICIES_WRITE),
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form of a new list."""
        self._require_recent(actor)
        return self._page(request, actor, FormState())

    def create(self, request: Request, actor: PageActor, submission: TypedForm) -> Response:
        """Add a list."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        form = FormState.typed(submission)
        try:
            with self.work.write() as act:
                made = act.lists.create(
                    actor, name=form.value("name"), networks=_lines(form), description=form.value("description")
                )
        except (Invalid, Conflict) as error:
            explain(form, error)
            return self._page(request, actor, form, status=400)
        return RedirectResponse(f"{PATH}/{made.id}", 303)

    def show(self, request: Request, actor: PageActor, list_id: str) -> Response:
        """Show one list."""
        with self.work.read() as act:
            one = act.lists.get(actor, list_id)
        return self._page(request, actor, _form_of(one), one=one)

    def update(self, request: Request, actor: PageActor, list_id: str, submission: TypedForm) -> Response:
        """Save the form and say what changed, or keep what was typed and say what is wrong."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        form = FormState.typed(submission)
        try:
            with self.work.write() as act:
                before = act.lists.get(actor, list_id)
                after = act.lists.update(
                    actor,
                    list_id,
                    name=form.value("name"),
                    networks=_lines(form),
                    description=form.value("description"),
                    version=whole_number(form.value("version")),
                )
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as act:
                present = act.lists.get(actor, list_id)
            if isinstance(error, PreconditionFailed):
                form.meet(error.detail, _form_of(present), FIELDS)
                return self._page(request, actor, form, one=present, status=412)
            explain(form, error)
            return self._page(request, actor, form, one=present, status=400)
        saved = _form_of(after)
        saved.confirm(_changed(before, after))
        return self._page(request, actor, saved, one=after)

    def ask_delete(self, request: Request, actor: PageActor, list_id: str) -> Response:
        """Ask before a list is deleted."""
        self._require_recent(actor)
        with self.work.read() as act:
            one = act.lists.get(actor, list_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Delete {one.name}",
            sentence="A list that a policy names cannot be deleted; take it out of the policy first.",
            impacts=[],
            action=f"{PATH}/{one.id}/delete",
            values={"version": one.version},
            verb="Yes, Delete",
            cancel=f"{PATH}/{one.id}",
            understood="",
        )

    def delete(self, actor: PageActor, list_id: str, submission: TypedForm) -> Response:
        """Delete a list."""
        with self.work.write() as act:
            act.lists.delete(actor, list_id, version=whole_number(FormState.typed(submission).value("version")))
        return RedirectResponse(PATH, 303)

    def _require_recent(self, actor: Actor) -> None:
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.lists.clock.now())

    def _page(self, request: Request, actor: Actor, form: FormState, *, one: IpList | None = None, status: int = 200) -> Response:
        with self.work.read() as act:
            used = act.lists.used_by(actor).get(one.id, ()) if one else ()
        return self.templates.render(
            "access/list.html",
            request,
            status=status,
            form=form,
            one=one,
            used=used,
            actions=ACTIONS,
            may_write=actor.may(Permission.ACCESS_POLICIES_WRITE),
        )


def _lines(form: FormState) -> list[str]:
    return form.value("networks").replace(",", "\n").splitlines()


def _form_of(one: IpList) -> FormState:
    networks = "\n".join(str(network) for network in one.networks)
    return FormState.showing(name=one.name, description=one.description, networks=networks, version=one.version)


def _changed(before: IpList, after: IpList) -> list[str]:
    was, now = _form_of(before), _form_of(after)
    return [
        f"{label}: {was.value(name).replace(chr(10), ', ') or '(empty)'} → {now.value(name).replace(chr(10), ', ') or '(empty)'}"
        for name, label in FIELDS.items()
        if was.value(name) != now.value(name)
    ]
