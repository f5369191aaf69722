"""The audit log in SQL: entries are inserted and, once, marked with the batch that sealed them."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, literal, not_, or_, select, tuple_, update

from homeport.directory.audit.model import Batch, Entry, EventSearch, Header, Place, Removal
from homeport.directory.audit.tables import audit_batches, audit_entries, event_destinations
from homeport.foundation.database.listing import condition, fetch_page, fetch_window, matching_text
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Listing, Page, Window, require_few

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
        self.connection.execute(insert(audit_entries), asdict(entry))

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

    def get(self, entry_id: str) -> Entry | None:
        """Return one entry."""
        row = self.connection.execute(select(audit_entries).where(audit_entries.c.id == entry_id)).first()
        return None if row is None else _entry(row)

    def window(self, listing: Listing, cursor: str = "") -> Window[Entry]:
        """Return the next entries that match after the one whose id is the cursor, the newest first; none if it is gone."""
        return fetch_window(
            self.connection,
            select(audit_entries),
            listing,
            fields=_FIELDS,
            texts=_TEXTS,
            at=audit_entries.c.at,
            key=audit_entries.c.id,
            make=_entry,
            cursor=cursor,
            resumed=True,
            counted=0,
        )

    def events(self, search: EventSearch, *, skip: int, limit: int, ascending: bool, after: str) -> Sequence[Entry]:
        """Return entries in order of time, optionally only those that come after the one whose id is `after`."""
        at, key = audit_entries.c.at, audit_entries.c.id
        query = self._matching(select(audit_entries), search)
        query = query.order_by(at.asc(), key.asc()) if ascending else query.order_by(at.desc(), key.desc())
        if after:
            moment = self.connection.execute(select(at).where(key == after)).scalar_one_or_none()
            if moment is None:
                raise Invalid("search_after names no event. Send back what X-Search_after said.", {"search_after": "Unknown"})
            past = tuple_(at, key) > tuple_(literal(moment, at.type), literal(after))
            before = tuple_(at, key) < tuple_(literal(moment, at.type), literal(after))
            query = query.where(past if ascending else before)
        return [_entry(row) for row in self.connection.execute(query.offset(skip).limit(limit))]

    def count(self, search: EventSearch) -> int:
        """Return how many entries match."""
        query = self._matching(select(func.count()).select_from(audit_entries), search)
        return int(self.connection.execute(query).scalar_one())

    def distinct(self, search: EventSearch, field: str, limit: int) -> Sequence[tuple[str, int]]:
        """Return the values of a field and how often each occurs, the most frequent first."""
        column, number = _FIELDS[field], func.count().label("number")
        query = self._matching(select(column, number), search).group_by(column).order_by(number.desc(), column).limit(limit)
        return [(str(value), found) for value, found in self.connection.execute(query)]

    def moments(self, search: EventSearch) -> Iterator[datetime]:
        """Return when the entries that match happened, the oldest first."""
        query = self._matching(select(audit_entries.c.at), search).order_by(audit_entries.c.at)
        return iter(self.connection.execute(query).scalars())

    def _matching(self, query: Select[Any], search: EventSearch) -> Select[Any]:
        """Narrow a query; a value that one of `none` finds is left out."""
        require_few(len(search.every) + len(search.some) + len(search.none))
        found = functools.partial(condition, self.connection, fields=_FIELDS)
        query = query.where(audit_entries.c.at >= search.start, *map(found, search.every))
        if search.end is not None:
            query = query.where(audit_entries.c.at < search.end)
        if search.some:
            query = query.where(or_(*map(found, search.some)))
        if search.text:
            query = query.where(*matching_text(self.connection, search.text, _TEXTS))
        return query.where(*(not_(found(one)) for one in search.none))

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
            if (found := self.batch(number)) is not None:
                yield found

    def batch(self, number: int) -> Batch | None:
        """Return one batch."""
        row = self.connection.execute(select(audit_batches).where(audit_batches.c.number == number)).first()
        return None if row is None else _batch(row)

    def oldest_kept(self) -> Batch | None:
        """Return the oldest batch whose entries are still here, and hold it."""
        query = select(audit_batches).where(audit_batches.c.removed_at.is_(None)).order_by(audit_batches.c.number).limit(1)
        row = self.connection.execute(query.with_for_update()).first()
        return None if row is None else _batch(row)

    def slowest(self) -> int | None:
        """Return the batch up to which every enabled destination has got everything before it; None without destinations."""
        query = select(func.min(event_destinations.c.after_batch)).where(event_destinations.c.enabled.is_(True))
        found: int | None = self.connection.execute(query).scalar_one()
        return found

    def remove_entries(self, number: int, removal: Removal) -> int:
        """Remove a batch's entries and its list of them, keep its header, and return how many entries went."""
        gone = self.connection.execute(delete(audit_entries).where(audit_entries.c.batch == number)).rowcount
        values = {
            "contents": "",
            "removed_at": removal.removed_at,
            "removal_key_id": removal.key_id,
            "removal_signature": removal.signature,
        }
        self.connection.execute(update(audit_batches).where(audit_batches.c.number == number).values(values))
        return gone

    def entries_of(self, number: int) -> list[Entry]:
        """Return the entries that say that this batch sealed them, oldest id first."""
        query = select(audit_entries).where(audit_entries.c.batch == number).order_by(audit_entries.c.id)
        return [_entry(row) for row in self.connection.execute(query)]

    def sealed_after(self, place: Place, limit: int) -> Sequence[Entry]:
        """Return the next sealed entries after a place, batch by batch and by id within a batch."""
        query = select(audit_entries).where(*_after(place)).order_by(audit_entries.c.batch, audit_entries.c.id).limit(limit)
        return [_entry(row) for row in self.connection.execute(query)]

    def count_after(self, place: Place) -> int:
        """Return how many entries come after a place, those that wait to be sealed included."""
        query = select(func.count()).select_from(audit_entries).where(*_after(place))
        return self.connection.execute(query).scalar_one() + self.count_unsealed()

    def end(self) -> Place:
        """Return the place after the last sealed entry."""
        columns = (audit_entries.c.batch, audit_entries.c.id)
        query = select(*columns).where(audit_entries.c.batch.is_not(None))
        row = self.connection.execute(query.order_by(*(column.desc() for column in columns)).limit(1)).first()
        return Place() if row is None else Place(row[0], row[1])

    def orphans(self) -> list[Entry]:
        """Return entries that name a batch which does not exist."""
        known = select(audit_batches.c.number)
        query = select(audit_entries).where(audit_entries.c.batch.is_not(None), audit_entries.c.batch.not_in(known))
        return [_entry(row) for row in self.connection.execute(query.order_by(audit_entries.c.id))]


def _after(place: Place) -> tuple[Any, ...]:
    # Batches are numbered in the order of their commits, so nothing appears before a place once somebody stands there.
    return (
        audit_entries.c.batch >= place.batch,
        tuple_(audit_entries.c.batch, audit_entries.c.id) > tuple_(literal(place.batch), literal(place.entry_id)),
    )


def _entry(row: Any) -> Entry:
    return Entry(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names


def _batch(row: Any) -> Batch:
    values = dict(row._mapping)  # noqa: SLF001 - the same
    signature, contents = values.pop("signature"), values.pop("contents")
    removed_at, key_id, proof = (values.pop(name) for name in ("removed_at", "removal_key_id", "removal_signature"))
    removal = None if removed_at is None else Removal(removed_at, key_id or "", proof or "")
    return Batch(Header(**values), signature, contents, removal)
