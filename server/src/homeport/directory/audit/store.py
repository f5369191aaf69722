"""The audit log in SQL: entries are inserted and, once, marked with the batch that sealed them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from homeport.directory.audit.model import Batch, Entry, Header
from homeport.directory.audit.tables import audit_batches, audit_entries
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.listing import Listing, Page

_COLUMNS = [column.name for column in audit_entries.c]
_FIELDS = {column.name: column for column in audit_entries.c if column.name not in {"changes", "details"}}
_TEXTS = [
    audit_entries.c[name]
    for name in ("event_type", "actor_name", "resource_name", "resource_id", "address", "reason", "request_id")
]


@dataclass(frozen=True, slots=True)
class AuditStore:
    """Entries and sealed batches over one connection."""

    connection: Connection

    def append(self, entry: Entry) -> None:
        """Add an entry."""
        self.connection.execute(insert(audit_entries).values(asdict(entry)))

    def append_all(self, entries: Sequence[Entry]) -> None:
        """Add many entries at once."""
        if entries:
            rows = [{name: getattr(entry, name) for name in _COLUMNS} for entry in entries]
            self.connection.execute(insert(audit_entries), rows)

    def search(self, listing: Listing) -> Page[Entry]:
        """Return the entries that match, the newest first unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            select(audit_entries),
            listing,
            fields=_FIELDS,
            texts=_TEXTS,
            order=(audit_entries.c.at.desc(), audit_entries.c.id.desc()),
            make=_entry,
        )

    def unsealed(self, limit: int) -> list[Entry]:
        """Return entries that no batch has sealed, oldest id first, and hold them against another sealer."""
        rows = self.connection.execute(
            select(audit_entries)
            .where(audit_entries.c.batch.is_(None))
            .order_by(audit_entries.c.id)
            .limit(limit)
            .with_for_update()
        )
        return [_entry(row) for row in rows]

    def count_unsealed(self) -> int:
        """Return how many entries wait for the next batch."""
        query = select(func.count()).select_from(audit_entries).where(audit_entries.c.batch.is_(None))
        return self.connection.execute(query).scalar_one()

    def last_batch(self) -> Batch | None:
        """Return the batch with the highest number."""
        row = self.connection.execute(select(audit_batches).order_by(audit_batches.c.number.desc()).limit(1)).first()
        return None if row is None else _batch(row)

    def add_batch(self, batch: Batch, entry_ids: Sequence[str]) -> None:
        """Store a batch and mark its entries."""
        values = {**asdict(batch.header), "signature": batch.signature, "contents": batch.contents}
        self.connection.execute(insert(audit_batches).values(values))
        if entry_ids:
            self.connection.execute(
                update(audit_entries).where(audit_entries.c.id.in_(entry_ids)).values(batch=batch.header.number)
            )

    def batches(self) -> Iterator[Batch]:
        """Return all batches by number, one at a time, since a batch lists all its entries."""
        for number in self.connection.execute(select(audit_batches.c.number).order_by(audit_batches.c.number)).scalars().all():
            row = self.connection.execute(select(audit_batches).where(audit_batches.c.number == number)).first()
            if row is not None:
                yield _batch(row)

    def entries_of(self, number: int) -> list[Entry]:
        """Return the entries that say that this batch sealed them, oldest id first."""
        query = select(audit_entries).where(audit_entries.c.batch == number).order_by(audit_entries.c.id)
        return [_entry(row) for row in self.connection.execute(query)]

    def orphans(self) -> list[Entry]:
        """Return entries that name a batch which does not exist."""
        known = select(audit_batches.c.number)
        query = select(audit_entries).where(audit_entries.c.batch.is_not(None), audit_entries.c.batch.not_in(known))
        return [_entry(row) for row in self.connection.execute(query.order_by(audit_entries.c.id))]


def _entry(row: Any) -> Entry:
    return Entry(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names


def _batch(row: Any) -> Batch:
    values = dict(row._mapping)  # noqa: SLF001 - the same
    signature, contents = values.pop("signature"), values.pop("contents")
    return Batch(Header(**values), signature, contents)
