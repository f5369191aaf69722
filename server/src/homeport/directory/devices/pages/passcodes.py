"""DEVICE MANAGEMENT > Devices > a device > Reset passcode."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import Desired, NamedBinding
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.templates import Templates

PATH = "/admin/devices/{device_id}/bindings/{binding_id}/reset-passcode"


@dataclass(frozen=True, slots=True)
class PasscodePages:
    """Asks before a device forgets somebody's passcode."""

    work: Work[DeviceActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.ask, methods=["GET"])
        router.add_api_route(PATH, self.reset, methods=["POST"])
        return router

    def ask(self, request: Request, actor: PageActor, device_id: PathId, binding_id: PathId) -> Response:
        """Say what becomes of the person before it is done."""
        actor.require(Permission.PASSCODES_RESET)
        named = self._named(actor, device_id, binding_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Reset the passcode of {named.binding.username}",
            sentence=f"{named.device_name} forgets the local passcode of {named.user_name}. Nobody is told the old one or a new one.",
            impacts=[
                "The passcode opens nothing any more as soon as the device is in contact; until then it does",
                "The person signs in with the identity provider at the device and chooses another",
                "Sessions that are open go on, and an ssh key goes on opening; suspend the user to end those too",
            ],
            action=PATH.format(device_id=device_id, binding_id=binding_id),
            verb="Yes, Reset",
            cancel=f"/admin/devices/{device_id}",
            understood="",
        )

    def reset(self, actor: PageActor, device_id: PathId, binding_id: PathId) -> Response:
        """Have the device forget the passcode."""
        self._named(actor, device_id, binding_id)
        with self.work.write() as actions:
            actions.passcodes.reset(actor, binding_id)
        return RedirectResponse(f"/admin/devices/{device_id}", 303)

    def _named(self, actor: Actor, device_id: str, binding_id: str) -> NamedBinding:
        with self.work.read() as actions:
            for named in actions.bindings.of_device(actor, device_id):
                if named.binding.id == binding_id and named.binding.desired is not Desired.REMOVED:
                    return named
        raise NotFound("There is no such binding on this device. It may have been removed.")
