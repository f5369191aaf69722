"""Security: one's own password, second factor and sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.model import LONGEST_PASSWORD, Enrolment
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import UserActor
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.password.actions import Sessions
from homeport.trust.signin.password.pages.account import browser_name
from homeport.trust.signin.password.pages.signin import Hasher
from homeport.trust.signin.person.actions import Passwords, PersonFactors
from homeport.trust.signin.person.actions.owners import SessionUsers
from homeport.trust.signin.person.forgotten import Forgotten
from homeport.trust.signin.person.model import Authority, PasswordStatus
from homeport.trust.signin.person.pages.signin import DIFFER, FACTOR, PASSWORD, SIGN_IN, SIGN_OUT, USED_BEFORE

PATH = "/user/security"
BACK = ("Security", PATH)
DEMANDED = "Signing in from here needs a second factor, and you have none yet."
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

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(PATH, self.show, methods=["GET"])
        router.add_api_route(PASSWORD, self.ask_password, methods=["GET"])
        router.add_api_route(PASSWORD, self.set_password, methods=["POST"])
        router.add_api_route(FACTOR, self.ask_factor, methods=["GET"])
        router.add_api_route(FACTOR, self.set_up_factor, methods=["POST"])
        router.add_api_route(f"{PATH}/recovery-codes", self.ask_codes, methods=["GET"])
        router.add_api_route(f"{PATH}/recovery-codes", self.renew_codes, methods=["POST"])
        router.add_api_route(f"{PATH}/remove-second-factor", self.ask_remove, methods=["GET"])
        router.add_api_route(f"{PATH}/remove-second-factor", self.remove_factor, methods=["POST"])
        router.add_api_route(f"{PATH}/sessions/end-others", self.end_others, methods=["POST"])
        router.add_api_route(f"{PATH}/sessions/{{session_id}}/end", self.end, methods=["POST"])
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

    def ask_factor(self, request: Request, actor: UserActor) -> Response:
        """Show a fresh secret to scan, and ask for its first code."""
        with self.work.read() as act:
            enrolment = act.factors.begin(actor)
        return self._set_up_page(request, actor, FormState(), enrolment)

    def set_up_factor(
        self, request: Request, actor: UserActor, enrolment: Annotated[str, Form()] = "", code: Annotated[str, Form()] = ""
    ) -> Response:
        """Confirm the first code, and show the recovery codes, this once."""
        form = FormState()
        try:
            with self.work.write() as act:
                codes = act.factors.confirm(actor, enrolment, code)
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            with self.work.read() as act:
                if error.fields:
                    shown = act.factors.resume(actor, enrolment)
                else:
                    form.refuse(error.detail)
                    shown = act.factors.begin(actor)
            return self._set_up_page(request, actor, form, shown, status=400)
        return self._codes_page(request, codes, "Your second factor is set up")

    def ask_codes(self, request: Request, actor: UserActor) -> Response:
        """Ask before the recovery codes are replaced."""
        self._require_recent(actor)
        return self._confirm(
            request,
            "Make new recovery codes",
            "Ten new codes replace those that are left.",
            ["The codes that you wrote down before are worth nothing from then on"],
            "recovery-codes",
            "Yes, Make New Codes",
        )

    def renew_codes(self, request: Request, actor: UserActor) -> Response:
        """Replace the recovery codes and show the new ones, this once."""
        with self.work.write() as act:
            codes = act.factors.renew_codes(actor)
        return self._codes_page(request, codes, "New recovery codes")

    def ask_remove(self, request: Request, actor: UserActor) -> Response:
        """Ask before one's own second factor is removed."""
        self._require_recent(actor)
        return self._confirm(
            request,
            "Remove the second factor",
            "Whoever knows your password can then sign in as you.",
            ["Your recovery codes are worth nothing from then on", "Your other sessions end at once"],
            "remove-second-factor",
            "Yes, Remove",
        )

    def remove_factor(self, actor: UserActor) -> Response:
        """Remove one's own second factor."""
        with self.work.write() as act:
            act.factors.remove(actor)
        return RedirectResponse(PATH, 303)

    def end(self, actor: UserActor, session_id: str) -> Response:
        """End one of one's own sessions."""
        with self.work.write() as act:
            session = act.sessions.end_one(actor, session_id)
        return RedirectResponse(SIGN_IN if session.id == actor.session_id else f"{PATH}#sessions", 303)

    def end_others(self, actor: UserActor) -> Response:
        """End all one's own sessions but this one."""
        with self.work.write() as act:
            act.sessions.end_others(actor)
        return RedirectResponse(f"{PATH}#sessions", 303)

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
            sessions=[(session, browser_name(session.user_agent)) for session in sessions],
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

    def _set_up_page(
        self, request: Request, actor: Actor, form: FormState, enrolment: Enrolment, *, status: int = 200
    ) -> Response:
        return self.templates.render(
            "password/set_up_factor.html",
            request,
            status=status,
            form=form,
            enrolment=enrolment,
            required=actor.lacks_factor,
            why=DEMANDED,
            sign_out=SIGN_OUT,
            action=FACTOR,
            back=BACK,
        )

    def _codes_page(self, request: Request, codes: Sequence[str], title: str) -> Response:
        return self.templates.render("password/recovery_codes.html", request, codes=codes, title=title, home=PATH)

    def _confirm(  # noqa: PLR0917 - the parts of a confirmation, in the order they appear in it
        self, request: Request, title: str, sentence: str, impacts: Sequence[str], action: str, verb: str
    ) -> Response:
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=title,
            sentence=sentence,
            impacts=impacts,
            action=f"{PATH}/{action}",
            verb=verb,
            cancel=PATH,
            understood="",
        )
