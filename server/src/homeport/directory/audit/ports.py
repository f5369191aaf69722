"""What the audit actions need."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from homeport.directory.audit.model import Destination, DestinationKind, Entry, EventSearch, Place, Proof
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.listing import Listing, Page, Window


class AuditLog(Protocol):
    """Keeps entries. There is no way to change or remove one."""

    def append(self, entry: Entry) -> None:
        """Add an entry."""
        ...

    def append_all(self, entries: Sequence[Entry]) -> None:
        """Add many entries at once."""
        ...

    def search(self, listing: Listing) -> Page[Entry]:
        """Return the entries that match, the newest first unless the listing says otherwise."""
        ...

    def get(self, entry_id: str) -> Entry | None:
        """Return one entry."""
        ...

    def window(self, listing: Listing, cursor: str = "") -> Window[Entry]:
        """Return the next entries that match after the one whose id is the cursor, the newest first; none if it is gone."""
        ...

    def events(self, search: EventSearch, *, skip: int, limit: int, ascending: bool, after: str) -> Sequence[Entry]:
        """Return entries in order of time, optionally only those that come after the one whose id is `after`."""
        ...

    def count(self, search: EventSearch) -> int:
        """Return how many entries match."""
        ...

    def distinct(self, search: EventSearch, field: str, limit: int) -> Sequence[tuple[str, int]]:
        """Return the values of a field and how often each occurs, the most frequent first."""
        ...

    def moments(self, search: EventSearch) -> Iterator[datetime]:
        """Return when the entries that match happened, the oldest first."""
        ...


class SealedLog(Protocol):
    """The sealed entries in their order, which never changes: batch by batch, and by id within a batch."""

    def sealed_after(self, place: Place, limit: int) -> Sequence[Entry]:
        """Return the next sealed entries after a place."""
        ...

    def count_after(self, place: Place) -> int:
        """Return how many entries come after a place, those that wait to be sealed included."""
        ...

    def end(self) -> Place:
        """Return the place after the last sealed entry."""
        ...


class Addresses(Protocol):
    """Knows which addresses a destination may have."""

    def checked(self, kind: DestinationKind, address: str) -> str:
        """Return an address as it is stored; raise Invalid for one that cannot or must not be used."""
        ...


class JobHandle(Protocol):
    """A job, with how far it came."""

    @property
    def id(self) -> str:
        """Return its id."""
        ...

    @property
    def kind(self) -> str:
        """Return what it is for."""
        ...

    @property
    def created_at(self) -> datetime:
        """Return when it was stored."""
        ...

    @property
    def payload(self) -> Mapping[str, Any]:
        """Return what it was given."""
        ...

    @property
    def done(self) -> int:
        """Return how much of `total` is done."""
        ...

    @property
    def total(self) -> int:
        """Return how much there is to do."""
        ...

    @property
    def over(self) -> bool:
        """Tell whether nothing more will happen to it."""
        ...

    @property
    def error(self) -> str:
        """Return why it failed the last time; empty after a success."""
        ...


class Outbox(Protocol):
    """Keeps work for later."""

    def add(self, kind: str, payload: Mapping[str, Any], *, total: int = 0) -> JobHandle:
        """Store a job that is due at once."""
        ...

    def get(self, job_id: str) -> JobHandle | None:
        """Return a job."""
        ...


class ExportParts(Protocol):
    """Keeps what exports wrote."""

    def add(self, export_id: str, number: int, content: bytes, created_at: datetime) -> None:
        """Store a part."""
        ...

    def get(self, export_id: str, number: int) -> bytes | None:
        """Return a part."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget parts that were written before the moment."""
        ...


class Prover(Protocol):
    """Looks an entry up in the chain."""

    def prove(self, entry: Entry) -> Proof | None:
        """Return where an entry stands and whether it holds; None while no batch has sealed it. Raises NotFound if it went since."""
        ...


class Tester(Protocol):
    """Sends a made-up event."""

    async def test(self, actor: Actor, destination_id: str) -> tuple[Destination, str]:
        """Send one now and record it; return the destination and why it was not taken, or an empty string."""
        ...


class DestinationStore(Protocol):
    """Keeps destinations."""

    def list(self) -> Sequence[Destination]:
        """Return all by name."""
        ...

    def get(self, destination_id: str) -> Destination | None:
        """Return one."""
        ...

    def get_for_update(self, destination_id: str) -> Destination | None:
        """Return one and hold it."""
        ...

    def find(self, name: str) -> Destination | None:
        """Return the one of this name."""
        ...

    def count(self) -> int:
        """Return how many there are."""
        ...

    def add(self, destination: Destination) -> None:
        """Store a new one."""
        ...

    def save(self, destination: Destination) -> None:
        """Store all that is set, and nothing of how far it came."""
        ...

    def remove(self, destination_id: str) -> None:
        """Forget one."""
        ...

    def due(self, now: datetime) -> Sequence[Destination]:
        """Return those that are enabled, unclaimed and due."""
        ...

    def claim(self, destination_id: str, claim: str, now: datetime, until: datetime) -> bool:
        """Take one that is due, so that nobody else sends to it meanwhile; tell whether it was free."""
        ...

    def settle(self, destination: Destination, claim: str) -> bool:
        """Store how far it came and how it does, and end the claim; tell whether the claim was still held."""
        ...

    def release_all(self) -> None:
        """End all claims; for a process that knows that there is no other."""
        ...
