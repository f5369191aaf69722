"""SETTINGS > Administrators: who they are, their roles, invitations, and one administrator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.actions import AdministratorActions
from homeport.directory.admins.model import READ_ONLY, REQUIRED_FOR, Administrator
from homeport.directory.admins.pages.roles import role_choices
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui import listing
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates

PATH = "/admin/administrators"
SORTS = ("email", "firstname", "lastname", "role", "created_at")
LABELS = {"role": "Role", "api_keys_allowed": "API keys"}


@dataclass(frozen=True, slots=True)
class AdministratorPages:
    """The pages of administrators; `public_url` begins the links they hand out."""

    work: Work[AdministratorActions]
    templates: Templates
    public_url: str

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.add, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.invite, methods=["POST"])
        router.add_api_route(f"{PATH}/invitations/{{link_id}}/revoke", self.revoke_invitation, methods=["POST"])
        router.add_api_route(f"{PATH}/{{administrator_id}}", self.show, methods=["GET"])
        router.add_api_route(f"{PATH}/{{administrator_id}}", self.change, methods=["POST"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/suspend", self.ask_suspend, methods=["GET"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/suspend", self.suspend, methods=["POST"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/activate", self.ask_activate, methods=["GET"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/activate", self.activate, methods=["POST"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/delete", self.delete, methods=["POST"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/reset-second-factor", self.ask_reset, methods=["GET"])
        router.add_api_route(f"{PATH}/{{administrator_id}}/reset-second-factor", self.reset, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List administrators by e-mail address."""
        filters = (listing.Filter("role", "Role", tuple((role[0], role[1]) for role in self._roles(actor))),)
        state = ListState.of(request, filters=filters, sorts=SORTS, default_sort="email")
        asked = Listing(
            text=state.text,
            filters=tuple(Filter(name, "eq", value) for name, value in state.chosen),
            sort=(f"-{state.sort}" if state.descending else state.sort,),
            skip=state.offset,
            limit=state.size,
        )
        with self.work.read() as actions:
            state, page = state.searched(lambda: actions.administrators.list(actor, asked))
            invitations = actions.links.list_invitations(actor)
        return self.templates.render(
            "admins/list.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            administrators=page.items,
            invitations=invitations,
            may_write=actor.may(Permission.ADMINISTRATORS_WRITE),
        )

    def revoke_invitation(self, actor: PageActor, link_id: str) -> Response:
        """Make an open invitation worthless."""
        with self.work.write() as actions:
            actions.links.revoke(actor, link_id)
        return RedirectResponse(f"{PATH}#invitations", 303)

    def add(self, request: Request, actor: PageActor, email: str = "", role: str = READ_ONLY) -> Response:
        """Show the form for an invitation, after the password was given again; filled in for who is invited again."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        self._require_recent(actor)
        return self._add_page(request, actor, FormState.showing(email=email, role=role))

    def invite(
        self, request: Request, actor: PageActor, email: Annotated[str, Form()] = "", role: Annotated[str, Form()] = ""
    ) -> Response:
        """Make an invitation and show its link, this once."""
        form = FormState.showing(email=email, role=role)
        try:
            with self.work.write() as actions:
                token = actions.links.invite(actor, email, role)
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            return self._add_page(request, actor, form, status=400)
        except Conflict as error:
            form.fail("email", error.detail)
            return self._add_page(request, actor, form, status=400)
        link = f"{self.public_url}/admin/link/{token}"
        return self.templates.render("admins/invited.html", request, email=email.strip(), role=role, link=link)

    def show(self, request: Request, actor: PageActor, administrator_id: str) -> Response:
        """Show one administrator."""
        with self.work.read() as actions:
            administrator = actions.administrators.get(actor, administrator_id)
        return self._page(request, actor, administrator, _form_of(administrator))

    def change(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        administrator_id: str,
        role: Annotated[str, Form()] = "",
        api_keys_allowed: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Set role and access to the API."""
        allowed = api_keys_allowed == "on"
        try:
            with self.work.write() as actions:
                before = actions.administrators.get(actor, administrator_id)
                after = actions.administrators.change(
                    actor, administrator_id, role=role, api_keys_allowed=allowed, version=whole_number(version)
                )
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as actions:
                present = actions.administrators.get(actor, administrator_id)
            form = FormState.showing(role=role, api_keys_allowed=allowed, version=version)
            if isinstance(error, PreconditionFailed):
                form.meet(error.detail, _form_of(present), LABELS, {"api_keys_allowed": {"on": "allowed", "": "not allowed"}})
                return self._page(request, actor, present, form, status=412)
            form.explain(error)
            return self._page(request, actor, present, form, status=400)
        form = _form_of(after)
        form.confirm(_changes(before, after))
        return self._page(request, actor, after, form)

    def ask_suspend(self, request: Request, actor: PageActor, administrator_id: str) -> Response:
        """Ask before an administrator is suspended."""
        administrator = self._changeable(actor, administrator_id)
        return self._confirm(
            request,
            administrator,
            "Suspend",
            f"{administrator.email} can do nothing and cannot sign in until they are activated again.",
            ["Their sessions end at once", "Their API keys are refused", "Open invitations that they made count no more"],
        )

    def suspend(self, actor: PageActor, administrator_id: str) -> Response:
        """Suspend an administrator."""
        with self.work.write() as actions:
            actions.administrators.suspend(actor, administrator_id)
        return RedirectResponse(f"{PATH}/{administrator_id}", 303)

    def ask_activate(self, request: Request, actor: PageActor, administrator_id: str) -> Response:
        """Ask before a suspended administrator may come back."""
        administrator = self._changeable(actor, administrator_id)
        return self._confirm(
            request,
            administrator,
            "Activate",
            f"{administrator.email} can sign in again, with the password and second factor of before.",
            [f"They may do what the role {administrator.role} allows", "Their API keys that have not expired work again"],
        )

    def activate(self, actor: PageActor, administrator_id: str) -> Response:
        """Let a suspended administrator come back."""
        with self.work.write() as actions:
            actions.administrators.activate(actor, administrator_id)
        return RedirectResponse(f"{PATH}/{administrator_id}", 303)

    def ask_delete(self, request: Request, actor: PageActor, administrator_id: str) -> Response:
        """Ask before an administrator is deleted."""
        administrator = self._changeable(actor, administrator_id)
        with self.work.read() as actions:
            keys = len(actions.keys.list_of(actor, administrator_id))
        impacts = [
            "Their sessions end at once",
            f"{keys} {'API key stops' if keys == 1 else 'API keys stop'} working at once",
            "What they did stays in Directory Events",
        ]
        sentence = f"{administrator.email} can no longer sign in to the admin portal."
        return self._confirm(request, administrator, "Delete", sentence, impacts)

    def delete(self, actor: PageActor, administrator_id: str) -> Response:
        """Delete an administrator."""
        with self.work.write() as actions:
            actions.administrators.delete(actor, administrator_id)
        return RedirectResponse(PATH if administrator_id != actor.id else "/signin", 303)

    def ask_reset(self, request: Request, actor: PageActor, administrator_id: str) -> Response:
        """Ask before somebody's second factor is removed."""
        actor.require(Permission.FACTORS_RESET)
        self._require_recent(actor)
        with self.work.read() as actions:
            administrator = actions.administrators.get(actor, administrator_id)
        demanded = administrator.role in REQUIRED_FOR
        after = "They must set up a new one before anything else works" if demanded else "Their password alone signs them in"
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Reset the second factor of {administrator.full_name}",
            sentence="For somebody who lost the phone and the recovery codes. Be sure that it is this person who asks.",
            impacts=["Their sessions end at once", "Their recovery codes are worth nothing from then on", after],
            action=f"{PATH}/{administrator_id}/reset-second-factor",
            verb="Yes, Reset",
            cancel=f"{PATH}/{administrator_id}",
            understood="",
        )

    def reset(self, actor: PageActor, administrator_id: str) -> Response:
        """Remove somebody's second factor."""
        with self.work.write() as actions:
            actions.factors.reset(actor, administrator_id)
        return RedirectResponse(f"{PATH}/{administrator_id}", 303)

    def _require_recent(self, actor: Actor) -> None:
        # Asked before the form is filled in: afterwards what was typed would be lost.
        with self.work.read() as actions:
            actor.require_recent(actions.administrators.clock.now())

    def _changeable(self, actor: Actor, administrator_id: str) -> Administrator:
        actor.require(Permission.ADMINISTRATORS_WRITE)
        self._require_recent(actor)
        with self.work.read() as actions:
            return actions.administrators.get(actor, administrator_id)

    def _confirm(
        self, request: Request, administrator: Administrator, verb: str, sentence: str, impacts: Sequence[str]
    ) -> Response:
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"{verb} {administrator.full_name}",
            sentence=sentence,
            impacts=impacts,
            action=f"{PATH}/{administrator.id}/{verb.lower()}",
            verb=f"Yes, {verb}",
            cancel=f"{PATH}/{administrator.id}",
            understood="",
        )

    def _add_page(self, request: Request, actor: Actor, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render("admins/add.html", request, status=status, form=form, roles=self._roles(actor))

    def _roles(self, actor: Actor) -> tuple[tuple[str, str, str], ...]:
        with self.work.read() as actions:
            return role_choices(actions, actor)

    def _page(
        self, request: Request, actor: Actor, administrator: Administrator, form: FormState, *, status: int = 200
    ) -> Response:
        with self.work.read() as actions:
            keys = actions.keys.list_of(actor, administrator.id)
        return self.templates.render(
            "admins/show.html",
            request,
            status=status,
            administrator=administrator,
            form=form,
            keys=keys,
            roles=self._roles(actor),
            may_write=actor.may(Permission.ADMINISTRATORS_WRITE),
            own=administrator.id == actor.id,
            may_reset=actor.may(Permission.FACTORS_RESET)
            and administrator.factor_since is not None
            and administrator.id != actor.id
            and administrator.role_permissions <= actor.permissions,
        )


def _form_of(administrator: Administrator) -> FormState:
    return FormState.showing(
        role=administrator.role, api_keys_allowed=administrator.api_keys_allowed, version=administrator.version
    )


def _changes(before: Administrator, after: Administrator) -> list[str]:
    found = [] if before.role == after.role else [f"Role: {before.role} → {after.role}"]
    if before.api_keys_allowed != after.api_keys_allowed:
        found.append("API keys: allowed" if after.api_keys_allowed else "API keys: not allowed; existing keys stop working")
    return found
