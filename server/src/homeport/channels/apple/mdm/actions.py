"""What administrators do with a Mac: look at its chain of evidence, ask it, lock it, erase it, read what it escrowed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeport.channels.apple.mdm import commands
from homeport.channels.apple.mdm.binding import BindingState
from homeport.channels.apple.mdm.evidence import Link, chain_of
from homeport.channels.apple.mdm.management import Management, wake
from homeport.channels.apple.mdm.model import WITH_PIN, Command, Mac, MacState, admin_sealed_as
from homeport.channels.apple.mdm.second_approver import LIFE, Order
from homeport.directory.audit.model import Change
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission

LOCK, ERASE = WITH_PIN
LONGEST_REASON = 200
LONGEST_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What an administrator wants of a Mac; `pin` is empty when Homeport is to choose it."""

    request_type: str
    reason: str
    message: str = ""
    pin: str = ""


@dataclass(frozen=True, slots=True)
class MacActions:
    """The acts of one unit of work."""

    management: Management

    def find(self, actor: Actor, device_id: str) -> Mac | None:
        """Return the Mac of a device; None for a device that is none."""
        actor.require(Permission.DEVICES_READ)
        return self.management.macs.get(device_id)

    def chain(self, actor: Actor, mac: Mac) -> Sequence[Link]:
        """Return how it is known whose Mac this is, link by link, each with how strong it is."""
        actor.require(Permission.DEVICES_READ)
        return chain_of(mac, self.management.sessions.evidence(mac.session_id, mac.serial))

    def recent(self, actor: Actor, mac: Mac, limit: int) -> Sequence[Command]:
        """Return the newest commands of a Mac."""
        actor.require(Permission.DEVICES_READ)
        return self.management.queue.recent(mac.device_id, limit)

    def look(self, actor: Actor, device_id: str) -> None:
        """Ask the Mac what it is and which accounts it has."""
        actor.require(Permission.APPLE_WRITE)
        mac = self._enrolled(device_id)
        asked = self.management.ask(mac, [commands.user_list(), commands.device_information(), commands.security_info()])
        self.management.save(asked, mac)

    def accept(self, actor: Actor, device_id: str, name: str) -> None:
        """Take the account that was seen as the person's, although another name was intended; the repair of a mismatch."""
        actor.require(Permission.APPLE_WRITE)
        mac = self._enrolled(device_id)
        if mac.binding is not BindingState.MISMATCH or mac.account.observed != name:
            raise Conflict("What the Mac reports has changed meanwhile. Look at it again.", reason="binding_changed")
        account = replace(mac.account, accepted=name)
        self.management.save(replace(mac, account=account), mac)
        self.management.log.record(
            mac, "mac_account_accept", actor=actor, changes=[Change("account", mac.account.expected, name)]
        )

    def lock(self, actor: Actor, device_id: str, reason: str, message: str = "", *, pin: str = "") -> Order | None:
        """Lock the Mac at once; the PIN that opens it is stored, sealed, in the same unit of work.

        Homeport chooses the PIN unless told. Returns the order that waits, when a second administrator has to agree first.
        """
        actor.require(Permission.APPLE_ERASE)
        actor.require_recent(self.management.clock.now())
        said = message.strip()
        wrong = {**_reason_problem(reason), **_message_problem(said)}
        if wrong:
            raise Invalid("The Mac was not locked. " + " ".join(wrong.values()), wrong)
        return self._order(actor, self._enrolled(device_id), Told(LOCK, reason, said, pin))

    def erase(self, actor: Actor, device_id: str, reason: str, serial: str, *, pin: str = "") -> Order | None:
        """Erase the Mac; whoever does it types its serial number and says why. Returns the order that waits, as `lock` does."""
        actor.require(Permission.APPLE_ERASE)
        actor.require_recent(self.management.clock.now())
        mac = self._enrolled(device_id)
        wrong = _reason_problem(reason)
        if serial.strip().upper() != mac.serial.upper():
            wrong["serial"] = f"Type the serial number of this Mac, {mac.serial}."
        if wrong:
            raise Invalid("The Mac was not erased. " + " ".join(wrong.values()), wrong)
        return self._order(actor, mac, Told(ERASE, reason, pin=pin))

    def needs_second(self, actor: Actor) -> bool:
        """Tell whether a second administrator has to agree before a Mac is locked or erased."""
        actor.require(Permission.DEVICES_READ)
        return self.management.second.needed()

    def waiting(self, actor: Actor, mac: Mac) -> Sequence[Order]:
        """Return what somebody asked for and nobody agreed to yet."""
        actor.require(Permission.DEVICES_READ)
        now = self.management.clock.now()
        return [order for order in self.management.second.orders.of_mac(mac.device_id) if order.expires_at > now]

    def approve(self, actor: Actor, device_id: str, order_id: str) -> None:
        """Agree to what another administrator asked for; the Mac is told then."""
        actor.require(Permission.APPLE_ERASE)
        actor.require_recent(self.management.clock.now())
        mac = self._enrolled(device_id)
        order = self._waiting(mac, order_id)
        if order.asked_by == actor.id:
            raise Denied("You asked for this yourself, so another administrator has to agree.")
        self._tell(actor, mac, order)

    def reject(self, actor: Actor, device_id: str, order_id: str) -> None:
        """Refuse what another administrator asked for, or take one's own order back."""
        actor.require(Permission.APPLE_ERASE)
        mac = self._present(device_id)
        order = self._waiting(mac, order_id)
        self.management.second.orders.remove(order.id)
        details: dict[str, object] = {"command": order.request_type, "asked_by": order.asked_by_name}
        self.management.log.record(mac, "mac_order_reject", actor=actor, details=details)

    def admin_password(self, actor: Actor, device_id: str) -> tuple[str, str]:
        """Return name and password of the managed administrator; each look is recorded."""
        actor.require(Permission.APPLE_ERASE)
        actor.require_recent(self.management.clock.now())
        mac = self._present(device_id)
        if not mac.admin_sealed:
            raise NotFound("This Mac has no managed administrator of Homeport's.")
        self.management.log.record(mac, "mac_admin_password_read", actor=actor)
        return mac.admin_name, self.management.sealer.unseal(mac.admin_sealed, admin_sealed_as(mac.device_id)).decode()

    def pin(self, actor: Actor, device_id: str) -> str:
        """Return the PIN of the newest lock or erasure; each look is recorded."""
        actor.require(Permission.APPLE_ERASE)
        actor.require_recent(self.management.clock.now())
        mac = self._present(device_id)
        found = self.management.queue.store.newest(mac.device_id, WITH_PIN)
        if found is None:
            raise NotFound("This Mac was neither locked nor erased from here.")
        self.management.log.record(mac, "mac_pin_read", actor=actor)
        return str(self.management.queue.opened(found)["PIN"])

    def has_pin(self, actor: Actor, mac: Mac) -> bool:
        """Tell whether the Mac was locked or erased from here, so that `pin` has something to return."""
        actor.require(Permission.DEVICES_READ)
        return self.management.queue.store.newest(mac.device_id, WITH_PIN) is not None

    def _order(self, actor: Actor, mac: Mac, told: Told) -> Order | None:
        management, now = self.management, self.management.clock.now()
        order = Order(
            id=management.entropy.new_id(),
            device_id=mac.device_id,
            request_type=told.request_type,
            reason=told.reason.strip(),
            message=told.message,
            asked_by=actor.id,
            asked_by_name=actor.name[:255],
            asked_at=now,
            expires_at=now + LIFE,
        )
        if not management.second.needed():
            self._tell(actor, mac, order, told.pin)
            return None
        if told.pin:  # it would have to be kept, and known to one, until another agrees
            raise Conflict("A second administrator has to agree, so Homeport chooses the PIN. Leave it out.", reason="pin_chosen")
        for earlier in management.second.orders.of_mac(mac.device_id):
            if earlier.request_type == told.request_type and earlier.expires_at > now:
                raise Conflict(f"{earlier.asked_by_name} asked for this already, and it waits.", reason="order_waits")
            if earlier.request_type == told.request_type:
                management.second.orders.remove(earlier.id)
        management.second.orders.add(order)
        details: dict[str, object] = {"command": told.request_type, "reason": order.reason}
        management.log.record(mac, "mac_order_ask", actor=actor, details=details)
        return order

    def _tell(self, actor: Actor, mac: Mac, order: Order, pin: str = "") -> None:
        management, erases = self.management, order.request_type == ERASE
        if management.queue.waits(mac, order.request_type):
            raise Conflict("The Mac was told so already and has not answered yet.", reason="command_waits")
        pin = pin or management.entropy.digits(6)
        management.queue.add(mac, commands.erase_device(pin) if erases else commands.device_lock(pin, order.message))
        management.save(wake(mac, management), mac)
        for waiting in management.second.orders.of_mac(mac.device_id):
            if waiting.request_type == order.request_type:
                management.second.orders.remove(waiting.id)
        details: dict[str, object] = {"reason": order.reason}
        if order.asked_by != actor.id:
            details["asked_by"] = order.asked_by_name
        management.log.record(mac, "mac_erase" if erases else "mac_lock", actor=actor, details=details)

    def _waiting(self, mac: Mac, order_id: str) -> Order:
        now = self.management.clock.now()
        for order in self.management.second.orders.of_mac(mac.device_id):
            if order.id == order_id and order.expires_at > now:
                return order
        raise Conflict(
            "This was decided or taken back meanwhile, or its day is over. Look at the Mac again.", reason="order_over"
        )

    def _enrolled(self, device_id: str) -> Mac:
        mac = self._present(device_id)
        if mac.state is not MacState.ENROLLED:
            raise Conflict(
                "This Mac is not under management at the moment, so it cannot be told anything.", reason="not_enrolled"
            )
        return mac

    def _present(self, device_id: str) -> Mac:
        mac = self.management.macs.lock(device_id)
        if mac is None:
            raise NotFound("This device is no Mac under management.")
        return mac


def _reason_problem(reason: str) -> dict[str, str]:
    text = reason.strip()
    if text and len(text) <= LONGEST_REASON and text.isprintable():
        return {}
    return {"reason": f"Say why, in 1 to {LONGEST_REASON} characters; the audit log keeps it."}


def _message_problem(message: str) -> dict[str, str]:
    if len(message) <= LONGEST_MESSAGE and (message.isprintable() or not message):
        return {}
    return {"message": f"Use at most {LONGEST_MESSAGE} characters on one line."}
