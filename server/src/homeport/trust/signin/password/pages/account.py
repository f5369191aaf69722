"""One's own account: name and password; and another administrator's sessions, for those who may end them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.actions import Administrators, Factors
from homeport.directory.admins.model import (
    LONGEST_PASSWORD,
    REQUIRED_FOR,
    SHORTEST_PASSWORD,
    Administrator,
    password_problem,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.password.actions import Sessions
from homeport.trust.signin.password.pages.audience import Hasher
from homeport.trust.signin.password.pages.own import session_rows

PATH = "/admin/account"
BACK = ("Your account", PATH)
THEIRS = "/admin/administrators/{administrator_id}/sessions"
NAMES = {"firstname": "First name", "lastname": "Last name"}


@dataclass(frozen=True, slots=True)
class AccountActions:
    """What the pages need in one unit of work."""

    administrators: Administrators
    factors: Factors
    sessions: Sessions
    passkeys: Passkeys


@dataclass(frozen=True, slots=True)
class AccountPages:
    """The pages."""

    work: Work[AccountActions]
    hasher: Hasher
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.show, methods=["GET"])
        router.add_api_route(PATH, self.rename, methods=["POST"])
        router.add_api_route(f"{PATH}/password", self.ask_password, methods=["GET"])
        router.add_api_route(f"{PATH}/password", self.set_password, methods=["POST"])
        router.add_api_route(THEIRS, self.sessions_of, methods=["GET"])
        router.add_api_route(f"{THEIRS}/end-all", self.end_all_of, methods=["POST"])
        router.add_api_route(f"{THEIRS}/{{session_id}}/end", self.end_theirs, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor) -> Response:
        """Show one's own account."""
        return self._page(request, actor, None)

    def rename(
        self,
        request: Request,
        actor: PageActor,
        firstname: Annotated[str, Form()] = "",
        lastname: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Set one's own name."""
        form = FormState.showing(firstname=firstname, lastname=lastname, version=version)
        try:
            with self.work.write() as actions:
                before = self._present(actions, actor)
                after = actions.administrators.rename(
                    actor, firstname=firstname, lastname=lastname, version=whole_number(version)
                )
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            return self._page(request, actor, form, status=400)
        except PreconditionFailed as error:
            with self.work.read() as actions:
                form.meet(error.detail, _form_of(self._present(actions, actor)), NAMES)
            return self._page(request, actor, form, status=412)
        form = _form_of(after)
        changed = [field for field in NAMES if getattr(before, field) != getattr(after, field)]
        form.confirm(
            [f"{NAMES[field]}: {getattr(before, field) or '(empty)'} → {getattr(after, field) or '(empty)'}" for field in changed]
        )
        return self._page(request, actor, form)

    def ask_password(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new password, after the present one was given again."""
        self._require_recent(actor)
        return self._password_page(request, FormState())

    def set_password(
        self, request: Request, actor: PageActor, password: Annotated[str, Form()] = "", again: Annotated[str, Form()] = ""
    ) -> Response:
        """Set one's own new password; other sessions end."""
        self._require_recent(actor)
        with self.work.read() as actions:
            own = self._present(actions, actor)
        form = FormState()
        problem = password_problem(password, email=own.email, firstname=own.firstname, lastname=own.lastname)
        if problem:
            form.fail("password", problem)
        elif password != again:
            form.fail("again", "The two passwords differ. Type the same one twice.")
        if not form.valid:
            return self._password_page(request, form, status=400)
        password_hash = self.hasher.hash(password)
        with self.work.write() as actions:
            actions.administrators.set_password(actor, password_hash)
        form.confirm(["Password: changed. Your other sessions ended."])
        return self._page(request, actor, None, said=form)

    def sessions_of(self, request: Request, actor: PageActor, administrator_id: str) -> Response:
        """List somebody's sessions."""
        with self.work.read() as actions:
            sessions = actions.sessions.list_of(actor, administrator_id)
            administrator = actions.administrators.get(actor, administrator_id)
        return self.templates.render(
            "password/sessions.html",
            request,
            administrator=administrator,
            sessions=session_rows(sessions),
            present=actor.session_id,
        )

    def end_theirs(self, actor: PageActor, administrator_id: str, session_id: str) -> Response:
        """End one of somebody's sessions."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        with self.work.write() as actions:
            actions.sessions.end_one(actor, session_id)
        return RedirectResponse(THEIRS.format(administrator_id=administrator_id), 303)

    def end_all_of(self, actor: PageActor, administrator_id: str) -> Response:
        """End all of somebody's sessions."""
        with self.work.write() as actions:
            actions.sessions.end_all_of(actor, administrator_id)
        return RedirectResponse(
            THEIRS.format(administrator_id=administrator_id) if administrator_id != actor.id else "/signin", 303
        )

    def _present(self, actions: AccountActions, actor: Actor) -> Administrator:
        found = actions.administrators.find_present(actor.id)
        if found is None:
            raise NotFound("There is no such administrator. They may have been deleted.")
        return found

    def _require_recent(self, actor: Actor) -> None:
        # Asked before a form is filled in: afterwards what was typed would be lost.
        with self.work.read() as actions:
            actor.require_recent(actions.administrators.clock.now())

    def _page(
        self, request: Request, actor: Actor, form: FormState | None, *, said: FormState | None = None, status: int = 200
    ) -> Response:
        with self.work.read() as actions:
            own = self._present(actions, actor)
            sessions = actions.sessions.list_own(actor)
            codes = actions.factors.count_codes(actor, own.id)
            passkeys = actions.passkeys.list_own(actor)
        return self.templates.render(
            "password/account.html",
            request,
            status=status,
            own=own,
            form=form or _form_of(own),
            said=said,
            sessions=session_rows(sessions),
            present=actor.session_id,
            codes=codes,
            passkeys=passkeys,
            required=own.role in REQUIRED_FOR,
        )

    def _password_page(self, request: Request, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render(
            "password/new_password.html",
            request,
            status=status,
            form=form,
            back=BACK,
            shortest=SHORTEST_PASSWORD,
            longest=LONGEST_PASSWORD,
        )


def _form_of(administrator: Administrator) -> FormState:
    return FormState.showing(firstname=administrator.firstname, lastname=administrator.lastname, version=administrator.version)
