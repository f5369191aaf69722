"""What administrators do with a Mac: look at its chain of evidence, ask it, lock it, erase it, read what it escrowed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeport.channels.apple.mdm import commands
from homeport.channels.apple.mdm.binding import BindingState
from homeport.channels.apple.mdm.evidence import Link, chain_of
from homeport.channels.apple.mdm.management import Management, wake
from homeport.channels.apple.mdm.model import WITH_PIN, Command, Mac, MacState, admin_sealed_as
from homeport.directory.audit.model import Change
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission

LONGEST_REASON = 200
LONGEST_MESSAGE = 200


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

    def lock(self, actor: Actor, device_id: str, reason: str, message: str = "", *, pin: str = "") -> None:
        """Lock the Mac at once; the PIN that opens it is stored, sealed, in the same unit of work. Homeport chooses one unless told."""
        actor.require(Permission.APPLE_ERASE)
        actor.require_recent(self.management.clock.now())
        said = message.strip()
        wrong = {**_reason_problem(reason), **_message_problem(said)}
        if wrong:
            raise Invalid("The Mac was not locked. " + " ".join(wrong.values()), wrong)
        self._order(actor, device_id, "mac_lock", reason, commands.device_lock(pin or self.management.entropy.digits(6), said))

    def erase(self, actor: Actor, device_id: str, reason: str, serial: str, *, pin: str = "") -> None:
        """Erase the Mac; whoever does it types its serial number and says why."""
        actor.require(Permission.APPLE_ERASE)
        actor.require_recent(self.management.clock.now())
        mac = self._enrolled(device_id)
        wrong = _reason_problem(reason)
        if serial.strip().upper() != mac.serial.upper():
            wrong["serial"] = f"Type the serial number of this Mac, {mac.serial}."
        if wrong:
            raise Invalid("The Mac was not erased. " + " ".join(wrong.values()), wrong)
        self._order(actor, device_id, "mac_erase", reason, commands.erase_device(pin or self.management.entropy.digits(6)))

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

    def _order(self, actor: Actor, device_id: str, event_type: str, reason: str, body: commands.Body) -> None:
        management, mac = self.management, self._enrolled(device_id)
        if management.queue.waits(mac, str(body["RequestType"])):
            raise Conflict("The Mac was told so already and has not answered yet.", reason="command_waits")
        management.queue.add(mac, body)
        management.save(wake(mac, management), mac)
        self.management.log.record(mac, event_type, actor=actor, details={"reason": reason.strip()})

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
