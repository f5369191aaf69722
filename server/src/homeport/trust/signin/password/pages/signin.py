"""The way into the admin portal: its door, and the one-time link by which somebody first comes in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from homeport.directory.admins.model import LONGEST_PASSWORD, SHORTEST_PASSWORD
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import GUARDS, origin_of
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.password.actions import PasswordSignIn
from homeport.trust.signin.password.model import HOME, Attempt, ShutOut, safe_target
from homeport.trust.signin.password.pages.audience import Audience, DoorActions, Hasher
from homeport.trust.signin.password.pages.cookies import Cookies
from homeport.trust.signin.password.pages.door import Door

COOKIES = Cookies(session="__Host-homeport", browser="__Host-homeport-browser", code="__Host-homeport-code")
SET_UP_PATH = "/admin/account/second-factor"
ADMINISTRATORS = Audience(
    guard=GUARDS[1],
    sign_in="/signin",
    confirm="/signin/confirm",
    sign_out="/signout",
    home=HOME,
    cookies=COOKIES,
    page="password/signin.html",
    field="email",
    missing="Enter your e-mail address.",
    wrong="E-mail address and password do not match an administrator, or the account is suspended. Check both and try again.",
    not_here="This passkey belongs to no administrator who may sign in.",
    lost="Another administrator can reset your second factor, and whoever runs this server can make a new link: homeport admin link",
    target=safe_target,
)
OPEN_WITHOUT_FACTOR = (SET_UP_PATH, ADMINISTRATORS.confirm, ADMINISTRATORS.sign_out)
"""What works for whoever must set up a second factor first."""
LINK = "/admin/link/{token}"


def admin_door(
    work: Work[DoorActions[Attempt, ShutOut]],
    hasher: Hasher,
    templates: Templates,
    authenticate: Callable[[Request], Actor | None],
) -> Door[Attempt, ShutOut]:
    """Return the door of the admin portal, which says that an access policy denied a sign-in."""

    def shut_out(request: Request, denied: ShutOut) -> Response:
        return templates.render(
            "access/denied.html",
            request,
            status=403,
            headers={"X-Homeport-Reason": denied.reason.code},
            message=denied.message,
            links=denied.links,
            reference=request.scope.get("request_id", ""),
        )

    return Door(work, hasher, templates, ADMINISTRATORS, authenticate, shut_out)


@dataclass(frozen=True, slots=True)
class OneTimeLinkPages:
    """The pages of a one-time link; what follows it is the door's."""

    work: Work[PasswordSignIn]
    templates: Templates
    door: Door[Attempt, ShutOut]

    def router(self) -> Router:
        """Return the routes; they are public: the link's token is the proof."""
        router = Router(include_in_schema=False)
        router.add_api_route(LINK, self.ask_link, methods=["GET"])
        router.add_api_route(LINK, self.accept_link, methods=["POST"])
        return router

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
                        replacing=request.cookies.get(COOKIES.session, ""),
                        browser=request.cookies.get(COOKIES.browser, ""),
                    )
                return self.door.answer(request, signed_in)
        except NotFound as error:
            return self._dead_link(request, error)
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
        except Conflict as error:
            form.refuse(error.detail)
        return self._link_page(request, token, form, invitation=link.is_invitation, status=400)

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

    def _dead_link(self, request: Request, error: NotFound) -> Response:
        return self.templates.render("password/dead_link.html", request, status=404, cause=error.detail)
