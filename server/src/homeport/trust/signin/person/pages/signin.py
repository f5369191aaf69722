"""The way into the user portal: its door, the one-time link, and the page for who forgot the password."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from homeport.directory.admins.model import LONGEST_PASSWORD
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import OWN_GUARDS, SignInRequired, origin_of
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, NotFound, RateLimited
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.password.model import safe_target
from homeport.trust.signin.password.pages.audience import Audience, DoorActions, Hasher
from homeport.trust.signin.password.pages.cookies import Cookies, SessionAuthenticator
from homeport.trust.signin.password.pages.door import Door
from homeport.trust.signin.person.actions import Passwords, PersonSignIn
from homeport.trust.signin.person.forgotten import Forgotten
from homeport.trust.signin.person.model import HOME, LinkKind, PasswordStatus, PersonAttempt, Refused

COOKIES = Cookies(session="__Host-homeport-user", browser="__Host-homeport-user-browser", code="__Host-homeport-user-code")
FORGOTTEN, LINK = "/user/signin/forgotten", "/user/link/{token}"
PASSWORD = "/user/security/password"  # noqa: S105 - an address
FACTOR = "/user/security/second-factor"
WRONG = "Name and password do not match, or you have no password here yet. Check both and try again."
USED_BEFORE = "You have had this password before. Choose another."
EXPIRED_AGAIN = "This is the password that has expired. Choose another."
DIFFER = "The two passwords differ. Type the same one twice."


def own_target(target: str) -> str:
    """Return where to go on to: an address of the portal, or its home page."""
    found = safe_target(target, HOME)
    return found if found == HOME or found.startswith((f"{HOME}/", f"{HOME}?")) else HOME


USERS = Audience(
    guard=OWN_GUARDS[0],
    sign_in="/user/signin",
    confirm="/user/confirm",
    sign_out="/user/signout",
    home=HOME,
    cookies=COOKIES,
    page="person/signin.html",
    field="name",
    missing="Enter your user name or e-mail address.",
    wrong=WRONG,
    not_here="This passkey belongs to nobody who may sign in.",
    lost="Your administrator can reset your second factor.",
    target=own_target,
)
OPEN_WITHOUT_FACTOR = (FACTOR, USERS.confirm, USERS.sign_out)
"""What works for whoever must set up a second factor first."""
OPEN_WITH_EXPIRED = (PASSWORD, USERS.confirm, USERS.sign_out)
"""What works for whoever must change the password first."""


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


def user_door(
    work: Work[DoorActions[PersonAttempt, Refused]],
    hasher: Hasher,
    templates: Templates,
    authenticate: Callable[[Request], Actor | None],
) -> Door[PersonAttempt, Refused]:
    """Return the door of the user portal. Who proved who they are learns why they are refused; all others, that nothing matched."""

    def refused_page(request: Request, refused: Refused) -> Response | str:
        if not refused.told:
            return f"{WRONG} Sign-in id: {refused.sign_in_id}"
        return templates.render(
            "person/refused.html",
            request,
            status=403,
            cause=refused.text or refused.reason.person,
            links=refused.links,
            reference=refused.sign_in_id,
        )

    return Door(work, hasher, templates, USERS, authenticate, refused_page)


@dataclass(frozen=True, slots=True)
class PersonPages:
    """The pages beside the door: who forgot the password, and who has a one-time link; what follows them is the door's."""

    work: Work[PersonActions]
    hasher: Hasher
    templates: Templates
    door: Door[PersonAttempt, Refused]

    def router(self) -> Router:
        """Return the routes; they are public: the link's token is the proof."""
        router = Router(include_in_schema=False)
        router.add_api_route(FORGOTTEN, self.ask_forgotten, methods=["GET"])
        router.add_api_route(FORGOTTEN, self.forget, methods=["POST"])
        router.add_api_route(LINK, self.ask_link, methods=["GET"])
        router.add_api_route(LINK, self.accept_link, methods=["POST"])
        return router

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
                problem, present = act.passwords.problem(user, password), act.passwords.present(user.id)
                unwanted = act.passwords.unwanted(user.id)
            if problem:
                form.fail("password", problem)
            elif password != again:
                form.fail("again", DIFFER)
            elif used := next((one for one in unwanted if self.hasher.verify(one, password)), ""):
                form.fail("password", EXPIRED_AGAIN if present.expired_at and used == present.password_hash else USED_BEFORE)
            if not form.valid:
                return self._link(request, token, form, status=400)
            password_hash = self.hasher.hash(password)
            with self.work.write() as act:
                user = act.passwords.accept_link(token, password_hash, origin_of(request))
                outcome = act.sign_in.enter_by_link(
                    user,
                    origin_of(request),
                    replacing=request.cookies.get(COOKIES.session, ""),
                    browser=request.cookies.get(COOKIES.browser, ""),
                )
        except (NotFound, Conflict) as error:
            return self._dead_link(request, error.detail)
        return self.door.answer(request, outcome)

    def _forgotten_page(
        self, request: Request, form: FormState, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        with self.work.read() as act:
            by_mail = act.forgotten.by_mail
        return self.templates.render("person/forgotten.html", request, status=status, headers=headers, form=form, by_mail=by_mail)

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
