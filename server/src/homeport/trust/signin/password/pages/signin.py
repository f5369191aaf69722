"""The pages by which administrators come in and go out: sign-in, confirmation, one-time link, sign-out."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.model import LONGEST_PASSWORD, SHORTEST_PASSWORD
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor, SignInRequired, origin_of
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, RateLimited, Unauthenticated
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.password.actions import PasswordSignIn, Sessions
from homeport.trust.signin.password.model import CODE_WITHIN, KNOWN_FOR, CodeAsked, ShutOut, SignedIn, safe_target

SESSION_COOKIE = "__Host-homeport"
BROWSER_COOKIE = "__Host-homeport-browser"
CODE_COOKIE = "__Host-homeport-code"
"""Holds the token of a sign-in between password and code; it opens no page but the one that asks for the code."""
SET_UP_PATH = "/admin/account/second-factor"
OPEN_WITHOUT_FACTOR = (SET_UP_PATH, "/signin/confirm", "/signout")
"""What works for whoever must set up a second factor first."""
LONGEST_TYPED = 1024
"""A password field longer than any password is cut before it is hashed; it is wrong either way."""
WRONG = "E-mail address and password do not match an administrator, or the account is suspended. Check both and try again."
WRONG_PASSWORD = "That is not your password. Check it and try again."  # noqa: S105 - a sentence, no password
WRONG_BOTH = "Password and code do not match. A code counts once, so wait for the next one and try again."
WRONG_CODE = "That code is not right, or was used already. Wait for the next one, or use a recovery code."


class Hasher(Protocol):
    """Checks passwords; `Argon2id` in `directory.admins`."""

    def hash(self, password: str) -> str:
        """Return a hash with today's parameters."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the password is right; an empty hash takes as long and never is."""
        ...

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash has other parameters than today's."""
        ...


@dataclass(frozen=True, slots=True)
class SessionAuthenticator:
    """Reads the session cookie; what `app.state.authenticate_session` holds.

    Whoever must set up a second factor first is led to `set_up`; nothing but `open_without_factor` works for them.
    """

    work: Work[Sessions]
    clock: Clock
    cookie: str = SESSION_COOKIE
    set_up: str = SET_UP_PATH
    open_without_factor: tuple[str, ...] = OPEN_WITHOUT_FACTOR

    def __call__(self, request: Request) -> Actor | None:
        """Return whose session the request carries, or None."""
        token = request.cookies.get(self.cookie, "")
        if not token:
            return None
        with self.work.read() as sessions:
            session = sessions.find(token)
            actor = sessions.actor(session, origin_of(request)) if session is not None else None
        if session is not None and actor is None:
            with self.work.write() as sessions:
                sessions.end_denied(session, origin_of(request))
        if session is not None and actor is not None and session.to_touch(self.clock.now()):
            with self.work.write() as sessions:
                sessions.touch(session)
        if actor is not None and actor.lacks_factor and request.url.path not in self.open_without_factor:
            raise SignInRequired(self.set_up)
        return actor


@dataclass(frozen=True, slots=True)
class PasswordPages:
    """The pages. `authenticate` tells whether somebody is signed in already."""

    work: Work[PasswordSignIn]
    hasher: Hasher
    templates: Templates
    authenticate: SessionAuthenticator

    def router(self) -> APIRouter:
        """Return the routes. All but the confirmation and the sign-out are public: they are the way in."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/signin", self.ask, methods=["GET"])
        router.add_api_route("/signin", self.sign_in, methods=["POST"])
        router.add_api_route("/signin/code", self.ask_code, methods=["GET"])
        router.add_api_route("/signin/code", self.give_code, methods=["POST"])
        router.add_api_route("/signin/confirm", self.ask_confirmation, methods=["GET"])
        router.add_api_route("/signin/confirm", self.confirm, methods=["POST"])
        router.add_api_route("/signout", self.sign_out, methods=["POST"])
        router.add_api_route("/admin/link/{token}", self.ask_link, methods=["GET"])
        router.add_api_route("/admin/link/{token}", self.accept_link, methods=["POST"])
        return router

    def ask(self, request: Request, next: str = "") -> Response:  # noqa: A002 - the parameter's name in addresses
        """Show the sign-in form, or go on when somebody is signed in."""
        try:
            here = self.authenticate(request) is not None
        except SignInRequired as error:
            return RedirectResponse(error.location, 303)
        if here:
            return RedirectResponse(safe_target(next), 303)
        return self.sign_in_page(request, FormState.showing(email=""), next)

    def sign_in(
        self,
        request: Request,
        email: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Sign in with e-mail address and password."""
        form = FormState.showing(email=email)
        form.require("email", sentence="Enter your e-mail address.")
        if not password:
            form.fail("password", "Enter your password.")
        if not form.valid:
            return self.sign_in_page(request, form, next, status=400)
        origin, browser = origin_of(request), request.cookies.get(BROWSER_COOKIE, "")
        try:
            with self.work.write() as actions:
                attempt = actions.begin(email, origin, browser=browser)
        except RateLimited as error:
            form.refuse(error.detail)
            return self.sign_in_page(request, form, next, status=429, headers={"Retry-After": str(error.retry_after)})
        typed = password[:LONGEST_TYPED]
        verified = self.hasher.verify(attempt.password_hash, typed)
        rehash = self.hasher.hash(typed) if verified and self.hasher.outdated(attempt.password_hash) else ""
        with self.work.write() as actions:
            signed_in = actions.finish(
                attempt,
                origin,
                verified=verified,
                replacing=request.cookies.get(SESSION_COOKIE, ""),
                browser=browser,
                rehash=rehash,
                target=safe_target(next),
            )
        if signed_in is None:
            form.refuse(WRONG)
            return self.sign_in_page(request, form, next, status=401)
        if isinstance(signed_in, ShutOut):
            return self.shut_out_page(request, signed_in)
        if isinstance(signed_in, CodeAsked):
            answer = RedirectResponse("/signin/code", 303)
            set_cookie(answer, CODE_COOKIE, signed_in.token, max_age=int(CODE_WITHIN.total_seconds()))
            return answer
        return enter(signed_in)

    def ask_code(self, request: Request) -> Response:
        """Ask for the second factor's code, in the browser that gave the password."""
        with self.work.read() as actions:
            if not actions.waits_for_code(request.cookies.get(CODE_COOKIE, "")):
                return RedirectResponse("/signin", 303)
        return self._code_page(request, FormState())

    def give_code(self, request: Request, code: Annotated[str, Form()] = "") -> Response:
        """Take the code, or a recovery code, and sign in."""
        form = FormState()
        if not code.strip():
            form.fail("code", "Enter the six digits that your authenticator app shows, or a recovery code.")
            return self._code_page(request, form, status=400)
        try:
            with self.work.write() as actions:
                signed_in = actions.give_code(
                    request.cookies.get(CODE_COOKIE, ""),
                    code,
                    origin_of(request),
                    replacing=request.cookies.get(SESSION_COOKIE, ""),
                    browser=request.cookies.get(BROWSER_COOKIE, ""),
                )
        except Unauthenticated as error:
            form.refuse(error.detail)
            return self.sign_in_page(request, form, "", status=401)
        except RateLimited as error:
            form.refuse(error.detail)
            return self._code_page(request, form, status=429, headers={"Retry-After": str(error.retry_after)})
        if signed_in is None:
            form.fail("code", WRONG_CODE)
            return self._code_page(request, form, status=401)
        answer = self.shut_out_page(request, signed_in) if isinstance(signed_in, ShutOut) else enter(signed_in)
        delete_cookie(answer, CODE_COOKIE)
        return answer

    def ask_confirmation(
        self,
        request: Request,
        actor: PageActor,
        next: str = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Ask a signed-in person for the password again, and for a code when they have a second factor."""
        return self._confirm_page(request, actor, FormState(), next)

    def confirm(
        self,
        request: Request,
        actor: PageActor,
        password: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Take the password, and the code, again; afterwards sensitive acts are open for five minutes."""
        form, asks_code = FormState(), self._asks_code(actor)
        if not password:
            form.fail("password", "Enter your password.")
        if asks_code and not code.strip():
            form.fail("code", "Enter the six digits that your authenticator app shows, or a recovery code.")
        if not form.valid:
            return self._confirm_page(request, actor, form, next, status=400)
        try:
            with self.work.write() as actions:
                attempt = actions.begin_confirmation(actor)
        except RateLimited as error:
            form.refuse(error.detail)
            return self._confirm_page(request, actor, form, next, status=429, headers={"Retry-After": str(error.retry_after)})
        verified = self.hasher.verify(attempt.password_hash, password[:LONGEST_TYPED])
        with self.work.write() as actions:
            token = actions.finish_confirmation(
                actor, attempt, request.cookies.get(SESSION_COOKIE, ""), verified=verified, code=code
            )
        if not token:
            form.fail("password", WRONG_BOTH if asks_code else WRONG_PASSWORD)
            return self._confirm_page(request, actor, form, next, status=401)
        answer = RedirectResponse(safe_target(next), 303)
        set_cookie(answer, SESSION_COOKIE, token)
        return answer

    def sign_out(self, request: Request, actor: PageActor) -> Response:
        """End the session."""
        with self.work.write() as actions:
            actions.sign_out(actor, request.cookies.get(SESSION_COOKIE, ""))
        answer = RedirectResponse("/signin", 303)
        delete_cookie(answer, SESSION_COOKIE)
        return answer

    def ask_link(self, request: Request, token: str) -> Response:
        """Show what a one-time link asks for; opening it does not use it up, so a mail scanner cannot."""
        try:
            with self.work.read() as actions:
                link = actions.links.look(token)
        except NotFound as error:
            return self._dead_link(request, error)
        return self._link_page(request, token, FormState.showing(email=link.email), invitation=link.is_invitation)

    def accept_link(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        token: str,
        email: Annotated[str, Form()] = "",
        firstname: Annotated[str, Form()] = "",
        lastname: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        again: Annotated[str, Form()] = "",
    ) -> Response:
        """Use the link up: make the administrator or set the new password, and sign in."""
        form = FormState.showing(email=email, firstname=firstname, lastname=lastname)
        if password != again:
            form.fail("again", "The two passwords differ. Type the same one twice.")
        try:
            with self.work.read() as actions:
                link = actions.links.look(token)
            if form.valid:
                with self.work.write() as actions:
                    signed_in = actions.accept_link(
                        token,
                        email=email,
                        firstname=firstname,
                        lastname=lastname,
                        password=password,
                        origin=origin_of(request),
                        replacing=request.cookies.get(SESSION_COOKIE, ""),
                        browser=request.cookies.get(BROWSER_COOKIE, ""),
                    )
                return self.shut_out_page(request, signed_in) if isinstance(signed_in, ShutOut) else enter(signed_in)
        except NotFound as error:
            return self._dead_link(request, error)
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
        except Conflict as error:
            form.refuse(error.detail)
        return self._link_page(request, token, form, invitation=link.is_invitation, status=400)

    def sign_in_page(
        self, request: Request, form: FormState, target: str, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        """Show the sign-in form with what was typed and what was wrong."""
        return self.templates.render(
            "password/signin.html", request, status=status, headers=headers, form=form, next=safe_target(target, "")
        )

    def _confirm_page(
        self,
        request: Request,
        actor: Actor,
        form: FormState,
        target: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        target = safe_target(target, "")
        return self.templates.render(
            "password/confirm.html",
            request,
            status=status,
            headers=headers,
            form=form,
            next=target,
            email=actor.name,
            asks_code=self._asks_code(actor),
        )

    def _asks_code(self, actor: Actor) -> bool:
        with self.work.read() as actions:
            administrator = actions.administrators.find_present(actor.id)
        return administrator is not None and administrator.factor_since is not None

    def _code_page(
        self, request: Request, form: FormState, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        return self.templates.render("password/code.html", request, status=status, headers=headers, form=form)

    def _link_page(self, request: Request, token: str, form: FormState, *, invitation: bool, status: int = 200) -> Response:
        return self.templates.render(
            "password/link.html",
            request,
            status=status,
            form=form,
            token=token,
            invitation=invitation,
            shortest=SHORTEST_PASSWORD,
            longest=LONGEST_PASSWORD,
        )

    def shut_out_page(self, request: Request, denied: ShutOut) -> Response:
        """Say that an access policy denied the sign-in."""
        return self.templates.render(
            "access/denied.html",
            request,
            status=403,
            headers={"X-Homeport-Reason": denied.reason.code},
            message=denied.message,
            links=denied.links,
            reference=request.scope.get("request_id", ""),
        )

    def _dead_link(self, request: Request, error: NotFound) -> Response:
        return self.templates.render("password/dead_link.html", request, status=404, cause=error.detail)


def enter(signed_in: SignedIn) -> Response:
    """Answer with the session's cookie, and go on to where the browser wanted to go."""
    answer = RedirectResponse(signed_in.target, 303)
    set_cookie(answer, SESSION_COOKIE, signed_in.token)
    set_cookie(answer, BROWSER_COOKIE, signed_in.browser, max_age=int(KNOWN_FOR.total_seconds()))
    return answer


def set_cookie(answer: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set one of the cookies of the way in."""
    # Secure also on http://localhost: browsers count it as trustworthy.
    answer.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def delete_cookie(answer: Response, name: str) -> None:
    """Make the browser forget one of the cookies of the way in."""
    answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
