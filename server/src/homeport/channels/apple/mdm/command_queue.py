"""The commands of a Mac: one in flight in each channel, put off when it says NotNow, delivered at least once."""

import plistlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeport.channels.apple.mdm.commands import Body, message
from homeport.channels.apple.mdm.model import FINISHED_KEPT, WITH_PIN, Command, CommandState, Mac, command_sealed_as
from homeport.channels.apple.mdm.ports import CommandStore
from homeport.channels.apple.mdm.release import Need
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.sealing.sealer import Sealer

_FIRST = {Need.RELEASE.value: 0, Need.ACCOUNT.value: 1}
"""What Setup Assistant waits for goes before everything else."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The queues of one unit of work."""

    store: CommandStore
    sealer: Sealer
    clock: Clock
    entropy: Entropy

    def add(self, mac: Mac, body: Body, *, channel: str = "") -> Command:
        """Put a command at the end of a Mac's queue; the body is sealed, since it may hold a PIN or a password's hash."""
        command_id = self.entropy.new_id()
        sealed = self.sealer.seal(plistlib.dumps(body), command_sealed_as(command_id))
        now = self.clock.now()
        command = Command(command_id, mac.device_id, channel, str(body["RequestType"]), sealed, CommandState.QUEUED, now)
        self.store.add(command)
        return command

    def add_once(self, mac: Mac, body: Body) -> None:
        """Put a question at the end of the queue unless the same one waits there."""
        if not self.waits(mac, str(body["RequestType"])):
            self.add(mac, body)

    def waits(self, mac: Mac, request_type: str) -> bool:
        """Tell whether a command of a kind is unanswered."""
        return any(command.request_type == request_type for command in self.store.open(mac.device_id, ""))

    def next(self, mac: Mac, channel: str, *, idle: bool) -> Command | None:
        """Return what the Mac is to do now, and note that it is on its way; `idle` begins a conversation.

        What was sent and never answered goes again, with the same id. What Setup Assistant waits for goes before everything else, so
        that no other command can keep a Mac in it.
        """
        found = self.store.open(mac.device_id, channel)
        if idle:
            found = [self._save(one, CommandState.QUEUED) if one.state is CommandState.NOT_NOW else one for one in found]
        ready = [one for one in found if one.state is not CommandState.NOT_NOW]
        if not ready:
            return None
        first = min(ready, key=_turn)
        for other in ready:
            if other is not first and other.state is CommandState.SENT:
                self._save(other, CommandState.QUEUED)
        sent = replace(first, state=CommandState.SENT, sent_at=self.clock.now())
        self.store.save(sent)
        return sent

    def put_off(self, command: Command) -> None:
        """Note that the Mac said NotNow: it is offered again in the next conversation."""
        if not command.over:
            self._save(command, CommandState.NOT_NOW)

    def finish(self, command: Command, *, acknowledged: bool, errors: str = "") -> bool:
        """Note the Mac's answer; return False when it had answered before, so that nothing is done twice."""
        if command.over:
            return False
        state = CommandState.ACKNOWLEDGED if acknowledged else CommandState.FAILED
        self.store.save(replace(command, state=state, answered_at=self.clock.now(), errors=errors))
        return True

    def opened(self, command: Command) -> Body:
        """Return a command's body."""
        body: Body = plistlib.loads(self.sealer.unseal(command.body_sealed, command_sealed_as(command.id)), fmt=plistlib.FMT_XML)
        return body

    def plist(self, command: Command) -> bytes:
        """Return the plist that carries a command to the Mac."""
        return message(command.id, self.opened(command))

    def recent(self, device_id: str, limit: int) -> Sequence[Command]:
        """Return the newest commands of a device, the newest first."""
        return self.store.recent(device_id, limit)

    def forget(self) -> int:
        """Forget commands that were answered long ago; a lock's PIN is needed for as long as the Mac is locked."""
        return self.store.remove_before(self.clock.now() - FINISHED_KEPT, WITH_PIN)

    def _save(self, command: Command, state: CommandState) -> Command:
        changed = replace(command, state=state)
        self.store.save(changed)
        return changed


def _turn(command: Command) -> tuple[int, bool, int]:
    return _FIRST.get(command.request_type, len(_FIRST)), command.state is not CommandState.SENT, command.position
