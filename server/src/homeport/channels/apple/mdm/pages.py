"""A Mac on its device's page, and the pages of what can be done with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.binding import BindingState
from homeport.channels.apple.mdm.evidence import Strength
from homeport.channels.apple.mdm.model import CommandState, Mac, MacState
from homeport.channels.apple.mdm.release import Outcome, Phase
from homeport.directory.devices.model import Device
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

SHOWN = 10
PER_HOUR = 20
"""Macs that one administrator locks or erases in an hour."""
BINDINGS = {
    BindingState.NONE: ("No account intended", "info"),
    BindingState.INTENDED: ("Intended", "info"),
    BindingState.CONFIGURED: ("Configured, not seen yet", "info"),
    BindingState.OBSERVED: ("Seen once", "info"),
    BindingState.CONFIRMED: ("Confirmed", "ok"),
    BindingState.MISMATCH: ("Mismatch", "error"),
}
STRENGTHS = {
    Strength.MISSING: ("Missing", "warn"),
    Strength.CLAIMED: ("Claimed", "info"),
    Strength.SIGNED: ("Signed", "ok"),
    Strength.ATTESTED: ("Attested", "ok"),
}
COMMANDS = {
    CommandState.QUEUED: ("Waiting for the Mac", "info"),
    CommandState.SENT: ("With the Mac", "info"),
    CommandState.NOT_NOW: ("Put off by the Mac", "info"),
    CommandState.ACKNOWLEDGED: ("Done", "ok"),
    CommandState.FAILED: ("Refused", "error"),
}
ORDERS = {"DeviceLock": "lock", "EraseDevice": "erase"}


@dataclass(frozen=True, slots=True)
class MacPageActions:
    """What the pages need in one unit of work."""

    macs: MacActions
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what of which Mac, with what they typed."""

    request: Request
    actor: Actor
    device_id: str
    verb: str
    form: FormState


@dataclass(frozen=True, slots=True)
class MacPages:
    """The section of the device's page, and the pages behind it."""

    work: Work[MacPageActions]
    templates: Templates

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False, prefix="/admin/devices/{device_id}/mac")
        router.add_api_route("/look", self.look, methods=["POST"])
        router.add_api_route("/accept", self.accept, methods=["POST"])
        router.add_api_route("/lock", self.ask_lock, methods=["GET"])
        router.add_api_route("/lock", self.lock, methods=["POST"])
        router.add_api_route("/erase", self.ask_erase, methods=["GET"])
        router.add_api_route("/erase", self.erase, methods=["POST"])
        router.add_api_route("/orders/{order_id}/approve", self.approve, methods=["POST"])
        router.add_api_route("/orders/{order_id}/reject", self.reject, methods=["POST"])
        router.add_api_route("/secrets", self.secrets, methods=["POST"])
        return router

    def panel(self, device: Device, actor: Actor) -> Markup | None:
        """Return what is known of a Mac; None for a device that is none."""
        with self.work.read() as actions:
            mac = actions.macs.find(actor, device.id)
            if mac is None:
                return None
            chain = actions.macs.chain(actor, mac)
            recent = actions.macs.recent(actor, mac, SHOWN)
            orders = actions.macs.waiting(actor, mac)
            has_pin = actions.macs.has_pin(actor, mac)
        return self.templates.fragment(
            "mdm/panel.html",
            device=device,
            mac=mac,
            account=mac.account,
            binding=BINDINGS[mac.binding],
            mismatch=mac.binding is BindingState.MISMATCH,
            release=release_words(mac),
            enrolled=mac.state is MacState.ENROLLED,
            chain=[(link, STRENGTHS[link.strength]) for link in chain],
            commands=[(command, COMMANDS[command.state]) for command in recent],
            orders=[(order, ORDERS[order.request_type], order.asked_by == actor.id) for order in orders],
            has_pin=has_pin,
            may_write=actor.may(Permission.APPLE_WRITE),
            may_erase=actor.may(Permission.APPLE_ERASE),
        )

    def look(self, actor: PageActor, device_id: str) -> Response:
        """Ask the Mac."""
        with self.work.write() as actions:
            actions.macs.look(actor, device_id)
        return RedirectResponse(f"/admin/devices/{device_id}", 303)

    def accept(self, actor: PageActor, device_id: str, name: Annotated[str, Form()] = "") -> Response:
        """Take the account that was seen as the person's."""
        with self.work.write() as actions:
            actions.macs.accept(actor, device_id, name)
        return RedirectResponse(f"/admin/devices/{device_id}", 303)

    def ask_lock(self, request: Request, actor: PageActor, device_id: str) -> Response:
        """Ask why a Mac is to be locked."""
        actor.require(Permission.APPLE_ERASE)
        return self._order(Asked(request, actor, device_id, "lock", FormState()))

    def lock(
        self,
        request: Request,
        actor: PageActor,
        device_id: str,
        reason: Annotated[str, Form()] = "",
        message: Annotated[str, Form()] = "",
    ) -> Response:
        """Lock it."""
        form = FormState.showing(reason=reason, message=message)
        asked = Asked(request, actor, device_id, "lock", form)
        return self._carry_out(asked, lambda macs: macs.lock(actor, device_id, reason, message))

    def ask_erase(self, request: Request, actor: PageActor, device_id: str) -> Response:
        """Ask why a Mac is to be erased, and have its serial number typed."""
        actor.require(Permission.APPLE_ERASE)
        return self._order(Asked(request, actor, device_id, "erase", FormState()))

    def erase(
        self,
        request: Request,
        actor: PageActor,
        device_id: str,
        reason: Annotated[str, Form()] = "",
        serial: Annotated[str, Form()] = "",
    ) -> Response:
        """Erase it."""
        form = FormState.showing(reason=reason, serial=serial)
        asked = Asked(request, actor, device_id, "erase", form)
        return self._carry_out(asked, lambda macs: macs.erase(actor, device_id, reason, serial))

    def approve(self, actor: PageActor, device_id: str, order_id: str) -> Response:
        """Agree to what another administrator asked for."""
        with self.work.write() as actions:
            actions.limits.require(f"mac orders {actor.id}", burst=PER_HOUR, per_minute=PER_HOUR / 60)
            actions.macs.approve(actor, device_id, order_id)
        return RedirectResponse(f"/admin/devices/{device_id}", 303)

    def reject(self, actor: PageActor, device_id: str, order_id: str) -> Response:
        """Refuse it, or take one's own order back."""
        with self.work.write() as actions:
            actions.macs.reject(actor, device_id, order_id)
        return RedirectResponse(f"/admin/devices/{device_id}", 303)

    def secrets(self, request: Request, actor: PageActor, device_id: str, kind: Annotated[str, Form()] = "") -> Response:
        """Show the managed administrator's password or a PIN; each look is recorded."""
        with self.work.write() as actions:
            if kind == "pin":
                name, secret = "PIN of the newest lock or erasure", actions.macs.pin(actor, device_id)
            else:
                short_name, secret = actions.macs.admin_password(actor, device_id)
                name = f"Password of {short_name}"
        return self.templates.render("mdm/secret.html", request, device_id=device_id, title=name, secret=secret)

    def _carry_out(self, asked: Asked, deed: Callable[[MacActions], object]) -> Response:
        try:
            with self.work.write() as actions:
                actions.limits.require(f"mac orders {asked.actor.id}", burst=PER_HOUR, per_minute=PER_HOUR / 60)
                deed(actions.macs)
        except Invalid as error:
            for field, sentence in error.fields.items():
                asked.form.fail(field, sentence)
        except Conflict as error:
            asked.form.refuse(error.detail)
        else:
            return RedirectResponse(f"/admin/devices/{asked.device_id}", 303)
        return self._order(asked, 400)

    def _order(self, asked: Asked, status: int = 200) -> Response:
        with self.work.read() as actions:
            mac = actions.macs.find(asked.actor, asked.device_id)
            second = actions.macs.needs_second(asked.actor)
        if mac is None:
            raise NotFound("This device is no Mac under management.")
        return self.templates.render(
            "mdm/order.html", asked.request, status=status, mac=mac, verb=asked.verb, form=asked.form, second=second
        )


def release_words(mac: Mac) -> tuple[str, str]:
    """Return how far Setup Assistant is, in words and with a status."""
    release: Any = mac.release
    if release.phase is Phase.CONFIGURING:
        return "Waits for its account to be configured", "info"
    if release.phase is Phase.RELEASING:
        return "Is being told to go on", "info"
    if release.released_late:
        return "Went on at its deadline, before the account was configured", "warn"
    if release.phase is Phase.RELEASED:
        return ("Went on with its account configured", "ok") if release.account is Outcome.CONFIGURED else ("Went on", "ok")
    return "Did not wait", "info"
