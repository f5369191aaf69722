"""What the audit log keeps of a Mac: who acted is the Mac itself, unless an administrator did."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from homeport.channels.apple.mdm.model import Mac
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.actions import Devices
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin


@dataclass(frozen=True, slots=True)
class MacLog:
    """The audit log of one unit of work, for Macs."""

    audit: Audit
    devices: Devices

    def record(
        self,
        mac: Mac,
        event_type: str,
        *,
        actor: Actor | None = None,
        success: bool = True,
        changes: Iterable[Change] = (),
        details: dict[str, object] | None = None,
        origin: Origin | None = None,
    ) -> None:
        """Write an entry about a Mac."""
        device = self.devices.find(mac.device_id)
        name = device.name if device else mac.serial
        self.audit.record(
            actor or Actor(ActorKind.DEVICE, mac.device_id, name, origin=origin or Origin()),
            event_type,
            resource=Resource("device", mac.device_id, name),
            success=success,
            changes=list(changes),
            details=json.loads(json.dumps({"serial": mac.serial, "user_id": mac.user_id, **(details or {})})),
        )
