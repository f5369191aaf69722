"""Security: how one is protected and where one is signed in; one's own password."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from homeport.directory.admins.model import LONGEST_PASSWORD
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import UserActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.password.actions import Sessions
from homeport.trust.signin.password.pages.audience import Hasher
from homeport.trust.signin.password.pages.own import session_rows
from homeport.trust.signin.person.actions import Passwords, PersonFactors
from homeport.trust.signin.person.actions.owners import SessionUsers
from homeport.trust.signin.person.forgotten import Forgotten
from homeport.trust.signin.person.model import Authority, PasswordStatus
from homeport.trust.signin.person.pages.signin import DIFFER, PASSWORD, USED_BEFORE

PATH = "/user/security"
BACK = ("Security", PATH)
WORDS = {
    PasswordStatus.PENDING: ("Pending", "info"),
    PasswordStatus.ACTIVE: ("Active", "ok"),
    PasswordStatus.EXPIRED: ("Expired", "warn"),
    PasswordStatus.MANAGED: ("Managed elsewhere", "info"),
}


@dataclass(frozen=True, slots=True)
class SecurityActions:
    """What the pages need in one unit of work."""

    passwords: Passwords
    factors: PersonFactors
    sessions: Sessions
    users: SessionUsers
    forgotten: Forgotten
    passkeys: Passkeys


@dataclass(frozen=True, slots=True)
class SecurityPages:
    """The pages."""

    work: Work[SecurityActions]
    hasher: Hasher
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.show, methods=["GET"])
        router.add_api_route(PASSWORD, self.ask_password, methods=["GET"])
        router.add_api_route(PASSWORD, self.set_password, methods=["POST"])
        return router

    def show(self, request: Request, actor: UserActor) -> Response:
        """Show how one is protected and where one is signed in."""
        return self._page(request, actor)

    def ask_password(self, request: Request, actor: UserActor) -> Response:
        """Show the form for a new password, after the present one was given again."""
        self._require_recent(actor)
        return self._password_page(request, actor, FormState())

    def set_password(
        self, request: Request, actor: UserActor, password: Annotated[str, Form()] = "", again: Annotated[str, Form()] = ""
    ) -> Response:
        """Set one's own new password; other sessions end."""
        self._require_recent(actor)
        form = FormState()
        with self.work.read() as act:
            user = act.users.people.get(actor.id)
            present = act.passwords.present(actor.id)
            problem = act.passwords.problem(user, password) if user else ""
            unwanted = act.passwords.unwanted(actor.id)
        if problem:
            form.fail("password", problem)
        elif password != again:
            form.fail("again", DIFFER)
        elif self.hasher.verify(present.password_hash, password):
            form.fail("password", "That is your present password. Choose another.")
        elif any(self.hasher.verify(one, password) for one in unwanted):
            form.fail("password", USED_BEFORE)
        if not form.valid:
            return self._password_page(request, actor, form, status=400)
        password_hash = self.hasher.hash(password)
        try:
            with self.work.write() as act:
                act.passwords.change_own(actor, password_hash)
        except Conflict as error:
            form.refuse(error.detail)
            return self._password_page(request, actor, form, status=409)
        form.confirm(["Password: changed. Your other sessions ended."])
        return self._page(request, actor, said=form)

    def _require_recent(self, actor: Actor) -> None:
        # Asked before a form is filled in: afterwards what was typed would be lost.
        with self.work.read() as act:
            actor.require_recent(act.passwords.clock.now())

    def _page(self, request: Request, actor: Actor, *, said: FormState | None = None) -> Response:
        with self.work.read() as act:
            password, expiry = act.passwords.present(actor.id), act.passwords.expiry(actor.id)
            codes = act.factors.count_codes(actor.id)
            sessions = act.sessions.list_own(actor)
            passkeys = act.passkeys.list_own(actor)
        return self.templates.render(
            "person/security.html",
            request,
            said=said,
            password=password,
            word=WORDS[password.status],
            expiry=expiry,
            managed=password.authority is not Authority.HOMEPORT,
            codes=codes,
            passkeys=passkeys,
            sessions=session_rows(sessions),
            present=actor.session_id,
        )

    def _password_page(self, request: Request, actor: Actor, form: FormState, *, status: int = 200) -> Response:
        with self.work.read() as act:
            expired = act.passwords.present(actor.id).status is PasswordStatus.EXPIRED
            shortest = act.passwords.shortest
        sentence = (
            "Your password has expired. Choose another to go on." if expired else "Your other sessions end when it is changed."
        )
        return self.templates.render(
            "password/new_password.html",
            request,
            status=status,
            form=form,
            back=BACK,
            sentence=sentence,
            shortest=shortest,
            longest=LONGEST_PASSWORD,
        )
