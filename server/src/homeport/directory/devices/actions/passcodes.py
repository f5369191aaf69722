"""Local passcodes: Homeport never knows one, and may only make a device forget it."""

from dataclasses import dataclass, replace
from datetime import datetime

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.devices.model import Binding, BindingAct, BindingChanged, Desired, DesiredStateChanged
from homeport.directory.devices.ports import BindingStore, DeviceStore
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Passcodes:
    """The passcodes of one unit of work."""

    store: BindingStore
    devices: DeviceStore
    publisher: Publisher
    audit: Audit

    def reset(self, actor: Actor, binding_id: str) -> Binding:
        """Have the device forget the passcode of an account: the person signs in with the provider and chooses another.

        Sessions go on, and an ssh key goes on opening. Raise Conflict for a binding that was removed.
        """
        actor.require(Permission.PASSCODES_RESET)
        return self._reset(actor, binding_id)

    def reset_own(self, actor: Actor, binding_id: str, now: datetime) -> Binding:
        """Have the device forget the passcode of one's own account; raise NotFound for somebody else's."""
        # public: one's own account; it asks for the password first
        actor.require_recent(now)
        found = self.store.get(binding_id)
        if found is None or found.user_id != actor.id:
            raise NotFound("You have no such account. It may have been removed.")
        return self._reset(actor, binding_id)

    def _reset(self, actor: Actor, binding_id: str) -> Binding:
        self.devices.lock(_present(self.store.get(binding_id)).device_id)
        binding = _present(self.store.lock(binding_id))
        if binding.desired is Desired.REMOVED:
            raise Conflict("The binding was removed, so there is no passcode to reset.", reason="binding_removed")
        reset = replace(binding, passcode_set_at=None, version=binding.version + 1)
        self.store.save(reset)
        self.audit.record(
            actor,
            "passcode_reset",
            resource=Resource("binding", binding.id, binding.username),
            details={"user_id": binding.user_id, "device_id": binding.device_id, "uid": binding.uid},
        )
        self.publisher.publish(BindingChanged(binding.id, binding.device_id, BindingAct.RESET_PASSCODE))
        self.devices.bump(binding.device_id)
        self.publisher.publish(DesiredStateChanged(binding.device_id))
        return reset


def _present(binding: Binding | None) -> Binding:
    if binding is None:
        raise NotFound("There is no such binding.")
    return binding
