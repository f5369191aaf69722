"""What a device was told to do and what it did by itself, on its page and on a person's; the page of a help-desk code."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Request
from markupsafe import Markup
from starlette.responses import Response

from homeport.channels.linux.actions import Orders
from homeport.channels.linux.help_desk import HelpDesk
from homeport.channels.linux.model import Notice, NoticeKind, Order, OrderState, UnlockCode
from homeport.channels.linux.schemas import PathId
from homeport.directory.devices.actions import Bindings, Devices
from homeport.directory.devices.model import BindingAct, Desired, Device
from homeport.directory.people.model import User
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

READER = system("panel")
"""A section has no reader of its own; the page around it required the permission."""
SHOWN = 10
TITLES = {
    BindingAct.BIND: "Make or renew the account",
    BindingAct.ACTIVATE: "Open the account, with its rights and its lease",
    BindingAct.SUSPEND: "Suspend the account",
    BindingAct.UNBIND: "End the binding",
    BindingAct.RESET_PASSCODE: "Forget the passcode",
}
WORDS = {
    OrderState.PENDING: ("Waiting for the device", "info"),
    OrderState.DONE: ("Done", "ok"),
    OrderState.REFUSED: ("Refused", "error"),
}
NOTICES = {
    NoticeKind.CODE_ISSUED: ("Help-desk code given out", "Given out", "info"),
    NoticeKind.UNLOCKED: ("Help-desk code used at the device", "Done", "ok"),
    NoticeKind.UNBOUND: ("Binding ended at the device, by root", "Done", "ok"),
}


@dataclass(frozen=True, slots=True)
class UnlockActions:
    """What the page of a code needs in one unit of work."""

    devices: Devices
    bindings: Bindings
    help_desk: HelpDesk


@dataclass(frozen=True, slots=True)
class TimelineActions:
    """What the sections read."""

    orders: Orders
    help_desk: HelpDesk


@dataclass(frozen=True, slots=True)
class OrderPanels:
    """Makes the sections. The page around one has checked that its reader may see the device or the person."""

    work: Work[TimelineActions]
    templates: Templates

    def of_device(self, device: Device, _actor: Actor) -> Markup | None:
        """Return the newest orders and notices of a device; None for one of which there are none."""
        with self.work.read() as actions:
            lines = [line_of(order) for order in actions.orders.recent(READER, device.id, SHOWN)]
            lines += [line_of_notice(notice) for notice in actions.help_desk.recent(READER, device.id, SHOWN)]
        lines.sort(key=lambda line: line["at"], reverse=True)
        return self._section(
            lines, "What this device was told, what it did by itself, and each step that it reported; the newest first."
        )

    def of_user(self, user: User, _actor: Actor) -> Markup | None:
        """Return the newest orders about a person's accounts; None where there are none."""
        with self.work.read() as actions:
            found = actions.orders.recent_of_user(READER, user.id, SHOWN)
        lines = [line_of(named.order, f"on {named.device_name}") for named in found]
        return self._section(
            lines, "What devices were told about this person, and each step that they reported; the newest first."
        )

    def _section(self, lines: list[dict[str, Any]], about: str) -> Markup | None:
        return self.templates.fragment("linux/orders_panel.html", orders=lines[:SHOWN], about=about) if lines else None


@dataclass(frozen=True, slots=True)
class UnlockCodePages:
    """A code for somebody whose device is offline."""

    work: Work[UnlockActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        path = "/admin/devices/{device_id}/bindings/{binding_id}/unlock-code"
        router.add_api_route(path, self.ask, methods=["GET"])
        router.add_api_route(path, self.issue, methods=["POST"])
        return router

    def ask(self, request: Request, actor: PageActor, device_id: PathId, binding_id: PathId) -> Response:
        """Ask for the digits that the device shows."""
        actor.require(Permission.DEVICES_UNLOCK)
        return self._page(request, actor, (device_id, binding_id), FormState())

    def issue(
        self, request: Request, actor: PageActor, device_id: PathId, binding_id: PathId, challenge: Annotated[str, Form()] = ""
    ) -> Response:
        """Show the code."""
        form = FormState.showing(challenge=challenge)
        try:
            with self.work.write() as actions:
                code = actions.help_desk.issue(actor, device_id, binding_id, challenge)
            return self._page(request, actor, (device_id, binding_id), form, code=code)
        except Invalid as error:
            form.fail("challenge", error.fields.get("challenge", error.detail))
        except Conflict as error:
            form.refuse(error.detail)
        return self._page(request, actor, (device_id, binding_id), form, status=400)

    def _page(
        self,
        request: Request,
        actor: Actor,
        ids: tuple[str, str],
        form: FormState,
        *,
        code: UnlockCode | None = None,
        status: int = 200,
    ) -> Response:
        device_id, binding_id = ids
        with self.work.read() as actions:
            device = actions.devices.get(actor, device_id)
            binding = actions.bindings.get(actor, binding_id)
        if binding.device_id != device.id or binding.desired is Desired.REMOVED:
            raise NotFound("There is no such binding on this device. It may have been removed already.")
        return self.templates.render(
            "linux/unlock_code.html", request, status=status, device=device, binding=binding, form=form, code=code
        )


def line_of(order: Order, where: str = "") -> dict[str, Any]:
    """Return one line of the timeline: what was ordered, how it ended, and the steps that the device reported."""
    word, kind = WORDS[order.state]
    trouble = order.reason if order.state is not OrderState.DONE else ""
    return {
        "at": order.created_at,
        "title": f"{TITLES[order.kind]}: {order.account.get('username', '')} {where}".strip(),
        "word": word,
        "outcome": "warn" if trouble and order.state is OrderState.PENDING else kind,
        "sentence": f"The device says {trouble}." if trouble else "",
        "details": _steps(order.receipt or {}),
    }


def line_of_notice(notice: Notice) -> dict[str, Any]:
    """Return one line of the timeline for what happened without an order."""
    title, word, kind = NOTICES[notice.kind]
    said = [(name, str(notice.details[name])) for name in ("by", "at", "until", "after") if notice.details.get(name)]
    return {
        "at": notice.at,
        "title": f"{title}: {notice.username}",
        "word": word,
        "outcome": kind,
        "sentence": "The person may choose a new passcode with it." if notice.details.get("new_passcode") else "",
        "details": said + _steps(notice.details),
    }


def _steps(receipt: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and outcome of each step; a receipt is what a device wrote, so nothing about its form is taken for granted."""
    reported = receipt.get("steps")
    steps = [step for step in reported if isinstance(step, dict)] if isinstance(reported, list) else []
    return [
        (str(step.get("step", "")), " ".join(str(step[name]) for name in ("outcome", "at", "detail") if step.get(name)))
        for step in steps
    ]
