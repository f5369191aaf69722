"""A way in: password, code, passkey, confirmation and sign-out. Administrators and users have one each, of the same make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import SignInRequired, origin_of
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, RateLimited, Unauthenticated
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.password.model import CODE_WITHIN, KNOWN_FOR, CodeAsked, SignedIn, safe_target
from homeport.trust.signin.password.pages.audience import AttemptT, Audience, DenialT, DoorActions, Hasher
from homeport.trust.signin.password.pages.cookies import delete_cookie, set_cookie

LONGEST_TYPED = 1024
"""A password field longer than any password is cut before it is hashed; it is wrong either way."""
CODE_MISSING = "Enter the six digits that your authenticator app shows, or a recovery code."
WRONG_PASSWORD = "That is not your password. Check it and try again."  # noqa: S105 - a sentence, no password
WRONG_BOTH = "Password and code do not match. A code counts once, so wait for the next one and try again."
WRONG_CODE = "That code is not right, or was used already. Wait for the next one, or use a recovery code."


@dataclass(frozen=True, slots=True)
class Door(Generic[AttemptT, DenialT]):
    """The pages. `authenticate` tells whether somebody is signed in already; `denied` says a denial, as a page or as a sentence on the form."""

    work: Work[DoorActions[AttemptT, DenialT]]
    hasher: Hasher
    templates: Templates
    audience: Audience
    authenticate: Callable[[Request], Actor | None]
    denied: Callable[[Request, DenialT], Response | str]

    def router(self) -> Router:
        """Return the routes. All but the confirmation and the sign-out are public: they are the way in."""
        to = self.audience
        Asking = Annotated[Actor, Depends(to.guard)]  # noqa: N806 - a type
        Typed = Annotated[str, Form(alias=to.field)]  # noqa: N806 - a type
        Text = Annotated[str, Form()]  # noqa: N806 - a type

        def sign_in(request: Request, typed: Typed = "", password: Text = "", next: Text = "") -> Response:  # noqa: A002 - the parameter's name in addresses
            """Sign in with name and password."""
            return self.take_password(request, typed, password, next)

        def ask_confirmation(request: Request, actor: Asking, next: str = "") -> Response:  # noqa: A002 - the parameter's name in addresses
            """Ask a signed-in person for the password again, and for a code when they have a second factor."""
            return self._confirm_page(request, actor, FormState(), next)

        def confirm(
            request: Request,
            actor: Asking,
            password: Text = "",
            code: Text = "",
            next: Text = "",  # noqa: A002 - the parameter's name in addresses
        ) -> Response:
            """Take the password, and the code, again; afterwards sensitive acts are open for five minutes."""
            return self.take_confirmation(request, actor, password, code, next)

        def sign_out(request: Request, actor: Asking) -> Response:
            """End the session."""
            with self.work.write() as act:
                act.sign_in.sign_out(actor, request.cookies.get(to.cookies.session, ""))
            answer = RedirectResponse(to.sign_in, 303)
            delete_cookie(answer, to.cookies.session)
            return answer

        router = Router(include_in_schema=False)
        router.add_api_route(to.sign_in, self.ask, methods=["GET"])
        router.add_api_route(to.sign_in, sign_in, methods=["POST"])
        router.add_api_route(f"{to.sign_in}/code", self.ask_code, methods=["GET"])
        router.add_api_route(f"{to.sign_in}/code", self.give_code, methods=["POST"])
        router.add_api_route(f"{to.sign_in}/passkey/options", self.passkey_options, methods=["POST"])
        router.add_api_route(f"{to.sign_in}/passkey", self.give_passkey, methods=["POST"])
        router.add_api_route(to.confirm, ask_confirmation, methods=["GET"])
        router.add_api_route(to.confirm, confirm, methods=["POST"])
        router.add_api_route(to.sign_out, sign_out, methods=["POST"])
        return router

    def ask(self, request: Request, next: str = "") -> Response:  # noqa: A002 - the parameter's name in addresses
        """Show the sign-in form, or go on when somebody is signed in."""
        try:
            here = self.authenticate(request) is not None
        except SignInRequired as error:
            return RedirectResponse(error.location, 303)
        if here:
            return RedirectResponse(self.audience.target(next), 303)
        return self._sign_in_page(request, self._empty(), next)

    def take_password(self, request: Request, typed: str, password: str, target: str) -> Response:
        """Count the attempt, check the password outside any unit of work, and judge."""
        form, to = FormState.showing(**{self.audience.field: typed}), self.audience
        form.require(to.field, sentence=to.missing)
        if not password:
            form.fail("password", "Enter your password.")
        if not form.valid:
            return self._sign_in_page(request, form, target, status=400)
        origin, browser = origin_of(request), request.cookies.get(to.cookies.browser, "")
        try:
            with self.work.write() as act:
                attempt = act.sign_in.begin(typed, origin, browser=browser)
        except RateLimited as error:
            form.refuse(error.detail)
            return self._sign_in_page(request, form, target, status=429, headers={"Retry-After": str(error.retry_after)})
        given = password[:LONGEST_TYPED]
        verified = self.hasher.verify(attempt.password_hash, given)
        rehash = self.hasher.hash(given) if verified and self.hasher.outdated(attempt.password_hash) else ""
        with self.work.write() as act:
            outcome = act.sign_in.finish(
                attempt,
                origin,
                verified=verified,
                replacing=request.cookies.get(to.cookies.session, ""),
                browser=browser,
                rehash=rehash,
                target=to.target(target),
            )
        return self.answer(request, outcome, form, target, wrong=to.wrong)

    def ask_code(self, request: Request) -> Response:
        """Ask for the second factor's code, in the browser that gave the password."""
        with self.work.read() as act:
            if not act.sign_in.waits_for_code(request.cookies.get(self.audience.cookies.code, "")):
                return RedirectResponse(self.audience.sign_in, 303)
        return self._page("password/code.html", request, FormState())

    def give_code(self, request: Request, code: Annotated[str, Form()] = "") -> Response:
        """Take the code, or a recovery code, and sign in."""
        form, cookies = FormState(), self.audience.cookies
        if not code.strip():
            form.fail("code", CODE_MISSING)
            return self._page("password/code.html", request, form, status=400)
        try:
            with self.work.write() as act:
                outcome = act.sign_in.give_code(
                    request.cookies.get(cookies.code, ""),
                    code,
                    origin_of(request),
                    replacing=request.cookies.get(cookies.session, ""),
                    browser=request.cookies.get(cookies.browser, ""),
                )
        except Unauthenticated as error:
            form.refuse(error.detail)
            return self._sign_in_page(request, form, "", status=401)
        except RateLimited as error:
            form.refuse(error.detail)
            headers = {"Retry-After": str(error.retry_after)}
            return self._page("password/code.html", request, form, status=429, headers=headers)
        if outcome is None:
            form.fail("code", WRONG_CODE)
            return self._page("password/code.html", request, form, status=401)
        answer = self.answer(request, outcome)
        delete_cookie(answer, cookies.code)
        return answer

    def passkey_options(self, request: Request) -> Response:
        """Return what the browser is to sign."""
        with self.work.write() as act:
            act.limits.require(f"passkey {origin_of(request).network}", burst=20, per_minute=10)
            return Response(act.passkeys.begin_sign_in(), media_type="application/json")

    def give_passkey(
        self,
        request: Request,
        credential: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Judge what the browser signed, and sign in."""
        origin, form, to = origin_of(request), self._empty(), self.audience
        with self.work.write() as act:
            # Judged inside: a wrong answer uses its challenge up too, in the unit of work that records the refusal.
            try:
                passkey = act.passkeys.prove(credential)
            except Invalid as error:
                reference = act.sign_in.refuse_passkey(origin)
                form.refuse(f"{error.detail} Sign-in id: {reference}" if reference else error.detail)
            else:
                outcome = act.sign_in.enter_by_passkey(
                    passkey.owner_id,
                    origin,
                    replacing=request.cookies.get(to.cookies.session, ""),
                    browser=request.cookies.get(to.cookies.browser, ""),
                    target=to.target(next),
                )
        if not form.valid:
            return self._sign_in_page(request, form, next, status=401)
        return self.answer(request, outcome, form, next, wrong=to.not_here)

    def take_confirmation(self, request: Request, actor: Actor, password: str, code: str, target: str) -> Response:
        """Count the attempt, check the password outside any unit of work, and renew the session."""
        form, session = FormState(), self.audience.cookies.session
        with self.work.read() as act:
            asks_code = act.sign_in.asks_code(actor)
        if not password:
            form.fail("password", "Enter your password.")
        if asks_code and not code.strip():
            form.fail("code", CODE_MISSING)
        if not form.valid:
            return self._confirm_page(request, actor, form, target, status=400)
        try:
            with self.work.write() as act:
                attempt = act.sign_in.begin_confirmation(actor)
        except RateLimited as error:
            form.refuse(error.detail)
            headers = {"Retry-After": str(error.retry_after)}
            return self._confirm_page(request, actor, form, target, status=429, headers=headers)
        verified = self.hasher.verify(attempt.password_hash, password[:LONGEST_TYPED])
        with self.work.write() as act:
            present = request.cookies.get(session, "")
            token = act.sign_in.finish_confirmation(actor, attempt, present, verified=verified, code=code)
        if not token:
            form.fail("password", WRONG_BOTH if asks_code else WRONG_PASSWORD)
            return self._confirm_page(request, actor, form, target, status=401)
        answer = RedirectResponse(self.audience.target(target), 303)
        set_cookie(answer, session, token)
        return answer

    def answer(
        self,
        request: Request,
        outcome: SignedIn | CodeAsked | DenialT | None,
        form: FormState | None = None,
        target: str = "",
        *,
        wrong: str = "",
    ) -> Response:
        """Answer with the session's cookie, the way to the code, or the refusal; `wrong` is said when nothing was proven."""
        cookies = self.audience.cookies
        if isinstance(outcome, CodeAsked):
            asked = RedirectResponse(f"{self.audience.sign_in}/code", 303)
            set_cookie(asked, cookies.code, outcome.token, max_age=int(CODE_WITHIN.total_seconds()))
            return asked
        if isinstance(outcome, SignedIn):
            answer = RedirectResponse(outcome.target, 303)
            set_cookie(answer, cookies.session, outcome.token)
            set_cookie(answer, cookies.browser, outcome.browser, max_age=int(KNOWN_FOR.total_seconds()))
            return answer
        said = wrong if outcome is None else self.denied(request, outcome)
        if isinstance(said, Response):
            return said
        shown = form or self._empty()
        shown.refuse(said)
        return self._sign_in_page(request, shown, target, status=401)

    def _empty(self) -> FormState:
        return FormState.showing(**{self.audience.field: ""})

    def _sign_in_page(
        self, request: Request, form: FormState, target: str, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        return self._page(self.audience.page, request, form, status=status, headers=headers, next=safe_target(target, ""))

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
        with self.work.read() as act:
            asks_code = act.sign_in.asks_code(actor)
        return self._page(
            "password/confirm.html",
            request,
            form,
            status=status,
            headers=headers,
            next=safe_target(target, ""),
            username=actor.name,
            asks_code=asks_code,
        )

    def _page(
        self,
        template: str,
        request: Request,
        form: FormState,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **shown: Any,
    ) -> Response:
        return self.templates.render(template, request, status=status, headers=headers, form=form, door=self.audience, **shown)
