"""Record and search."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from homeport.directory.audit.model import JSON, Change, Entry, EventSearch, Happening, Resource, an_entry
from homeport.directory.audit.ports import AuditLog
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.listing import Listing, Page, Window
from homeport.foundation.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit log of one unit of work."""

    log: AuditLog
    clock: Clock
    entropy: Entropy

    def record(
        self,
        actor: Actor,
        event_type: str,
        *,
        resource: Resource,
        changes: Sequence[Change] = (),
        success: bool = True,
        reason: str = "",
        details: Mapping[str, JSON] | None = None,
    ) -> None:
        """Append an entry in the caller's unit of work: it is stored with the change, or not at all."""
        # public: every action records what it did or refused, whoever its actor is
        self.log.append(
            an_entry(
                self.entropy.new_id(),
                self.clock.now(),
                actor,
                event_type,
                resource,
                changes=changes,
                success=success,
                reason=reason,
                details=details,
            )
        )

    def record_all(self, actor: Actor, happenings: Iterable[Happening]) -> None:
        """Append an entry for each of many things that one actor did at one moment, in the caller's unit of work."""
        # public: every action records what it did, whoever its actor is
        moment, new_id = self.clock.now(), self.entropy.new_id
        self.log.append_all([
            an_entry(new_id(), moment, actor, one.event_type, one.resource, changes=one.changes, details=one.details)
            for one in happenings
        ])  # fmt: skip

    def search(self, actor: Actor, listing: Listing) -> Page[Entry]:
        """Return entries, the newest first.

        Filters: `event_type`, `actor_id`, `actor_name`, `resource_type`, `resource_id`, `success` (`true`, `false`), `address`,
        `reason`, `request_id`, `at`. Text is looked for in actor, event type and resource.
        """
        actor.require(Permission.AUDIT_READ)
        return self.log.search(listing)

    def get(self, actor: Actor, entry_id: str) -> Entry:
        """Return one entry; raise NotFound otherwise."""
        actor.require(Permission.AUDIT_READ)
        if (found := self.log.get(entry_id)) is None:
            raise NotFound("There is no such event. Retention may have removed it.")
        return found

    def window(self, actor: Actor, listing: Listing, cursor: str = "") -> Window[Entry]:
        """Return the next entries that match after the one whose id is the cursor, the newest first; for an export."""
        actor.require(Permission.AUDIT_READ)
        return self.log.window(listing, cursor)

    def events(
        self, actor: Actor, search: EventSearch, *, skip: int = 0, limit: int, ascending: bool = False, after: str = ""
    ) -> Sequence[Entry]:
        """Return entries in order of time, optionally only those after the one whose id is `after`."""
        actor.require(Permission.AUDIT_READ)
        return self.log.events(search, skip=skip, limit=limit, ascending=ascending, after=after)

    def count(self, actor: Actor, search: EventSearch) -> int:
        """Return how many entries match."""
        actor.require(Permission.AUDIT_READ)
        return self.log.count(search)

    def distinct(self, actor: Actor, search: EventSearch, field: str, limit: int) -> Sequence[tuple[str, int]]:
        """Return the values of a field and how often each occurs, the most frequent first."""
        actor.require(Permission.AUDIT_READ)
        return self.log.distinct(search, field, limit)

    def per_interval(self, actor: Actor, search: EventSearch, seconds: int, offset: int = 0) -> Sequence[tuple[datetime, int]]:
        """Return how many entries each interval has; those without any are left out.

        Intervals of so many seconds are counted from 1970 on, in the time zone that is `offset` seconds ahead of UTC.
        """
        actor.require(Permission.AUDIT_READ)
        local = ((int(moment.timestamp()) + offset) // seconds * seconds - offset for moment in self.log.moments(search))
        return [(datetime.fromtimestamp(start, UTC), number) for start, number in sorted(Counter(local).items())]
