"""USER MANAGEMENT > Users: what is done with many users at once, after a page that names and counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from homeport.directory.people.actions import PeopleActions
from homeport.directory.people.model import User, UserGroup, UserState
from homeport.directory.people.pages.words import BECOME, MOST_AT_ONCE, WORDS, accounts_become, counted
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

LIST = "/admin/users"
OFFERED_GROUPS = 1000


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that can be done with many users: its verb, what came of it, and who may do it."""

    verb: str
    done: str
    sentence: str
    permission: Permission
    danger: bool = False
    needs_group: bool = False


DEEDS = {
    "activate": Deed("Activate", "activated", "They may sign in to devices from now on.", Permission.USERS_STATE),
    "suspend": Deed(
        "Suspend",
        "suspended",
        "They can sign in nowhere until somebody activates them again. Nothing of theirs is deleted.",
        Permission.USERS_STATE,
        danger=True,
    ),
    "add": Deed("Add to group", "added", "They get what the group gives.", Permission.GROUPS_WRITE, needs_group=True),
    "remove": Deed(
        "Remove from group",
        "removed",
        "They lose what only this group gives.",
        Permission.GROUPS_WRITE,
        danger=True,
        needs_group=True,
    ),
    "delete": Deed(
        "Delete",
        "deleted",
        "They leave the directory. This cannot be undone; suspending can.",
        Permission.USERS_WRITE,
        danger=True,
    ),
}


@dataclass(frozen=True, slots=True)
class BulkPages:
    """A page that asks and one that acts, for each verb."""

    work: Work[PeopleActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes; they must come before those of one user, whose paths would take theirs."""
        router = Router(include_in_schema=False)
        for verb in DEEDS:
            pages = _DeedPages(self.work, self.templates, verb)
            router.add_api_route(f"/admin/users/selected/{verb}", pages.ask, methods=["GET"])
            router.add_api_route(f"/admin/users/selected/{verb}", pages.act, methods=["POST"])
        return router


@dataclass(frozen=True, slots=True)
class _DeedPages:
    """Asks, then acts on all of them in one unit of work."""

    work: Work[PeopleActions]
    templates: Templates
    verb: str

    def ask(
        self, request: Request, actor: PageActor, user: Annotated[list[str] | None, Query()] = None, back: str = LIST
    ) -> Response:
        """Name and count the users, say what will happen to them, and ask."""
        actor.require(DEEDS[self.verb].permission)
        if self.verb == "delete":
            with self.work.read() as act:
                actor.require_recent(act.people.clock.now())  # now, since asked afterwards the selection would be lost
        return self._ask_page(request, actor, FormState.showing(user=user or [], back=back))

    def act(self, request: Request, actor: PageActor, submission: TypedForm) -> Response:
        """Do it with all of them, or say what is missing."""
        verb, deed, form = self.verb, DEEDS[self.verb], FormState.typed(submission)
        actor.require(deed.permission)
        chosen = form.all("user")[:MOST_AT_ONCE]
        if deed.needs_group and not form.value("group"):
            form.fail("group", "Choose a group.")
        if not chosen:
            form.refuse("No user is selected. Go back to the list and tick some.")
        if not form.valid:
            return self._ask_page(request, actor, form, status=400)
        with self.work.write() as act:
            changed, where = self._carry_out(act, actor, chosen, form.value("group"))
        same = len(set(chosen)) - len(changed)
        return self.templates.render(
            "people/selected_done.html",
            request,
            title=f"{counted(len(changed), 'user')} {deed.done}{where}",
            users=changed,
            same=f"{counted(same, 'user')} stayed as they were, or are no longer in the directory." if same else "",
            linked=verb != "delete",
            back=_own(form.value("back")),
        )

    def _carry_out(self, act: PeopleActions, actor: Actor, chosen: Sequence[str], group_id: str) -> tuple[Sequence[User], str]:
        if self.verb in {"activate", "suspend"}:
            state = UserState.ACTIVATED if self.verb == "activate" else UserState.SUSPENDED
            return act.people.change_states(actor, chosen, state), ""
        if self.verb == "delete":
            return act.people.delete_all(actor, chosen), ""
        group = act.groups.get(actor, group_id)
        if self.verb == "add":
            return act.groups.add_members(actor, group_id, chosen), f" to {group.name}"
        return act.groups.remove_members(actor, group_id, chosen), f" from {group.name}"

    def _ask_page(self, request: Request, actor: Actor, form: FormState, *, status: int = 200) -> Response:
        verb, deed = self.verb, DEEDS[self.verb]
        with self.work.read() as act:
            users = act.people.get_all(actor, form.all("user")[:MOST_AT_ONCE])
            ids = [user.id for user in users]
            accounts = act.people.count_bindings_of_all(actor, ids), act.people.count_unlockable(actor, ids)
            groups = act.groups.list(actor, Listing(limit=OFFERED_GROUPS)).items if deed.needs_group else ()
        if not users and form.valid:
            form.refuse("No user is selected. Go back to the list and tick some.")
        return self.templates.render(
            "people/selected.html",
            request,
            status=status,
            title=f"{deed.verb}: {counted(len(users), 'user')}",
            deed=deed,
            verb=verb,
            form=form,
            users=users,
            words=WORDS,
            groups=_options(groups),
            impacts=_impacts(verb, users, accounts),
            back=_own(form.value("back")),
        )


def _own(address: str) -> str:
    """Return the address of the list to go back to; nobody is led elsewhere."""
    return address if address == LIST or address.startswith((f"{LIST}?", f"{LIST}/")) else LIST


def _options(groups: Sequence[UserGroup]) -> list[tuple[str, str]]:
    return [(group.id, group.name) for group in groups]


def _impacts(verb: str, users: Sequence[User], accounts: tuple[int, int]) -> list[str]:
    already = {"activate": UserState.ACTIVATED, "suspend": UserState.SUSPENDED}.get(verb)
    same = sum(1 for user in users if user.state is already)
    found = [f"{counted(len(users) - same, 'user')} will be {DEEDS[verb].done}"]
    if same:
        found.append(f"{counted(same, 'user')} already {'is' if same == 1 else 'are'}, and stay so")
    if verb in BECOME:
        found += accounts_become(verb, *accounts)
    if verb == "delete":
        found.append("Links to the identity provider are removed, and open sign-ins are refused at once")
    return found
