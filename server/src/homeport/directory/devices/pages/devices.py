"""DEVICE MANAGEMENT > Devices: the list, one device, and what can be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import After, Desired, Device, NamedBinding
from homeport.directory.devices.pages.groups import groups_to_offer
from homeport.directory.devices.pages.listed import devices_of, list_export, list_state
from homeport.directory.devices.pages.words import (
    AFTER_CHOICES,
    DESIRED,
    DEVICE_REASONS,
    OBSERVED,
    SSH_WORDS,
    SUDO_WORDS,
    device_word,
)
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, NotFound, PreconditionFailed, StepUpRequired
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import Pager
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates


@dataclass(frozen=True, slots=True)
class DevicePages:
    """The pages of devices. Sections that others add to a device's page are registered as `device`; their subject is the Device."""

    work: Work[DeviceActions]
    templates: Templates
    panels: Panels

    def router(self) -> Router:
        """Return the routes; `/admin/devices/add` must be registered before."""
        router = Router(include_in_schema=False)
        router.add_api_route("/admin/devices", self.list, methods=["GET"])
        router.add_api_route("/admin/devices/{device_id}", self.show, methods=["GET"])
        router.add_api_route("/admin/devices/{device_id}", self.rename, methods=["POST"])
        router.add_api_route("/admin/devices/{device_id}/approve", self.approve, methods=["POST"])
        router.add_api_route("/admin/devices/{device_id}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route("/admin/devices/{device_id}/delete", self.delete, methods=["POST"])
        binding = "/admin/devices/{device_id}/bindings/{binding_id}/remove"
        router.add_api_route(binding, self.ask_remove, methods=["GET"])
        router.add_api_route(binding, self.remove, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List devices by name."""
        with self.work.read() as actions:
            state = list_state(request, groups_to_offer(actions, actor))
            state, page = state.searched(lambda: devices_of(actions, actor, state))
            now = actions.devices.clock.now()
        return self.templates.render(
            "devices/list.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            devices=[(device, device_word(device, now)) for device in page.items],
            may_add=actor.may(Permission.ENROLLMENT_KEYS_WRITE),
            may_write=actor.may(Permission.DEVICES_WRITE),
            may_group=actor.may(Permission.GROUPS_WRITE),
            export=list_export(state),
        )

    def show(self, request: Request, actor: PageActor, device_id: PathId) -> Response:
        """Show one device."""
        with self.work.read() as actions:
            device = actions.devices.get(actor, device_id)
            return self._page(request, actor, actions, device, _form_of(device))

    def rename(
        self,
        request: Request,
        actor: PageActor,
        device_id: PathId,
        display_name: Annotated[str, Form()] = "",
        version: Annotated[int, Form()] = 0,
    ) -> Response:
        """Set the name that people see."""
        try:
            with self.work.write() as actions:
                before = actions.devices.get(actor, device_id)
                device = actions.devices.rename(actor, device_id, display_name, version=version or None)
                form = _form_of(device)
                form.confirm([] if device.name == before.name else [f"Name: {before.name} → {device.name}"])
                return self._page(request, actor, actions, device, form)
        except (Invalid, PreconditionFailed) as error:
            form, problem = FormState.showing(display_name=display_name, version=version), error
        with self.work.read() as actions:
            present = actions.devices.get(actor, device_id)
            if isinstance(problem, Invalid):
                form.fail("display_name", problem.fields.get("displayName", problem.detail))
                return self._page(request, actor, actions, present, form, status=400)
            form.meet(problem.detail, _form_of(present), {"display_name": "Name"})
            return self._page(request, actor, actions, present, form, status=412)

    def approve(self, actor: PageActor, device_id: PathId) -> Response:
        """Let a device that waits be used."""
        with self.work.write() as actions:
            actions.devices.approve(actor, device_id)
        return _to_device(device_id)

    def ask_delete(self, request: Request, actor: PageActor, device_id: PathId, after: After = After.KEEP) -> Response:
        """Ask before a device is deleted; `after` is what was chosen before it was asked who is there."""
        actor.require(Permission.DEVICES_WRITE)
        with self.work.read() as actions:
            device = actions.devices.get(actor, device_id)
            accounts = len(_live(actions.bindings.of_device(actor, device_id)))
        return self.templates.render(
            "devices/remove.html",
            request,
            title=f"Delete {device.name}",
            sentence="The device leaves the directory. To come back it must be enrolled again.",
            impacts=[
                f"{accounts} {'binding ends' if accounts == 1 else 'bindings end'}, and no lease is renewed",
                "Open sign-ins on this device are refused",
                "The agent is told so at its next contact, and stops",
            ],
            question="What becomes of the local accounts on the device",
            default=after.value,
            verb="Yes, Delete",
            back=(device.name, f"/admin/devices/{device_id}"),
            choices=AFTER_CHOICES,
            form=FormState(),
        )

    def delete(self, actor: PageActor, device_id: PathId, after: Annotated[After, Form()] = After.KEEP) -> Response:
        """Delete a device and its bindings."""
        try:
            with self.work.write() as actions:
                actions.devices.delete(actor, device_id, after)
        except StepUpRequired:
            return _confirmed_first(f"/admin/devices/{device_id}/delete", after)
        return RedirectResponse("/admin/devices", 303)

    def ask_remove(
        self, request: Request, actor: PageActor, device_id: PathId, binding_id: PathId, after: After = After.LOCK
    ) -> Response:
        """Ask before a binding ends; `after` is what was chosen before it was asked who is there."""
        actor.require(Permission.DEVICES_WRITE)
        with self.work.read() as actions:
            named = _one(actions.bindings.of_device(actor, device_id), binding_id)
        return self.templates.render(
            "devices/remove.html",
            request,
            title=f"Remove {named.binding.username} from {named.device_name}",
            sentence=f"The binding of {named.user_name} to this device ends.",
            impacts=[
                f"1 local account, {named.binding.username} with uid {named.binding.local_uid}, is no longer looked after",
                "The person can sign in on the device again if provisioning allows it, and gets the same uid",
            ],
            question="What becomes of the local account",
            default=after.value,
            verb="Yes, Remove",
            back=(named.device_name, f"/admin/devices/{device_id}"),
            choices=AFTER_CHOICES,
            form=FormState(),
        )

    def remove(
        self, actor: PageActor, device_id: PathId, binding_id: PathId, after: Annotated[After, Form()] = After.LOCK
    ) -> Response:
        """End a binding."""
        try:
            with self.work.write() as actions:
                _one(actions.bindings.of_device(actor, device_id), binding_id)
                actions.bindings.remove(actor, binding_id, after)
        except StepUpRequired:
            return _confirmed_first(f"/admin/devices/{device_id}/bindings/{binding_id}/remove", after)
        return _to_device(device_id)

    def _page(
        self, request: Request, actor: Actor, actions: DeviceActions, device: Device, form: FormState, *, status: int = 200
    ) -> Response:
        return self.templates.render(
            "devices/show.html",
            request,
            status=status,
            device=device,
            word=device_word(device, actions.devices.clock.now()),
            bindings=actions.bindings.of_device(actor, device.id),
            desired=DESIRED,
            observed=OBSERVED,
            reasons=DEVICE_REASONS,
            key=actions.keys.get(actor, device.enrolled_with),
            groups=actions.groups.of_device(actor, device.id) if actor.may(Permission.GROUPS_READ) else [],
            limited=actions.access.limited(actor, device.id),
            effective=actions.policies.effective(actor, [device]).get(device.id),
            ssh_words=SSH_WORDS,
            sudo_words=SUDO_WORDS,
            form=form,
            may_write=actor.may(Permission.DEVICES_WRITE),
            may_reset=actor.may(Permission.PASSCODES_RESET),
            may_unlock=actor.may(Permission.DEVICES_UNLOCK),
            panels=self.panels.render("device", device, actor),
        )


def _confirmed_first(address: str, after: After) -> Response:
    """Lead to the confirmation of who it is, and back to the question with what was chosen."""
    return RedirectResponse(f"/signin/confirm?next={quote(f'{address}?after={after.value}')}", 303)


def _form_of(device: Device) -> FormState:
    return FormState.showing(display_name=device.display_name, version=device.version)


def _live(bindings: Sequence[NamedBinding]) -> Sequence[NamedBinding]:
    return [named for named in bindings if named.binding.desired is not Desired.REMOVED]


def _one(bindings: Sequence[NamedBinding], binding_id: str) -> NamedBinding:
    for named in _live(bindings):
        if named.binding.id == binding_id:
            return named
    raise NotFound("There is no such binding on this device. It may have been removed already.")


def _to_device(device_id: str) -> Response:
    return RedirectResponse(f"/admin/devices/{device_id}", 303)
