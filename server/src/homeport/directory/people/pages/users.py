"""USER MANAGEMENT > Users: the list, one user, and what can be done with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.people.actions import PeopleActions
from homeport.directory.people.model import DETAILS, FIELDS, User, UserGroup, UserState
from homeport.directory.people.pages.words import LABELS, WORDS, accounts_become, asked, change_line
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui import listing
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates

PANELS = "user"
FILTERS = (
    listing.Filter("state", "State", tuple((state.value, WORDS[state][0]) for state in UserState)),
    listing.Filter("username", "User name"),
    listing.Filter("email", "E-mail"),
    listing.Filter("department", "Department"),
    listing.Filter("location", "Location"),
)
SORTS = ("username", "email", "firstname", "lastname", "state", "created_at")
STATES = (
    (UserState.ACTIVATED.value, "Activated", "The person can sign in at once."),
    (UserState.STAGED.value, "Staged", "Prepared: the person gets nothing until somebody activates them."),
)
SHOWN_GROUPS = 100
"""How many groups the filter's menu offers; the others are found by `group:name`."""


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The pages of users. Sections that others add to a user's page are registered as `user`; their subject is the User."""

    work: Work[PeopleActions]
    templates: Templates
    panels: Panels

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
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
        with self.work.read() as act:
            state = _list_state(request, _groups_offered(act, actor, request))
            state, page = state.searched(lambda: act.people.list(actor, asked(state)))
        return self.templates.render(
            "people/list.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            users=page.items,
            words=WORDS,
            export=urlencode([pair for pair in state.chosen if pair[0] in {"state", "group"}][:2]),
            may_write=actor.may(Permission.USERS_WRITE),
            may_change_state=actor.may(Permission.USERS_STATE),
            may_write_groups=actor.may(Permission.GROUPS_WRITE),
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new user."""
        actor.require(Permission.USERS_WRITE)
        return self._add_page(request, FormState.showing(state=UserState.ACTIVATED.value))

    def create(self, request: Request, actor: PageActor, submission: TypedForm) -> Response:
        """Add a user and show their page."""
        actor.require(Permission.USERS_WRITE)
        form = FormState.typed(submission)
        state = UserState.STAGED if form.value("state") == UserState.STAGED.value else UserState.ACTIVATED
        try:
            with self.work.write() as act:
                user = act.people.create(
                    actor,
                    username=form.value("username"),
                    email=form.value("email"),
                    firstname=form.value("firstname"),
                    lastname=form.value("lastname"),
                    state=state,
                    details={field: form.value(field) for field in DETAILS},
                )
        except (Invalid, Conflict) as error:
            _explain(form, error)
            return self._add_page(request, form, status=400)
        return RedirectResponse(f"/admin/users/{user.id}", 303)

    def show(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Show one user."""
        with self.work.read() as act:
            user = act.people.get(actor, user_id)
        return self._page(request, actor, user, _form_of(user))

    def update(self, request: Request, actor: PageActor, user_id: str, submission: TypedForm) -> Response:
        """Save the form and say what changed, or keep what was typed and say what is wrong."""
        actor.require(Permission.USERS_WRITE)
        form = FormState.typed(submission)
        typed = {field: form.value(field) for field in FIELDS if field in form.values}
        try:
            with self.work.write() as act:
                before = act.people.get(actor, user_id)
                user = act.people.update(actor, user_id, version=whole_number(form.value("version")), details=typed)
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as act:
                present = act.people.get(actor, user_id)
            if isinstance(error, PreconditionFailed):
                form.meet(error.detail, _form_of(present), {field: LABELS[field] for field in FIELDS})
                return self._page(request, actor, present, form, status=412)
            _explain(form, error)
            return self._page(request, actor, present, form, status=400)
        form = _form_of(user)
        changed = [field for field in FIELDS if getattr(before, field) != getattr(user, field)]
        form.confirm([change_line(field, getattr(before, field), getattr(user, field)) for field in changed])
        return self._page(request, actor, user, form)

    def ask_activate(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Ask before a user is activated."""
        user, become = self._subject(actor, user_id, "activate", Permission.USERS_STATE)
        impacts = [f"{user.full_name} can sign in", *become]
        sentence = "The person may sign in to devices from now on."
        return self._confirm(request, user, "Activate", sentence, impacts, danger=False)

    def activate(self, actor: PageActor, user_id: str) -> Response:
        """Activate a user."""
        return self._change_state(actor, user_id, UserState.ACTIVATED)

    def ask_suspend(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Ask before a user is suspended."""
        user, become = self._subject(actor, user_id, "suspend", Permission.USERS_STATE)
        impacts = ["Open sign-ins are refused at once", *become]
        sentence = "The person can sign in nowhere until somebody activates them again. Nothing of theirs is deleted."
        return self._confirm(request, user, "Suspend", sentence, impacts)

    def suspend(self, actor: PageActor, user_id: str) -> Response:
        """Suspend a user."""
        return self._change_state(actor, user_id, UserState.SUSPENDED)

    def ask_delete(self, request: Request, actor: PageActor, user_id: str) -> Response:
        """Ask before a user is deleted."""
        user, become = self._subject(actor, user_id, "delete", Permission.USERS_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.people.clock.now())
        impacts = ["Links to the identity provider are removed", "Open sign-ins are refused at once", *become]
        sentence = "The user leaves the directory. This cannot be undone; suspending can."
        return self._confirm(request, user, "Delete", sentence, impacts)

    def delete(self, actor: PageActor, user_id: str) -> Response:
        """Delete a user."""
        with self.work.write() as act:
            act.people.delete(actor, user_id)
        return RedirectResponse("/admin/users", 303)

    def _change_state(self, actor: Actor, user_id: str, state: UserState) -> Response:
        with self.work.write() as act:
            act.people.change_state(actor, user_id, state)
        return RedirectResponse(f"/admin/users/{user_id}", 303)

    def _subject(self, actor: Actor, user_id: str, verb: str, needed: Permission) -> tuple[User, Sequence[str]]:
        """Return the user, and what becomes of their accounts on devices."""
        actor.require(needed)
        with self.work.read() as act:
            user, accounts = act.people.get(actor, user_id), act.people.count_bindings(actor, user_id)
            return user, accounts_become(verb, accounts, act.people.count_unlockable(actor, [user_id]))

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
        return self.templates.render("people/add.html", request, status=status, form=form, states=STATES, labels=LABELS)

    def _page(self, request: Request, actor: Actor, user: User, form: FormState, *, status: int = 200) -> Response:
        with self.work.read() as act:
            groups = act.groups.groups_of(actor, user.id) if actor.may(Permission.GROUPS_READ) else None
            uid = act.people.unix_ids(actor, [user.id]).get(user.id)
        return self.templates.render(
            "people/show.html",
            request,
            status=status,
            user=user,
            word=WORDS[user.state],
            form=form,
            groups=groups,
            uid=uid,
            labels=LABELS,
            may_write_groups=actor.may(Permission.GROUPS_WRITE),
            may_write=actor.may(Permission.USERS_WRITE),
            may_change_state=actor.may(Permission.USERS_STATE),
            panels=self.panels.render(PANELS, user, actor),
        )


def _groups_offered(act: PeopleActions, actor: Actor, request: Request) -> Sequence[UserGroup]:
    """Return the groups that the filter's menu offers: the first by name, and those that the address names."""
    if not actor.may(Permission.GROUPS_READ):
        return ()
    groups = {group.id: group for group in act.groups.list(actor, Listing(limit=SHOWN_GROUPS)).items}
    bare = ListState.parse(request.url.path, request.query_params, filters=(listing.Filter("group", "Group"),))
    named = [value for value in bare.values("group") if value not in groups]
    groups.update((group.id, group) for group in (*act.groups.find_by_names(actor, named), *act.groups.get_all(actor, named)))
    return tuple(groups.values())


def _list_state(request: Request, groups: Sequence[UserGroup]) -> ListState:
    offered = listing.Filter("group", "Group", tuple((group.id, group.name) for group in groups))
    filters = (FILTERS[0], offered, *FILTERS[1:]) if groups else FILTERS
    return ListState.of(request, filters=filters, sorts=SORTS, default_sort="username")


def _form_of(user: User) -> FormState:
    return FormState.showing(**{field: getattr(user, field) for field in FIELDS}, version=user.version)


def _explain(form: FormState, error: Invalid | Conflict) -> None:
    fields = {"username_taken": "username", "username_in_use": "username", "email_taken": "email"}
    form.explain(error, at=fields.get(error.reason, "") if isinstance(error, Conflict) else "")
