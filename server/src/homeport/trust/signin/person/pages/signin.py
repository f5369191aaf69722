"""The way into the user portal and out of it: sign-in, code, confirmation, one-time link, sign-out."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.model import LONGEST_PASSWORD
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import SignInRequired, UserActor, origin_of
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, NotFound, RateLimited, Unauthenticated
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.password.model import CODE_WITHIN, KNOWN_FOR, CodeAsked, safe_target
from homeport.trust.signin.password.pages.signin import (
    LONGEST_TYPED,
    WRONG_BOTH,
    WRONG_CODE,
    WRONG_PASSWORD,
    Hasher,
    SessionAuthenticator,
    delete_cookie,
    set_cookie,
)
from homeport.trust.signin.person.actions import Entered, Passwords, PersonSignIn
from homeport.trust.signin.person.forgotten import Forgotten
from homeport.trust.signin.person.model import HOME, LinkKind, PasswordStatus, Refused

SESSION_COOKIE = "__Host-homeport-user"
BROWSER_COOKIE = "__Host-homeport-user-browser"
CODE_COOKIE = "__Host-homeport-user-code"
FORGOTTEN = "/user/signin/forgotten"
SIGN_IN, CODE, CONFIRM, SIGN_OUT, LINK = (
    "/user/signin",
    "/user/signin/code",
    "/user/confirm",
    "/user/signout",
    "/user/link/{token}",
)
PASSWORD = "/user/security/password"  # noqa: S105 - an address
FACTOR = "/user/security/second-factor"
OPEN_WITHOUT_FACTOR = (FACTOR, CONFIRM, SIGN_OUT)
"""What works for whoever must set up a second factor first."""
OPEN_WITH_EXPIRED = (PASSWORD, CONFIRM, SIGN_OUT)
"""What works for whoever must change the password first."""
WRONG = "Name and password do not match, or you have no password here yet. Check both and try again."
CODE_MISSING = "Enter the six digits that your authenticator app shows, or a recovery code."
USED_BEFORE = "You have had this password before. Choose another."
DIFFER = "The two passwords differ. Type the same one twice."


@dataclass(frozen=True, slots=True)
class PersonActions:
    """What the pages need in one unit of work."""

    sign_in: PersonSignIn
    passwords: Passwords
    forgotten: Forgotten


@dataclass(frozen=True, slots=True)
class PersonAuthenticator:
    """Reads the portal's session cookie; what `app.state.authenticate_user` holds. An expired password leads to its change."""

    sessions: SessionAuthenticator
    work: Work[Passwords]

    def __call__(self, request: Request) -> Actor | None:
        """Return whose session the request carries, or None."""
        actor = self.sessions(request)
        if actor is not None and not actor.lacks_factor and request.url.path not in OPEN_WITH_EXPIRED:
            with self.work.read() as passwords:
                if passwords.present(actor.id).status is PasswordStatus.EXPIRED:
                    raise SignInRequired(PASSWORD)
        return actor


@dataclass(frozen=True, slots=True)
class PersonPages:
    """The pages. `authenticate` tells whether somebody is signed in already; `by_mail` whether a forgotten password can be reset by mail."""

    work: Work[PersonActions]
    hasher: Hasher
    templates: Templates
    authenticate: PersonAuthenticator

    def router(self) -> APIRouter:
        """Return the routes. All but the confirmation and the sign-out are public: they are the way in."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(SIGN_IN, self.ask, methods=["GET"])
        router.add_api_route(SIGN_IN, self.sign_in, methods=["POST"])
        router.add_api_route(CODE, self.ask_code, methods=["GET"])
        router.add_api_route(CODE, self.give_code, methods=["POST"])
        router.add_api_route(CONFIRM, self.ask_confirmation, methods=["GET"])
        router.add_api_route(CONFIRM, self.confirm, methods=["POST"])
        router.add_api_route(SIGN_OUT, self.sign_out, methods=["POST"])
        router.add_api_route(FORGOTTEN, self.ask_forgotten, methods=["GET"])
        router.add_api_route(FORGOTTEN, self.forget, methods=["POST"])
        router.add_api_route(LINK, self.ask_link, methods=["GET"])
        router.add_api_route(LINK, self.accept_link, methods=["POST"])
        return router

    def ask(self, request: Request, next: str = "") -> Response:  # noqa: A002 - the parameter's name in addresses
        """Show the sign-in form, or go on when somebody is signed in."""
        try:
            here = self.authenticate(request) is not None
        except SignInRequired as error:
            return RedirectResponse(error.location, 303)
        if here:
            return RedirectResponse(own_target(next), 303)
        return self.sign_in_page(request, FormState.showing(name=""), next)

    def sign_in(
        self,
        request: Request,
        name: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Sign in with user name or e-mail address, and password."""
        form = FormState.showing(name=name)
        form.require("name", sentence="Enter your user name or e-mail address.")
        if not password:
            form.fail("password", "Enter your password.")
        if not form.valid:
            return self.sign_in_page(request, form, next, status=400)
        origin, browser = origin_of(request), request.cookies.get(BROWSER_COOKIE, "")
        try:
            with self.work.write() as act:
                attempt = act.sign_in.begin(name, origin, browser=browser)
        except RateLimited as error:
            form.refuse(error.detail)
            return self.sign_in_page(request, form, next, status=429, headers={"Retry-After": str(error.retry_after)})
        typed = password[:LONGEST_TYPED]
        verified = self.hasher.verify(attempt.password_hash, typed)
        rehash = self.hasher.hash(typed) if verified and self.hasher.outdated(attempt.password_hash) else ""
        with self.work.write() as act:
            outcome = act.sign_in.finish(
                attempt,
                origin,
                verified=verified,
                replacing=request.cookies.get(SESSION_COOKIE, ""),
                browser=browser,
                rehash=rehash,
                target=own_target(next),
            )
        if isinstance(outcome, Refused) and not outcome.told:
            form.refuse(f"{WRONG} Sign-in id: {outcome.sign_in_id}")
            return self.sign_in_page(request, form, next, status=401)
        return self.answer(request, outcome)

    def ask_code(self, request: Request) -> Response:
        """Ask for the second factor's code, in the browser that gave the password."""
        with self.work.read() as act:
            if not act.sign_in.waits_for_code(request.cookies.get(CODE_COOKIE, "")):
                return RedirectResponse(SIGN_IN, 303)
        return self._code_page(request, FormState())

    def give_code(self, request: Request, code: Annotated[str, Form()] = "") -> Response:
        """Take the code, or a recovery code, and sign in."""
        form = FormState()
        if not code.strip():
            form.fail("code", CODE_MISSING)
            return self._code_page(request, form, status=400)
        try:
            with self.work.write() as act:
                outcome = act.sign_in.give_code(
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
        if outcome is None:
            form.fail("code", WRONG_CODE)
            return self._code_page(request, form, status=401)
        answer = self.answer(request, outcome)
        delete_cookie(answer, CODE_COOKIE)
        return answer

    def ask_confirmation(
        self,
        request: Request,
        actor: UserActor,
        next: str = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Ask a signed-in person for the password again, and for a code when they have a second factor."""
        return self._confirm_page(request, actor, FormState(), next)

    def confirm(
        self,
        request: Request,
        actor: UserActor,
        password: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Take the password, and the code, again; afterwards sensitive acts are open for five minutes."""
        form, asks_code = FormState(), self._asks_code(actor)
        if not password:
            form.fail("password", "Enter your password.")
        if asks_code and not code.strip():
            form.fail("code", CODE_MISSING)
        if not form.valid:
            return self._confirm_page(request, actor, form, next, status=400)
        try:
            with self.work.write() as act:
                attempt = act.sign_in.begin_confirmation(actor)
        except RateLimited as error:
            form.refuse(error.detail)
            return self._confirm_page(request, actor, form, next, status=429, headers={"Retry-After": str(error.retry_after)})
        verified = self.hasher.verify(attempt.password_hash, password[:LONGEST_TYPED])
        with self.work.write() as act:
            token = act.sign_in.finish_confirmation(
                actor, attempt, request.cookies.get(SESSION_COOKIE, ""), verified=verified, code=code
            )
        if not token:
            form.fail("password", WRONG_BOTH if asks_code else WRONG_PASSWORD)
            return self._confirm_page(request, actor, form, next, status=401)
        answer = RedirectResponse(own_target(next), 303)
        set_cookie(answer, SESSION_COOKIE, token)
        return answer

    def sign_out(self, request: Request, actor: UserActor) -> Response:
        """End the session."""
        with self.work.write() as act:
            act.sign_in.sign_out(actor, request.cookies.get(SESSION_COOKIE, ""))
        answer = RedirectResponse(SIGN_IN, 303)
        delete_cookie(answer, SESSION_COOKIE)
        return answer

    def ask_forgotten(self, request: Request) -> Response:
        """Ask whose password was forgotten, or say who hands links over when no mail is sent."""
        return self._forgotten_page(request, FormState.showing(name=""))

    def forget(self, request: Request, name: Annotated[str, Form()] = "") -> Response:
        """Send a link if there is somebody to send one to; the answer is the same whoever was named."""
        form = FormState.showing(name=name)
        form.require("name", sentence="Enter your user name or e-mail address.")
        if form.valid:
            try:
                with self.work.write() as act:
                    act.forgotten.ask(name, origin_of(request))
            except RateLimited as error:
                form.refuse(error.detail)
                return self._forgotten_page(request, form, status=429, headers={"Retry-After": str(error.retry_after)})
            except Conflict as error:
                form.refuse(error.detail)
        if not form.valid:
            return self._forgotten_page(request, form, status=400)
        return self.templates.render("person/forgotten_sent.html", request)

    def ask_link(self, request: Request, token: str) -> Response:
        """Show what a one-time link asks for; opening it does not use it up, so a mail scanner cannot."""
        return self._link(request, token, FormState())

    def accept_link(
        self, request: Request, token: str, password: Annotated[str, Form()] = "", again: Annotated[str, Form()] = ""
    ) -> Response:
        """Use the link up: set the password and sign in."""
        form = FormState()
        try:
            with self.work.read() as act:
                _, user = act.passwords.look(token)
                problem = act.passwords.problem(user, password)
                unwanted = act.passwords.unwanted(user.id)
            if problem:
                form.fail("password", problem)
            elif password != again:
                form.fail("again", DIFFER)
            elif any(self.hasher.verify(one, password) for one in unwanted):
                form.fail("password", USED_BEFORE)
            if not form.valid:
                return self._link(request, token, form, status=400)
            password_hash = self.hasher.hash(password)
            with self.work.write() as act:
                user = act.passwords.accept_link(token, password_hash, origin_of(request))
                outcome = act.sign_in.enter_by_link(
                    user,
                    origin_of(request),
                    replacing=request.cookies.get(SESSION_COOKIE, ""),
                    browser=request.cookies.get(BROWSER_COOKIE, ""),
                )
        except (NotFound, Conflict) as error:
            return self._dead_link(request, error.detail)
        return self.answer(request, outcome)

    def answer(self, request: Request, outcome: Entered | CodeAsked | Refused) -> Response:
        """Answer with the session's cookie, the way to the code, or the refusal."""
        if isinstance(outcome, Refused):
            return self.templates.render(
                "person/refused.html",
                request,
                status=403,
                cause=outcome.text or outcome.reason.person,
                links=outcome.links,
                reference=outcome.sign_in_id,
            )
        if isinstance(outcome, CodeAsked):
            asked = RedirectResponse(CODE, 303)
            set_cookie(asked, CODE_COOKIE, outcome.token, max_age=int(CODE_WITHIN.total_seconds()))
            return asked
        answer = RedirectResponse(outcome.target, 303)
        set_cookie(answer, SESSION_COOKIE, outcome.token)
        set_cookie(answer, BROWSER_COOKIE, outcome.browser, max_age=int(KNOWN_FOR.total_seconds()))
        return answer

    def sign_in_page(
        self, request: Request, form: FormState, target: str, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        """Show the sign-in form with what was typed and what was wrong."""
        return self.templates.render(
            "person/signin.html", request, status=status, headers=headers, form=form, next=safe_target(target, "")
        )

    def _forgotten_page(
        self, request: Request, form: FormState, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        with self.work.read() as act:
            by_mail = act.forgotten.by_mail
        return self.templates.render("person/forgotten.html", request, status=status, headers=headers, form=form, by_mail=by_mail)

    def _code_page(
        self, request: Request, form: FormState, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        return self.templates.render("person/code.html", request, status=status, headers=headers, form=form)

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
        return self.templates.render(
            "person/confirm.html",
            request,
            status=status,
            headers=headers,
            form=form,
            next=own_target(target),
            username=actor.name,
            asks_code=self._asks_code(actor),
        )

    def _asks_code(self, actor: Actor) -> bool:
        with self.work.read() as act:
            return act.passwords.present(actor.id).factor_since is not None

    def _link(self, request: Request, token: str, form: FormState, *, status: int = 200) -> Response:
        try:
            with self.work.read() as act:
                link, user = act.passwords.look(token)
                shortest = act.passwords.shortest
        except NotFound as error:
            return self._dead_link(request, error.detail)
        return self.templates.render(
            "person/link.html",
            request,
            status=status,
            form=form,
            token=token,
            user=user,
            first=link.kind is LinkKind.ACTIVATION,
            shortest=shortest,
            longest=LONGEST_PASSWORD,
        )

    def _dead_link(self, request: Request, cause: str) -> Response:
        return self.templates.render("person/dead_link.html", request, status=404, cause=cause)


def own_target(target: str) -> str:
    """Return where to go on to: an address of the portal, or its home page."""
    found = safe_target(target, HOME)
    return found if found == HOME or found.startswith((f"{HOME}/", f"{HOME}?")) else HOME
