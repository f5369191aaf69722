"""Who may sign in on a device or on the devices of a group: the limit, the assignments, and the people it comes to."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import Device, DeviceGroup, Entrant, Subject, SubjectKind, Target, TargetKind
from homeport.directory.devices.pages.words import MOST_SELECTED, asked_of
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Page
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates

WHERE = {TargetKind.DEVICE: "/admin/devices", TargetKind.DEVICE_GROUP: "/admin/device-groups"}
LIMITS = {"no": "Everybody in the directory", "yes": "Only assigned people"}
"""What the page calls the two choices."""
NEEDED = {TargetKind.DEVICE: Permission.DEVICES_WRITE, TargetKind.DEVICE_GROUP: Permission.GROUPS_WRITE}


@dataclass(frozen=True, slots=True)
class AccessPages:
    """The pages of access, alike for devices and for device groups: `kind` says for which."""

    work: Work[DeviceActions]
    templates: Templates
    kind: TargetKind

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        path = f"{WHERE[self.kind]}/{{target_id}}/access"
        router.add_api_route(path, self.show, methods=["GET"])
        router.add_api_route(path, self.limit, methods=["POST"])
        router.add_api_route(f"{path}/assign", self.assign, methods=["POST"])
        router.add_api_route(f"{path}/remove", self.ask_unassign, methods=["GET"])
        router.add_api_route(f"{path}/remove", self.unassign, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor, target_id: PathId) -> Response:
        """Show who may sign in."""
        with self.work.read() as actions:
            target = self._find(actions, actor, target_id)
            return self._page(request, actor, actions, target, _form_of(target))

    def limit(
        self,
        request: Request,
        actor: PageActor,
        target_id: PathId,
        limited: Annotated[str, Form()] = "",
        version: Annotated[int, Form()] = 0,
    ) -> Response:
        """Leave the devices to assigned people, or lift this limit."""
        wanted = limited == "yes"
        try:
            with self.work.write() as actions:
                change = actions.access.limit_device if self.kind is TargetKind.DEVICE else actions.access.limit_group
                change(actor, target_id, limited=wanted, version=version or None)
                target = self._find(actions, actor, target_id)
                form = _form_of(target)
                form.confirm(["Only assigned people may sign in" if wanted else "This limit is lifted"])
                return self._page(request, actor, actions, target, form)
        except PreconditionFailed as error:
            form, sentence = FormState.showing(limited=limited, version=version), error.detail
        with self.work.read() as actions:
            target = self._find(actions, actor, target_id)
            form.meet(sentence, _form_of(target), {"limited": "Who may sign in"}, {"limited": LIMITS})
            return self._page(request, actor, actions, target, form, status=412)

    def assign(self, request: Request, actor: PageActor, target_id: PathId, who: Annotated[str, Form()] = "") -> Response:
        """Assign the user or the user group that was typed."""
        actor.require(NEEDED[self.kind])
        with self.work.write() as actions:
            target = self._find(actions, actor, target_id)
            subject = actions.access.named(actor, who)
            if subject is not None:
                actions.access.assign(actor, subject, Target(self.kind, target_id))
                return RedirectResponse(f"{WHERE[self.kind]}/{target_id}/access#assigned", 303)
            form = _form_of(target)
            form.values["who"] = (who,)
            form.fail(
                "who", "There is no user and no user group of this name. Enter a user name, an e-mail address or a group's name."
            )
            return self._page(request, actor, actions, target, form, status=400)

    def ask_unassign(
        self,
        request: Request,
        actor: PageActor,
        target_id: PathId,
        who: Annotated[SubjectKind, Query(alias="type")],
        subject_id: Annotated[str, Query(alias="id", max_length=64)],
    ) -> Response:
        """Ask before an assignment ends."""
        actor.require(NEEDED[self.kind])
        with self.work.read() as actions:
            target = self._find(actions, actor, target_id)
            limited = target.limited or (isinstance(target, Device) and actions.access.limited(actor, target.id))
            found = actions.access.list(actor, Target(self.kind, target_id), limit=MOST_SELECTED).items
        name = next((one.subject_name for one in found if one.assignment.subject == Subject(who, subject_id)), "")
        if not name:
            raise NotFound("This is not assigned here. It may have been removed already.")
        then = "Accounts here that no other assignment allows are suspended, and their sessions end"
        return self.templates.render(
            "devices/selected.html",
            request,
            title=f"Remove {name} from {target.name}",
            sentence="The assignment ends." if who is SubjectKind.USER else "The assignment of all members of this group ends.",
            impacts=[
                then if limited else "Everybody in the directory may sign in here, so nothing changes until that is limited"
            ],
            action=f"{WHERE[self.kind]}/{target_id}/access/remove",
            values=[("type", who.value), ("id", subject_id)],
            verb="Yes, Remove",
            back=(target.name, f"{WHERE[self.kind]}/{target_id}/access"),
            danger=True,
            form=FormState(),
        )

    def unassign(
        self,
        actor: PageActor,
        target_id: PathId,
        who: Annotated[SubjectKind, Form(alias="type")],
        subject_id: Annotated[str, Form(alias="id", max_length=64)],
    ) -> Response:
        """End an assignment."""
        with self.work.write() as actions:
            actions.access.unassign(actor, Subject(who, subject_id), Target(self.kind, target_id))
        return RedirectResponse(f"{WHERE[self.kind]}/{target_id}/access#assigned", 303)

    def _find(self, actions: DeviceActions, actor: Actor, target_id: str) -> Device | DeviceGroup:
        actor.require(Permission.DEVICES_READ)
        of_device = self.kind is TargetKind.DEVICE
        return actions.devices.get(actor, target_id) if of_device else actions.groups.get(actor, target_id)

    def _page(
        self,
        request: Request,
        actor: Actor,
        actions: DeviceActions,
        target: Device | DeviceGroup,
        form: FormState,
        *,
        status: int = 200,
    ) -> Response:
        state = ListState.of(request, sorts=("username", "email"), default_sort="username")
        entrants: Page[Entrant] = Page()
        if isinstance(target, Device):
            device_id = target.id
            state, entrants = state.searched(lambda: actions.access.entrants(actor, device_id, asked_of(state)))
        by_group = (
            [group for group in actions.groups.of_device(actor, target.id) if group.limited]
            if isinstance(target, Device) and actor.may(Permission.GROUPS_READ)
            else []
        )
        assigned = actions.access.list(actor, Target(self.kind, target.id), limit=MOST_SELECTED)
        return self.templates.render(
            "devices/access.html",
            request,
            status=state.status if state.problem else status,
            target=target,
            path=f"{WHERE[self.kind]}/{target.id}",
            is_device=isinstance(target, Device),
            form=form,
            by_group=by_group,
            assigned=assigned.items,
            assigned_total=assigned.total,
            entrants=entrants.items,
            list=state,
            pager=Pager(total=entrants.total, page=state.page, size=state.size),
            may_write=actor.may(NEEDED[self.kind]),
        )


def _form_of(target: Device | DeviceGroup) -> FormState:
    return FormState.showing(limited="yes" if target.limited else "no", version=target.version)
