"""What can be done with the destinations of the audit log's entries."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.audit.actions.log import Audit
from homeport.directory.audit.model import (
    JSON,
    MOST_DESTINATIONS,
    Change,
    Destination,
    DestinationKind,
    Entry,
    Place,
    Resource,
    checked_name,
)
from homeport.directory.audit.ports import Addresses, DestinationStore, SealedLog
from homeport.foundation.jobs.model import delay_after
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, NotFound, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.sealing.sealer import Sealer

GONE = "There is no such event destination. It may have been deleted."
SECRET_PREFIX = "whsec_"  # noqa: S105 - the word before a secret, none itself
"""How Standard Webhooks writes a secret; the rest is its bytes in base64."""
SECRET_BYTES = 32
LEASE = timedelta(seconds=30)
"""How long a sender may be silent before another takes the destination over; longer than any one delivery may take."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """The destinations of one unit of work."""

    store: DestinationStore
    log: SealedLog
    audit: Audit
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    addresses: Addresses

    def list(self, actor: Actor) -> Sequence[Destination]:
        """Return all by name."""
        actor.require(Permission.AUDIT_READ)
        return self.store.list()

    def get(self, actor: Actor, destination_id: str) -> Destination:
        """Return one; raise NotFound otherwise."""
        actor.require(Permission.AUDIT_READ)
        return _found(self.store.get(destination_id))

    def backlog(self, actor: Actor, destination: Destination) -> int:
        """Return how many entries it has not got yet."""
        actor.require(Permission.AUDIT_READ)
        return self.log.count_after(destination.place)

    def create(
        self, actor: Actor, *, kind: DestinationKind, name: str, address: str, batched: bool = True, from_start: bool = False
    ) -> tuple[Destination, str]:
        """Add a destination, which gets what is recorded from now on, or everything; return it with a webhook's secret."""
        actor.require(Permission.AUDIT_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        name, address = checked_name(name), self.addresses.checked(kind, address)
        self._refuse_taken(name)
        if self.store.count() >= MOST_DESTINATIONS:
            raise Conflict(f"There are {MOST_DESTINATIONS} event destinations already. Delete one first.", reason="too_many")
        destination_id = self.entropy.new_id()
        text, sealed = self._secret(destination_id) if kind is DestinationKind.WEBHOOK else ("", "")
        place = Place() if from_start else self.log.end()
        made = Destination(
            destination_id, name, kind, address, batched, sealed, enabled=True, created_at=now, updated_at=now, due_at=now, place=place
        )  # fmt: skip
        self.store.add(made)
        details: dict[str, JSON] = {"kind": kind.value, "address": made.origin, "from_start": from_start}
        self.audit.record(actor, "event_destination_create", resource=_resource(made), details=details)
        return made, text

    def update(
        self,
        actor: Actor,
        destination_id: str,
        *,
        name: str | None = None,
        address: str | None = None,
        batched: bool | None = None,
        enabled: bool | None = None,
        version: int | None = None,
    ) -> Destination:
        """Change what is given. A destination that is paused misses nothing: it gets what happened meanwhile when it is resumed."""
        actor.require(Permission.AUDIT_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        before = self._held(destination_id, version)
        after = replace(
            before,
            name=before.name if name is None else checked_name(name),
            address=before.address if address is None else self.addresses.checked(before.kind, address),
            batched=before.batched if batched is None else batched,
            enabled=before.enabled if enabled is None else enabled,
        )
        if after == before:
            return before
        if after.name != before.name:
            self._refuse_taken(after.name)
        after = replace(after, updated_at=now, due_at=now, version=before.version + 1)
        self.store.save(after)
        fields = ("name", "batched", "enabled")
        changes = [Change(one, getattr(before, one), getattr(after, one)) for one in fields]
        # Only the origin: what comes after it may be a secret of the receiver's.
        changes.append(Change("address", before.origin, after.origin))
        details: dict[str, JSON] = {"path_changed": True} if after.address != before.address else {}
        self.audit.record(
            actor,
            "event_destination_update",
            resource=_resource(after),
            changes=[one for one in changes if one.before != one.after],
            details=details,
        )
        return after

    def renew_secret(self, actor: Actor, destination_id: str) -> tuple[Destination, str]:
        """Give a webhook another secret, with which everything is signed from now on; return it with the secret."""
        actor.require(Permission.AUDIT_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        before = self._held(destination_id, None)
        if before.kind is not DestinationKind.WEBHOOK:
            raise Conflict("A syslog collector has no secret: nothing that goes to it is signed.", reason="no_secret")
        text, sealed = self._secret(before.id)
        after = replace(before, secret=sealed, updated_at=now, version=before.version + 1)
        self.store.save(after)
        self.audit.record(actor, "event_destination_secret_renew", resource=_resource(after))
        return after, text

    def delete(self, actor: Actor, destination_id: str, *, version: int | None = None) -> Destination:
        """Delete one; it gets nothing more."""
        actor.require(Permission.AUDIT_WRITE)
        actor.require_recent(self.clock.now())
        destination = self._held(destination_id, version)
        self.store.remove(destination_id)
        details: dict[str, JSON] = {"not_sent": self.log.count_after(destination.place)}
        self.audit.record(actor, "event_destination_delete", resource=_resource(destination), details=details)
        return destination

    def note_test(self, actor: Actor, destination_id: str, failure: str) -> None:
        """Record that somebody sent a test event, and what came of it; `failure` is empty when it was taken."""
        actor.require(Permission.AUDIT_WRITE)
        destination = _found(self.store.get(destination_id))
        details: dict[str, JSON] = {"failure": failure} if failure else {}
        self.audit.record(
            actor, "event_destination_test", resource=_resource(destination), success=not failure, details=details
        )  # fmt: skip

    def secret_of(self, destination: Destination) -> bytes:
        """Return the key that signs what a webhook gets."""
        # public: for the sender, which acts for nobody
        return self.sealer.unseal(destination.secret, sealed_as(destination.id)) if destination.secret else b""

    def due(self) -> Sequence[str]:
        """Return the ids of those for which something waits."""
        # public: for the sender, which acts for nobody
        found = self.store.due(self.clock.now())
        if not found:
            return []
        end = self.log.end()
        return [one.id for one in found if (one.place.batch, one.place.entry_id) < (end.batch, end.entry_id)]

    def claim(self, destination_id: str, limit: int) -> tuple[Destination, Sequence[Entry], bytes] | None:
        """Take a destination with the next entries and its key; None when it is not due or somebody else sends to it."""
        # public: for the sender, which acts for nobody
        now, claim = self.clock.now(), self.entropy.new_id()
        if not self.store.claim(destination_id, claim, now, now + LEASE):
            return None
        destination = _found(self.store.get(destination_id))
        single = destination.kind is DestinationKind.WEBHOOK and not destination.batched
        return destination, self.log.sealed_after(destination.place, 1 if single else limit), self.secret_of(destination)

    def settle(self, destination: Destination, entries: Sequence[Entry], failure: str) -> bool:
        """End the claim: go on after what was taken, or wait longer after each failure. False: it was taken over meanwhile."""
        # public: for the sender, which acts for nobody
        now = self.clock.now()
        if not entries:
            return self.store.settle(destination, destination.claim)
        if failure:
            attempts = destination.attempts + 1
            due_at = now + delay_after(attempts)
            after = replace(destination, attempts=attempts, due_at=due_at, failed_at=now, failure=failure[:1000])
        else:
            last = entries[-1]
            after = replace(
                destination,
                place=Place(last.batch or 0, last.id),
                sent=destination.sent + len(entries),
                attempts=0,
                due_at=now,
                succeeded_at=now,
                failure="",
            )
        return self.store.settle(after, destination.claim)

    def release_all(self) -> None:
        """End the claims of a process that was killed, so that its successor need not wait for them."""
        # public: for the sender, which acts for nobody
        self.store.release_all()

    def _held(self, destination_id: str, version: int | None) -> Destination:
        found = _found(self.store.get_for_update(destination_id))
        if version is not None and version != found.version:
            raise PreconditionFailed("The destination was changed meanwhile. Look again and repeat.")
        return found

    def _refuse_taken(self, name: str) -> None:
        if self.store.find(name) is not None:
            raise Conflict(f"There is an event destination called “{name}” already. Choose another name.", reason="name_taken")

    def _secret(self, destination_id: str) -> tuple[str, str]:
        raw = base64.urlsafe_b64decode(self.entropy.token(SECRET_BYTES) + "=")
        text = SECRET_PREFIX + base64.b64encode(raw).decode()
        return text, self.sealer.seal(raw, sealed_as(destination_id))


def sealed_as(destination_id: str) -> str:
    """Return what a destination's secret is sealed as."""
    return f"event destination {destination_id}"


def _found(destination: Destination | None) -> Destination:
    if destination is None:
        raise NotFound(GONE)
    return destination


def _resource(destination: Destination) -> Resource:
    return Resource("event_destination", destination.id, destination.name)
