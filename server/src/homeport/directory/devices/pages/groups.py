"""DEVICE MANAGEMENT > Device Groups: the list, one group and its devices."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import DeviceGroup, Target, TargetKind
from homeport.directory.devices.pages.words import (
    FILTERS,
    MOST_SELECTED,
    SORTS,
    SSH_WORDS,
    SUDO_WORDS,
    Asked,
    Chosen,
    asked_of,
    counted,
    device_word,
)
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui import listing
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates

PATH = "/admin/device-groups"
GROUP_FILTERS = (listing.Filter("name", "Name"),)
GROUP_SORTS = ("name", "description", "created_at")


@dataclass(frozen=True, slots=True)
class DeviceGroupPages:
    """The pages of device groups. Sections that others add to a group's page are registered as `device_group`."""

    work: Work[DeviceActions]
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
        router.add_api_route("/{group_id}/remove-devices", self.ask_leave, methods=["GET"])
        router.add_api_route("/{group_id}/remove-devices", self.leave, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List groups by name."""
        state = ListState.of(request, filters=GROUP_FILTERS, sorts=GROUP_SORTS, default_sort="name")
        with self.work.read() as actions:
            state, page = state.searched(lambda: actions.groups.list(actor, asked_of(state)))
            counts = actions.groups.counts(actor, page.items)
            default = actions.groups.default(actor)
        return self.templates.render(
            "devices/groups.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            groups=page.items,
            counts=counts,
            default_id=default.id if default else "",
            may_write=actor.may(Permission.GROUPS_WRITE),
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new group."""
        actor.require(Permission.GROUPS_WRITE)
        return self.templates.render("devices/group_add.html", request, form=FormState())

    def create(
        self,
        request: Request,
        actor: PageActor,
        name: Annotated[str, Form()] = "",
        description: Annotated[str, Form()] = "",
    ) -> Response:
        """Make a group and show its page."""
        form = FormState.showing(name=name, description=description)
        try:
            with self.work.write() as actions:
                group = actions.groups.create(actor, name, description)
        except (Invalid, Conflict) as error:
            form.explain(error, at="name" if isinstance(error, Conflict) else "")
            return self.templates.render("devices/group_add.html", request, status=400, form=form)
        return RedirectResponse(f"{PATH}/{group.id}", 303)

    def show(self, request: Request, actor: PageActor, group_id: PathId) -> Response:
        """Show one group and a page of its devices."""
        with self.work.read() as actions:
            group = actions.groups.get(actor, group_id)
            return self._page(request, actor, actions, group, _form_of(group))

    def update(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        group_id: PathId,
        name: Annotated[str, Form()] = "",
        description: Annotated[str, Form()] = "",
        version: Annotated[int, Form()] = 0,
    ) -> Response:
        """Save the form and say what changed, or keep what was typed and say what is wrong."""
        form = FormState.showing(name=name, description=description, version=version)
        try:
            with self.work.write() as actions:
                before = actions.groups.get(actor, group_id)
                group = actions.groups.update(actor, group_id, name=name, description=description, version=version or None)
                form = _form_of(group)
                changes = [f"Name: {before.name} → {group.name}"] if before.name != group.name else []
                form.confirm([*changes, "Description"] if before.description != group.description else changes)
                return self._page(request, actor, actions, group, form)
        except (Invalid, Conflict, PreconditionFailed) as error:
            problem = error
        with self.work.read() as actions:
            present = actions.groups.get(actor, group_id)
            if isinstance(problem, PreconditionFailed):
                form.meet(problem.detail, _form_of(present), {"name": "Name", "description": "Description"})
                return self._page(request, actor, actions, present, form, status=412)
            form.explain(problem, at="name" if isinstance(problem, Conflict) else "")
            return self._page(request, actor, actions, present, form, status=400)

    def ask_delete(self, request: Request, actor: PageActor, group_id: PathId) -> Response:
        """Ask before a group is deleted, and count what it holds."""
        actor.require(Permission.GROUPS_WRITE)
        with self.work.read() as actions:
            group = actions.groups.get(actor, group_id)
            devices = actions.groups.counts(actor, [group])[group.id]
            silent = actions.policies.get(actor, Target(TargetKind.DEVICE_GROUP, group_id)).silent
        limit = (
            ["Its limit ends: who may sign in on them is what the devices and their other groups say"] if group.limited else []
        )
        return self.templates.render(
            "devices/selected.html",
            request,
            title=f"Delete {group.name}",
            sentence="The group goes. Its devices stay in the directory.",
            impacts=[
                f"{counted(devices, 'device')} will no longer be in this group",
                "Who is assigned to it is forgotten",
                *limit,
                *([] if silent else ["What it says of ssh and sudo ends: another group of a device decides, or the setting"]),
            ],
            action=f"{PATH}/{group.id}/delete",
            values=[("version", group.version)],
            verb="Yes, Delete",
            back=(group.name, f"{PATH}/{group.id}"),
            danger=True,
            form=FormState(),
        )

    def delete(self, actor: PageActor, group_id: PathId, version: Annotated[int, Form()] = 0) -> Response:
        """Delete a group."""
        with self.work.write() as actions:
            actions.groups.delete(actor, group_id, version=version or None)
        return RedirectResponse(PATH, 303)

    def ask_leave(self, request: Request, actor: PageActor, group_id: PathId, device: Asked = None) -> Response:
        """Ask before devices leave the group."""
        actor.require(Permission.GROUPS_WRITE)
        chosen = (device or [])[:MOST_SELECTED]
        with self.work.read() as actions:
            group = actions.groups.get(actor, group_id)
        return self.templates.render(
            "devices/selected.html",
            request,
            title=f"Remove {counted(len(chosen), 'device')} from {group.name}",
            sentence="They stay in the directory. Who may sign in on them is what they and their other groups say.",
            impacts=[f"{counted(len(chosen), 'device')} will no longer be in this group"],
            action=f"{PATH}/{group.id}/remove-devices",
            values=[("device", one) for one in chosen],
            verb="Yes, Remove",
            back=(group.name, f"{PATH}/{group.id}"),
            danger=True,
            form=FormState(),
        )

    def leave(self, actor: PageActor, group_id: PathId, device: Chosen = None) -> Response:
        """Take devices out of the group."""
        with self.work.write() as actions:
            actions.groups.leave(actor, group_id, (device or [])[:MOST_SELECTED])
        return RedirectResponse(f"{PATH}/{group_id}", 303)

    def _page(
        self, request: Request, actor: Actor, actions: DeviceActions, group: DeviceGroup, form: FormState, *, status: int = 200
    ) -> Response:
        state = ListState.of(request, filters=FILTERS, sorts=SORTS, default_sort="name")
        now = actions.devices.clock.now()
        state, page = state.searched(lambda: actions.groups.members(actor, group.id, asked_of(state, now)))
        return self.templates.render(
            "devices/group.html",
            request,
            status=state.status if state.problem else status,
            group=group,
            form=form,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            devices=[(device, device_word(device, now)) for device in page.items],
            may_write=actor.may(Permission.GROUPS_WRITE),
            policy=actions.policies.get(actor, Target(TargetKind.DEVICE_GROUP, group.id)),
            ssh_words=SSH_WORDS,
            sudo_words=SUDO_WORDS,
            panels=self.panels.render("device_group", group, actor),
        )


def groups_to_offer(actions: DeviceActions, actor: Actor) -> list[DeviceGroup]:
    """Return the groups that a choice offers, by name."""
    return list(actions.groups.list(actor, Listing(limit=MOST_SELECTED)).items) if actor.may(Permission.GROUPS_READ) else []


def _form_of(group: DeviceGroup) -> FormState:
    return FormState.showing(name=group.name, description=group.description, version=group.version)
