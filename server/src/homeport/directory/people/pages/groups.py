"""USER MANAGEMENT > User Groups: the list, one group and its members."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.people.actions import PeopleActions
from homeport.directory.people.model import User, UserGroup
from homeport.directory.people.pages.words import (
    LABELS,
    MOST_AT_ONCE,
    WORDS,
    asked,
    change_line,
    counted,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui import listing
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates

PANELS = "user_group"
PATH = "/admin/user-groups"
FIELDS = ("name", "description")
FILTERS = (listing.Filter("name", "Name"),)
SORTS = ("name", "description", "created_at")
MEMBER_FILTERS = (
    listing.Filter("state", "State", tuple((state.value, word) for state, (word, _) in WORDS.items())),
    listing.Filter("username", "User name"),
    listing.Filter("email", "E-mail"),
)
MEMBER_SORTS = ("username", "email", "firstname", "lastname", "state")
NAMED = 20
"""How many users a confirmation names before it only counts."""


@dataclass(frozen=True, slots=True)
class UserGroupPages:
    """The pages of user groups. Sections that others add to a group's page are registered as `user_group`."""

    work: Work[PeopleActions]
    templates: Templates
    panels: Panels

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False, prefix=PATH)
        router.add_api_route("", self.list, methods=["GET"])
        router.add_api_route("/add", self.add, methods=["GET"])
        router.add_api_route("/add", self.create, methods=["POST"])
        router.add_api_route("/{group_id}", self.show, methods=["GET"])
        router.add_api_route("/{group_id}", self.update, methods=["POST"])
        router.add_api_route("/{group_id}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route("/{group_id}/delete", self.delete, methods=["POST"])
        router.add_api_route("/{group_id}/add-members", self.choose, methods=["GET"])
        router.add_api_route("/{group_id}/add-members", self.add_members, methods=["POST"])
        router.add_api_route("/{group_id}/remove-members", self.ask_remove, methods=["GET"])
        router.add_api_route("/{group_id}/remove-members", self.remove_members, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List groups by name."""
        state = ListState.of(request, filters=FILTERS, sorts=SORTS, default_sort="name")
        with self.work.read() as act:
            state, page = state.searched(lambda: act.groups.list(actor, asked(state)))
            members = act.groups.count_members(actor, [group.id for group in page.items])
        return self.templates.render(
            "people/groups.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            groups=page.items,
            members=members,
            may_write=actor.may(Permission.GROUPS_WRITE),
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new group."""
        actor.require(Permission.GROUPS_WRITE)
        return self.templates.render("people/group_add.html", request, form=FormState())

    def create(self, request: Request, actor: PageActor, submission: TypedForm) -> Response:
        """Add a group and show its page, where members are added."""
        actor.require(Permission.GROUPS_WRITE)
        form = FormState.typed(submission)
        try:
            with self.work.write() as act:
                group = act.groups.create(actor, name=form.value("name"), description=form.value("description"))
        except (Invalid, Conflict) as error:
            form.explain(error, at="name" if isinstance(error, Conflict) else "")
            return self.templates.render("people/group_add.html", request, status=400, form=form)
        return RedirectResponse(f"{PATH}/{group.id}", 303)

    def show(self, request: Request, actor: PageActor, group_id: str) -> Response:
        """Show one group and a page of its members."""
        with self.work.read() as act:
            group = act.groups.get(actor, group_id)
        return self._page(request, actor, group, _form_of(group))

    def update(self, request: Request, actor: PageActor, group_id: str, submission: TypedForm) -> Response:
        """Save the form and say what changed, or keep what was typed and say what is wrong."""
        actor.require(Permission.GROUPS_WRITE)
        form = FormState.typed(submission)
        typed = {field: form.value(field) for field in FIELDS if field in form.values}
        try:
            with self.work.write() as act:
                before = act.groups.get(actor, group_id)
                group = act.groups.update(actor, group_id, version=whole_number(form.value("version")), **typed)
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as act:
                present = act.groups.get(actor, group_id)
            if isinstance(error, PreconditionFailed):
                form.meet(error.detail, _form_of(present), {field: LABELS[field] for field in FIELDS})
                return self._page(request, actor, present, form, status=412)
            form.explain(error, at="name" if isinstance(error, Conflict) else "")
            return self._page(request, actor, present, form, status=400)
        form = _form_of(group)
        changed = [field for field in FIELDS if getattr(before, field) != getattr(group, field)]
        form.confirm([change_line(field, getattr(before, field), getattr(group, field)) for field in changed])
        return self._page(request, actor, group, form)

    def ask_delete(self, request: Request, actor: PageActor, group_id: str) -> Response:
        """Ask before a group is deleted, and count who loses it."""
        actor.require(Permission.GROUPS_WRITE)
        with self.work.read() as act:
            group = act.groups.get(actor, group_id)
            members = act.groups.count_members(actor, [group_id])[group_id]
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Delete {group.name}",
            sentence="The group goes, with everything that is given by it. Its users stay in the directory.",
            impacts=[f"{counted(members, 'user')} will no longer be in this group"],
            action=f"{PATH}/{group.id}/delete",
            values={"version": group.version},
            verb="Yes, Delete",
            cancel=f"{PATH}/{group.id}",
            understood="",
        )

    def delete(self, actor: PageActor, group_id: str, submission: TypedForm) -> Response:
        """Delete a group."""
        with self.work.write() as act:
            act.groups.delete(actor, group_id, version=whole_number(FormState.typed(submission).value("version")))
        return RedirectResponse(PATH, 303)

    def choose(self, request: Request, actor: PageActor, group_id: str) -> Response:
        """Show users to add, with a search."""
        actor.require(Permission.GROUPS_WRITE)
        return self._choose_page(request, actor, group_id, FormState())

    def add_members(self, request: Request, actor: PageActor, group_id: str, submission: TypedForm) -> Response:
        """Add the ticked users and say who joined."""
        actor.require(Permission.GROUPS_WRITE)
        chosen = FormState.typed(submission).all("user")[:MOST_AT_ONCE]
        form = FormState()
        if not chosen:
            form.refuse("No user is selected. Tick some, then add them.")
            return self._choose_page(request, actor, group_id, form, status=400)
        with self.work.write() as act:
            added = act.groups.add_members(actor, group_id, chosen)
        form.confirm([f"{user.full_name} was added" for user in added])
        return self._choose_page(request, actor, group_id, form)

    def ask_remove(self, request: Request, actor: PageActor, group_id: str) -> Response:
        """Ask before users leave the group, and name them."""
        actor.require(Permission.GROUPS_WRITE)
        with self.work.read() as act:
            group = act.groups.get(actor, group_id)
            users = act.people.get_all(actor, request.query_params.getlist("user")[:MOST_AT_ONCE])
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Remove {counted(len(users), 'user')} from {group.name}",
            sentence="They lose what only this group gives, and stay in the directory.",
            impacts=_named(users),
            action=f"{PATH}/{group.id}/remove-members",
            values=[("user", one.id) for one in users],
            verb="Yes, Remove",
            cancel=f"{PATH}/{group.id}",
            understood="",
        )

    def remove_members(self, actor: PageActor, group_id: str, submission: TypedForm) -> Response:
        """Remove users from the group."""
        with self.work.write() as act:
            act.groups.remove_members(actor, group_id, FormState.typed(submission).all("user")[:MOST_AT_ONCE])
        return RedirectResponse(f"{PATH}/{group_id}", 303)

    def _choose_page(self, request: Request, actor: Actor, group_id: str, form: FormState, *, status: int = 200) -> Response:
        state = ListState.of(request, filters=MEMBER_FILTERS, sorts=MEMBER_SORTS, default_sort="username")
        with self.work.read() as act:
            group = act.groups.get(actor, group_id)
            state, page = state.searched(lambda: act.people.list(actor, asked(state)))
            inside = act.groups.which_belong(actor, group_id, [user.id for user in page.items])
        return self.templates.render(
            "people/group_members_add.html",
            request,
            status=state.status if state.problem else status,
            group=group,
            form=form,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            users=page.items,
            inside=inside,
            words=WORDS,
        )

    def _page(self, request: Request, actor: Actor, group: UserGroup, form: FormState, *, status: int = 200) -> Response:
        state = ListState.of(request, filters=MEMBER_FILTERS, sorts=MEMBER_SORTS, default_sort="username")
        with self.work.read() as act:
            state, page = state.searched(lambda: act.groups.members(actor, group.id, asked(state)))
        return self.templates.render(
            "people/group.html",
            request,
            status=state.status if state.problem else status,
            group=group,
            form=form,
            labels=LABELS,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            users=page.items,
            words=WORDS,
            may_write=actor.may(Permission.GROUPS_WRITE),
            panels=self.panels.render(PANELS, group, actor),
        )


def _named(users: Sequence[User]) -> list[str]:
    names = [f"{user.full_name} ({user.username})" for user in users[:NAMED]]
    rest = len(users) - len(names)
    return [*names, f"and {counted(rest, 'more user')}"] if rest else names


def _form_of(group: UserGroup) -> FormState:
    return FormState.showing(name=group.name, description=group.description, version=group.version)
