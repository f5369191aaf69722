"""USER MANAGEMENT > Users: the list, one user, and what can be done with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.people.actions import FIELDS, People
from homeport.directory.people.model import User, UserState
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui import listing
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates

PANELS = "user"
WORDS = {
    UserState.STAGED: ("Staged", "info"),
    UserState.ACTIVATED: ("Activated", "ok"),
    UserState.SUSPENDED: ("Suspended", "warn"),
}
FILTERS = (
    listing.Filter("state", "State", tuple((state.value, WORDS[state][0]) for state in UserState)),
    listing.Filter("username", "User name"),
    listing.Filter("email", "E-mail"),
)
SORTS = ("username", "email", "firstname", "lastname", "state", "created_at")
LABELS = {"username": "User name", "email": "E-mail address", "firstname": "First name", "lastname": "Last name"}
STATES = (
    (UserState.ACTIVATED.value, "Activated", "The person can sign in at once."),
    (UserState.STAGED.value, "Staged", "Prepared: the person gets nothing until somebody activates them."),
)
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The pages of users. Sections that others add to a user's page are registered as `user`; their subject is the User."""

    work: Work[People]
    templates: Templates
    panels: Panels

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/admin/users", self.list, methods=["GET"])
        router.add_api_route("/admin/users/add", self.add, methods=["GET"])
        router.add_api_route("/admin/users/add", self.create, methods=["POST"])
        router.add_api_route("/admin/users/{user_id}", self.show, methods=["GET"])
        router.add_api_route("/admin/users/{user_id}", self.update, methods=["POST"])
        router.add_api_route("/admin/users/{user_id}/activate", self.ask_activate, methods=["GET"])
        router.add_api_route("/admin/users/{user_id}/activate", self.activate, methods=["POST"])
        router.add_api_route("/admin/users/{user_id}/suspend", self.ask_suspend, methods=["GET"])
        router.add_api_route("/admin/users/{user_id}/suspend", self.suspend, methods=["POST"])
        router.add_api_route("/admin/users/{user_id}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route("/admin/users/{user_id}/delete", self.delete, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List users by user name."""
        state = ListState.of(request, filters=FILTERS, sorts=SORTS, default_sort="username")
        asked = Listing(
            text=state.text,
            filters=tuple(Filter(name, "eq", value) for name, value in state.chosen),
            sort=(f"-{state.sort}" if state.descending else state.sort,),
            skip=state.offset,
            limit=state.size,
        )
        with self.work.read() as people:
            page = people.list(actor, asked)
        return self.templates.render(
            "people/list.html",
            request,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            users=page.items,
            words=WORDS,
            may_write=actor.may(Permission.USERS_WRITE),
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new user."""
        actor.require(Permission.USERS_WRITE)
        return self._add_page(request, FormState.showing(state=UserState.ACTIVATED.value))

    def create(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        username: Annotated[str, Form()] = "",
        email: Annotated[str, Form()] = "",
        firstname: Annotated[str, Form()] = "",
        lastname: Annotated[str, Form()] = "",
        state: Annotated[UserState, Form()] = UserState.ACTIVATED,
    ) -> Response:
        """Add a user and show their page."""
        form = FormState.showing(username=username, email=email, firstname=firstname, lastname=lastname, state=state.value)
        try:
            with self.work.write() as people:
                user = people.create(actor, username=username, email=email, firstname=firstname, lastname=lastname, state=state)
        except (Invalid, Conflict) as error:
            _explain(form, error)
            return self._add_page(request, form, status=400)
        return RedirectResponse(f"/admin/users/{user.id}", 303)

    def show(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Show one user."""
        with self.work.read() as people:
            user = people.get(actor, user_id)
        return self._page(request, actor, user, _form_of(user))

    def update(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        user_id: str,
        username: Annotated[str, Form()] = "",
        email: Annotated[str, Form()] = "",
        firstname: Annotated[str, Form()] = "",
        lastname: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Save the form and say what changed, or keep what was typed and say what is wrong."""
        typed = {"username": username, "email": email, "firstname": firstname, "lastname": lastname}
        try:
            with self.work.write() as people:
                before = people.get(actor, user_id)
                user = people.update(actor, user_id, version=_number(version), **typed)
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as people:
                present = people.get(actor, user_id)
            # Only somebody who was told of the others' changes may save over them.
            form = FormState.showing(**typed, version=present.version if isinstance(error, PreconditionFailed) else version)
            _explain(form, error)
            if isinstance(error, PreconditionFailed):
                for field in FIELDS:
                    if getattr(present, field) != typed[field].strip():
                        form.fail(field, f"{LABELS[field]} is now “{getattr(present, field)}”. Saving replaces it.")
            return self._page(request, actor, present, form, status=400)
        form = _form_of(user)
        form.confirm(
            [
                f"{LABELS[field]}: {getattr(before, field) or '(empty)'} → {getattr(user, field) or '(empty)'}"
                for field in FIELDS
                if getattr(before, field) != getattr(user, field)
            ]
        )
        return self._page(request, actor, user, form)

    def ask_activate(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Ask before a user is activated."""
        user, accounts = self._subject(actor, user_id, Permission.USERS_STATE)
        impacts = [f"{user.full_name} can sign in"]
        if accounts:
            impacts.append(f"{_accounts(accounts)} opened again when the devices next report")
        sentence = "The person may sign in to devices from now on."
        return self._confirm(request, user, "Activate", sentence, impacts, danger=False)

    def activate(self, actor: PageActor, user_id: str) -> Response:
        """Activate a user."""
        return self._change_state(actor, user_id, UserState.ACTIVATED)

    def ask_suspend(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Ask before a user is suspended."""
        user, accounts = self._subject(actor, user_id, Permission.USERS_STATE)
        impacts = ["Open sign-ins are refused at once"]
        if accounts:
            impacts.append(f"{_accounts(accounts)} locked and expired, and all their processes end")
        sentence = "The person can sign in nowhere until somebody activates them again. Nothing of theirs is deleted."
        return self._confirm(request, user, "Suspend", sentence, impacts)

    def suspend(self, actor: PageActor, user_id: str) -> Response:
        """Suspend a user."""
        return self._change_state(actor, user_id, UserState.SUSPENDED)

    def ask_delete(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Ask before a user is deleted."""
        user, accounts = self._subject(actor, user_id, Permission.USERS_WRITE)
        impacts = ["Links to the identity provider are removed", "Open sign-ins are refused at once"]
        if accounts:
            impacts.append(f"{_accounts(accounts)} locked; home folders stay")
        sentence = "The user leaves the directory. This cannot be undone; suspending can."
        return self._confirm(request, user, "Delete", sentence, impacts)

    def delete(self, actor: PageActor, user_id: str) -> Response:
        """Delete a user."""
        with self.work.write() as people:
            people.delete(actor, user_id)
        return RedirectResponse("/admin/users", 303)

    def _change_state(self, actor: Actor, user_id: str, state: UserState) -> Response:
        with self.work.write() as people:
            people.change_state(actor, user_id, state)
        return RedirectResponse(f"/admin/users/{user_id}", 303)

    def _subject(self, actor: Actor, user_id: str, needed: Permission) -> tuple[User, int]:
        actor.require(needed)
        with self.work.read() as people:
            return people.get(actor, user_id), people.count_bindings(actor, user_id)

    def _confirm(
        self, request: Request, user: User, verb: str, sentence: str, impacts: Sequence[str], *, danger: bool = True
    ) -> Response:
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"{verb} {user.full_name}",
            sentence=sentence,
            impacts=impacts,
            action=f"/admin/users/{user.id}/{verb.lower()}",
            verb=f"Yes, {verb}",
            cancel=f"/admin/users/{user.id}",
            understood="",
            danger=danger,
        )

    def _add_page(self, request: Request, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render("people/add.html", request, status=status, form=form, states=STATES)

    def _page(self, request: Request, actor: Actor, user: User, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render(
            "people/show.html",
            request,
            status=status,
            user=user,
            word=WORDS[user.state],
            form=form,
            may_write=actor.may(Permission.USERS_WRITE),
            may_change_state=actor.may(Permission.USERS_STATE),
            panels=self.panels.render(PANELS, user),
        )


def _form_of(user: User) -> FormState:
    return FormState.showing(
        username=user.username, email=user.email, firstname=user.firstname, lastname=user.lastname, version=user.version
    )


def _explain(form: FormState, error: Invalid | Conflict | PreconditionFailed) -> None:
    fields = {"username_taken": "username", "username_in_use": "username", "email_taken": "email"}
    if isinstance(error, Invalid) and error.fields:
        for field, sentence in error.fields.items():
            form.fail(field, sentence)
    elif isinstance(error, Conflict) and error.reason in fields:
        form.fail(fields[error.reason], error.detail)
    else:
        form.refuse(error.detail)


def _accounts(count: int) -> str:
    return "1 account on a device is" if count == 1 else f"{count} accounts on devices are"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
