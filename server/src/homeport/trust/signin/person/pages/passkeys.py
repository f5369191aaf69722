"""Into the user portal with a passkey."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.ui.forms import FormState
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.person.actions import PersonSignIn
from homeport.trust.signin.person.pages.signin import BROWSER_COOKIE, SESSION_COOKIE, SIGN_IN, PersonPages, own_target

PATH = f"{SIGN_IN}/passkey"


@dataclass(frozen=True, slots=True)
class DoorActions:
    """What the door needs in one unit of work."""

    passkeys: Passkeys
    sign_in: PersonSignIn
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class PersonPasskeyDoor:
    """The two steps; what follows them is shown by `pages`."""

    work: Work[DoorActions]
    pages: PersonPages

    def router(self) -> APIRouter:
        """Return the routes; both are public: they are a way in."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(f"{PATH}/options", self.options, methods=["POST"])
        router.add_api_route(PATH, self.enter, methods=["POST"])
        return router

    def options(self, request: Request) -> Response:
        """Return what the browser is to sign."""
        with self.work.write() as act:
            act.limits.require(f"passkey {origin_of(request).network}", burst=20, per_minute=10)
            return Response(act.passkeys.begin_sign_in(), media_type="application/json")

    def enter(
        self,
        request: Request,
        credential: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 - the parameter's name in addresses
    ) -> Response:
        """Judge what it signed, and sign in."""
        origin, form = origin_of(request), FormState.showing(name="")
        with self.work.write() as act:
            # Judged inside: a wrong answer uses its challenge up too, in the unit of work that records the refusal.
            try:
                passkey = act.passkeys.prove(credential)
            except Invalid as error:
                form.refuse(f"{error.detail} Sign-in id: {act.sign_in.refuse_passkey(origin)}")
            else:
                outcome = act.sign_in.enter_by_passkey(
                    passkey.owner_id,
                    origin,
                    replacing=request.cookies.get(SESSION_COOKIE, ""),
                    browser=request.cookies.get(BROWSER_COOKIE, ""),
                    target=own_target(next),
                )
        return self.pages.answer(request, outcome) if form.valid else self.pages.sign_in_page(request, form, next, status=401)
