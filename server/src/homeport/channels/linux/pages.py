"""What a device was told to do, on its page: each order with the steps that the device reported."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from homeport.channels.linux.actions import Orders
from homeport.channels.linux.model import Order, OrderState
from homeport.directory.devices.model import BindingAct, Device
from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.actor import system
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


@dataclass(frozen=True, slots=True)
class OrderPanels:
    """Makes the section for a device's page. The page around it has checked that its reader may see the device."""

    work: Work[Orders]
    templates: Templates

    def of_device(self, device: Device) -> Markup | None:
        """Return the newest orders of a device; None for one that was never told anything."""
        with self.work.read() as orders:
            found = orders.recent(READER, device.id, SHOWN)
        if not found:
            return None
        return self.templates.fragment("linux/orders_panel.html", orders=[line_of(order) for order in found])


def line_of(order: Order) -> dict[str, Any]:
    """Return one line of the timeline: what was ordered, how it ended, and the steps that the device reported."""
    word, kind = WORDS[order.state]
    trouble = order.reason if order.state is not OrderState.DONE else ""
    return {
        "at": order.created_at,
        "title": f"{TITLES[order.kind]}: {order.account.get('username', '')}",
        "word": word,
        "outcome": "warn" if trouble and order.state is OrderState.PENDING else kind,
        "sentence": f"The device says {trouble}." if trouble else "",
        "details": _steps(order.receipt or {}),
    }


def _steps(receipt: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and outcome of each step; a receipt is what a device wrote, so nothing about its form is taken for granted."""
    reported = receipt.get("steps")
    steps = [step for step in reported if isinstance(step, dict)] if isinstance(reported, list) else []
    return [
        (str(step.get("step", "")), " ".join(str(step[name]) for name in ("outcome", "at", "detail") if step.get(name)))
        for step in steps
    ]
