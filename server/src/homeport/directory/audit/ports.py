"""What the audit actions need."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from homeport.directory.audit.model import Entry, EventSearch
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

    def window(self, listing: Listing, cursor: str = "") -> Window[Entry]:
        """Return the next entries that match after the one whose id is the cursor, the newest first."""
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
