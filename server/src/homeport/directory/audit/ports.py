"""What the audit actions need."""

from collections.abc import Sequence
from typing import Protocol

from homeport.directory.audit.model import Entry
from homeport.foundation.kernel.listing import Listing, Page


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
