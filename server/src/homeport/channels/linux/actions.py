"""What the Linux channel does: turns changed bindings into orders, hands them out, takes receipts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from homeport.channels.linux.model import GRANTS, ORDER_LIFETIME, Approval, NamedOrder, Order, OrderState, SignedOrder
from homeport.channels.linux.order_keys import OrderKeys
from homeport.channels.linux.ports import OrderStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.devices.actions import Bindings, Devices
from homeport.directory.devices.model import (
    AccountReport,
    Binding,
    BindingAct,
    BindingChanged,
    Desired,
    Device,
    OrderOutcome,
    OrderReport,
    OSFamily,
    ProvisioningSetting,
)
from homeport.directory.people.actions import People
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.signin.model import FollowUp

CHANNEL = system("linux")
PLACES = {
    OSFamily.LINUX: ("/home", "/bin/bash"),
    OSFamily.MACOS: ("/Users", "/bin/zsh"),
    OSFamily.WINDOWS: ("/Users", "/bin/false"),
}
"""Where homes lie and the shell of an account; Windows keeps homes in Users of its system drive and has no shell."""
SUPERSEDED = "order_superseded"
PASSING = frozenset({"order_expired", "order_key_invalid"})
"""Refusals that a mended clock ends; the device forgets such an order, so it stays open here."""
PASSCODE_WANTED = "account_passcode_wanted"
"""The device waits for the passcode of an account that the person may take over; the order stays open for as long as it is good."""
MOST_OVERTAKEN = 100
"""How often an account's orders may be found overtaken before the server stops repeating them: then the sequences have parted."""
WANTS = {
    BindingAct.BIND: {Desired.PRESENT},
    BindingAct.ACTIVATE: {Desired.PRESENT},
    BindingAct.SUSPEND: {Desired.SUSPENDED},
    BindingAct.UNBIND: {Desired.REMOVED},
    BindingAct.RESET_PASSCODE: {Desired.PRESENT, Desired.SUSPENDED},
}
"""With which wishes an order that came too late is given again."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a device says became of an order."""

    order_id: str
    outcome: OrderOutcome
    reason: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of one unit of work."""

    store: OrderStore
    keys: OrderKeys
    devices: Devices
    bindings: Bindings
    people: People
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher

    def on_binding_changed(self, event: BindingChanged) -> None:
        """Write the order that a changed binding needs, in the unit of work that changed it."""
        # public: the change was allowed elsewhere
        binding, device = self.bindings.find(event.binding_id), self.devices.find(event.device_id)
        if binding is not None and device is not None and device.device_key:  # a Mac under MDM has no key and takes no orders
            self._write(binding, event.kind)

    def bind(self, user_id: str, device: Device, sign_in_id: str) -> SignedOrder | ReasonCode:
        """Return the signed order that makes or renews a person's account on a device; or why there is none.

        The person's state is read and held here, so a suspension that came after the approval still wins.
        """
        # public: the caller holds the access token of a completed sign-in
        try:
            user = self.people.get(CHANNEL, user_id)
        except NotFound:
            return ReasonCode.USER_UNKNOWN
        admitted = self.bindings.admit(user, device, sign_in_id)
        if isinstance(admitted, ReasonCode):
            self.publisher.publish(FollowUp(sign_in_id, "order refused", admitted.code))
            return admitted
        self.publisher.publish(FollowUp(sign_in_id, "order handed to the machine", detail=f"The account is {admitted.username}."))
        pending = [
            order for order in self.store.pending(device.id) if order.binding_id == admitted.id and order.kind is BindingAct.BIND
        ]
        order = pending[-1] if pending else self._write(admitted, BindingAct.BIND)
        return self.keys.sign(order, self.bindings.existing_on(device))

    def approve(self, approval: Approval, message: str) -> dict[str, str] | ReasonCode:
        """Return the signed approval for a prompt at which no account is made; or why there is none any more.

        `message` is why the person wanted it; the sign-in keeps it.
        """
        # public: the caller holds the access token of a completed sign-in
        if not self.bindings.has_account(approval.user_id, approval.device_id):
            self.publisher.publish(FollowUp(approval.sign_in_id, "approval refused", ReasonCode.NO_ACCOUNT_HERE.code))
            return ReasonCode.NO_ACCOUNT_HERE
        self.publisher.publish(FollowUp(approval.sign_in_id, "approval handed to the machine", detail=f"Reason: {message}"))
        device = self.devices.find(approval.device_id)
        self.audit.record(
            CHANNEL,
            "sudo_approve",
            resource=Resource("device", approval.device_id, device.name if device else ""),
            details={"user_id": approval.user_id, "sign_in_id": approval.sign_in_id, "message": message},
        )
        signed, order_key = self.keys.sign_approval(approval)
        return {"approval": signed, "order_key": order_key}

    def policy(self, device: Device, setting: ProvisioningSetting) -> dict[str, str]:
        """Return how people with an account may come in on a device, signed."""
        # public: the device has proved itself by its key
        signed, order_key = self.keys.sign_policy(device, setting, self.store.epoch())
        return {"policy": signed, "order_key": order_key}

    def outstanding(self, device: Device) -> Sequence[SignedOrder]:
        """Return the signed orders that the device has not answered, in sequence; leases that run low are renewed on the way."""
        # public: the device has proved itself by its key
        self.bindings.renew_leases(device.id)
        existing = self.bindings.existing_on(device)
        return [self.keys.sign(order, existing) for order in self.store.pending(device.id)]

    def has_work(self, device: Device) -> bool:
        """Tell whether `outstanding` would have anything to hand out; a look that holds and writes nothing."""
        # public: the device has proved itself by its key
        return bool(self.store.pending(device.id)) or self.bindings.leases_run_low(device.id)

    def recent(self, actor: Actor, device_id: str, limit: int) -> Sequence[Order]:
        """Return the newest orders to a device with their receipts, the newest first."""
        actor.require(Permission.DEVICES_READ)
        return self.store.recent(device_id, limit)

    def recent_of_user(self, actor: Actor, user_id: str, limit: int) -> Sequence[NamedOrder]:
        """Return the newest orders about a person on all their devices with the receipts, the newest first."""
        actor.require(Permission.DEVICES_READ)
        return self.store.recent_of_user(user_id, limit)

    def take_reports(self, device: Device, receipts: Sequence[Receipt], accounts: Sequence[AccountReport]) -> None:
        """Store what became of orders and how the accounts were found; a receipt for another device's order is ignored."""
        # public: the device has proved itself by its key
        self.devices.get_for_update(device.id)  # before its orders: two reports at once must not wait for each other
        reports: list[OrderReport] = []
        superseded: list[Order] = []
        for receipt in receipts:
            order = self.store.get(receipt.order_id)
            if order is None or order.device_id != device.id or order.state is not OrderState.PENDING:
                continue
            waits = receipt.reason == PASSCODE_WANTED and self.clock.now() < order.created_at + ORDER_LIFETIME
            settled = receipt.outcome is not OrderOutcome.FAILED and receipt.reason not in PASSING and not waits
            outcome = OrderState.DONE if receipt.outcome is OrderOutcome.DONE else OrderState.REFUSED
            self.store.update(
                replace(
                    order,
                    state=outcome if settled else OrderState.PENDING,
                    reason=receipt.reason,
                    receipt=receipt.document,
                    answered_at=self.clock.now(),
                )
            )
            reports.append(OrderReport(order.binding_id, order.kind, receipt.outcome, receipt.reason))
            if receipt.outcome is OrderOutcome.REFUSED and receipt.reason == SUPERSEDED:
                superseded.append(order)
            if not settled and order.reason == receipt.reason:
                continue  # the device tries again and again; the log says once why it cannot
            if order.sign_in_id is not None:
                done = receipt.outcome is OrderOutcome.DONE
                name = "account stands on the device" if done else "order not carried out by the device"
                self.publisher.publish(FollowUp(order.sign_in_id, name, "" if done else receipt.reason or receipt.outcome.value))
            self.audit.record(
                CHANNEL,
                f"order_{receipt.outcome.value}",
                resource=Resource("device", device.id, device.name),
                success=receipt.outcome is OrderOutcome.DONE,
                reason=receipt.reason,
                details={
                    "order_id": order.id,
                    "kind": order.kind.value,
                    "username": str(order.account.get("username", "")),
                    "taken_over": _took_over(receipt),
                },
            )
        self.bindings.report(device.id, orders=reports, accounts=accounts)
        for order in superseded:
            self._order_again(order)

    def _order_again(self, order: Order) -> None:
        """Give an order that a later one overtook a new place in the sequence, if it is still what is wanted.

        A sign-in's order goes to the device by itself and may arrive before an older one, such as another person's suspension.
        """
        binding = self.bindings.find(order.binding_id)
        if binding is None or binding.desired not in WANTS[order.kind]:
            return
        later = [other for other in self.store.pending(order.device_id) if other.binding_id == order.binding_id]
        if not later and self.store.count(order.binding_id, SUPERSEDED) <= MOST_OVERTAKEN:
            self._write(binding, order.kind)
            self.devices.bump(order.device_id)

    def start_epoch_after_restore(self) -> int:
        """Raise the epoch above every one that was ever used, so that no device mistakes a new order for an old one."""
        # public: called by `homeport restore`
        return self.store.raise_epoch(int(self.clock.now().timestamp()))

    def _write(self, binding: Binding, kind: BindingAct) -> Order:
        device = self.devices.get_for_update(binding.device_id)  # holds the sequence
        homes, shell = PLACES[(device.os_family if device else None) or OSFamily.LINUX]
        # A restriction may come because the user was deleted; only a grant needs their name.
        user = self.people.get(CHANNEL, binding.user_id) if kind in GRANTS else None
        epoch, counter = self.store.next_sequence(binding.device_id)
        order = Order(
            id=self.entropy.new_id(),
            device_id=binding.device_id,
            binding_id=binding.id,
            epoch=epoch,
            counter=counter,
            kind=kind,
            account={
                "user_id": binding.user_id,
                "username": binding.username,
                "uid": binding.uid,
                "gid": binding.gid,
                "full_name": f"{user.firstname} {user.lastname}".strip() if user else "",
                "home": f"{homes}/{binding.username}",
                "shell": shell,
                "permission": binding.permission.value,
                "groups": [],
            },
            lease_not_after=binding.lease_not_after if kind in GRANTS else None,
            sign_in_id=binding.sign_in_id if kind is BindingAct.BIND else None,
            after=binding.after.value if kind is BindingAct.UNBIND and binding.after else "",
            state=OrderState.PENDING,
            created_at=self.clock.now(),
        )
        self.store.add(order)
        return order


def _took_over(receipt: Receipt) -> bool:
    steps = receipt.document.get("steps") if receipt.outcome is OrderOutcome.DONE and receipt.document else None
    return isinstance(steps, list) and any(isinstance(step, dict) and step.get("step") == "adopt" for step in steps)
