"""My Devices: one's accounts, how each stands, and forgetting a passcode."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request
from starlette.responses import RedirectResponse, Response

from homeport.channels.portal.actions import Own
from homeport.directory.devices.model import Binding, Desired, Observed
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import UserActor
from homeport.foundation.http.routes import Router
from homeport.foundation.ui.templates import Templates

PATH = "/user/devices"
RESET = f"{PATH}/{{binding_id}}/reset-passcode"
PathId = Annotated[str, Path(max_length=64, pattern="^[0-9A-Za-z_-]+$")]


def state_of(binding: Binding) -> tuple[str, str, str]:
    """Return the word, the kind, and a sentence for how an account stands."""
    if binding.desired is Desired.SUSPENDED:
        return "Suspended", "warn", "The account is locked. Your administrator can open it again."
    if binding.observed is Observed.REFUSED:
        return "Refused", "error", "The device could not make the account. Tell your administrator."
    if binding.observed is Observed.PRESENT:
        if binding.passcode_set_at is None:
            return "Ready", "info", "Choose a passcode: sign in at the device with your identity provider."
        return "Ready", "ok", ""
    return "Waiting", "info", "The device has not reported the account yet."


@dataclass(frozen=True, slots=True)
class MyDevicePages:
    """The pages."""

    work: Work[Own]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route(RESET, self.ask_reset, methods=["GET"])
        router.add_api_route(RESET, self.reset, methods=["POST"])
        return router

    def list(self, request: Request, actor: UserActor) -> Response:
        """List one's accounts on devices."""
        with self.work.read() as own:
            accounts = own.accounts(actor)
        return self.templates.render("portal/devices.html", request, accounts=[(one, state_of(one.binding)) for one in accounts])

    def ask_reset(self, request: Request, actor: UserActor, binding_id: PathId) -> Response:
        """Say what becomes of the passcode before it is forgotten; ask for the password first."""
        with self.work.read() as own:
            actor.require_recent(own.clock.now())
            found = own.account(actor, binding_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Forget your passcode on {found.device_name}",
            sentence="The device forgets the passcode, and you choose another there. Nobody is told the old one or the new one.",
            impacts=[
                "As soon as the device is in contact, the present passcode opens nothing any more",
                "At your next login there you sign in with your identity provider and choose another passcode",
                "What you have open on the device stays open, and an ssh key goes on opening",
            ],
            action=RESET.format(binding_id=binding_id),
            verb="Yes, Forget It",
            cancel=PATH,
            understood="",
        )

    def reset(self, actor: UserActor, binding_id: PathId) -> Response:
        """Order the device to forget one's passcode."""
        with self.work.write() as own:
            own.passcodes.reset_own(actor, binding_id, own.clock.now())
        return RedirectResponse(f"{PATH}?ordered={binding_id}", 303)
