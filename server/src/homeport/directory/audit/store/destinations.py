"""Destinations in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from homeport.directory.audit.model import Destination, DestinationKind, Place
from homeport.directory.audit.tables import event_destinations as table

_PROGRESS = ("after_batch", "after_id", "due_at", "attempts", "sent", "succeeded_at", "failed_at", "failure")
_SET = ("name", "address", "batched", "secret", "enabled", "updated_at", "version")


@dataclass(frozen=True, slots=True)
class DestinationSql:
    """Destinations over one connection. What is set and how far one came are written apart, so that neither undoes the other."""

    connection: Connection

    def list(self) -> Sequence[Destination]:
        """Return all by name."""
        return [_destination(row) for row in self.connection.execute(select(table).order_by(table.c.name, table.c.id))]

    def get(self, destination_id: str) -> Destination | None:
        """Return one."""
        row = self.connection.execute(select(table).where(table.c.id == destination_id)).first()
        return None if row is None else _destination(row)

    def get_for_update(self, destination_id: str) -> Destination | None:
        """Return one and hold it."""
        row = self.connection.execute(select(table).where(table.c.id == destination_id).with_for_update()).first()
        return None if row is None else _destination(row)

    def find(self, name: str) -> Destination | None:
        """Return the one of this name."""
        row = self.connection.execute(select(table).where(table.c.name == name)).first()
        return None if row is None else _destination(row)

    def count(self) -> int:
        """Return how many there are."""
        return self.connection.execute(select(func.count()).select_from(table)).scalar_one()

    def add(self, destination: Destination) -> None:
        """Store a new one."""
        self.connection.execute(insert(table).values(_row(destination)))

    def save(self, destination: Destination) -> None:
        """Store all that is set; one that was resumed is due at once."""
        row = _row(destination)
        values = {name: row[name] for name in (*_SET, "due_at")}
        self.connection.execute(update(table).where(table.c.id == destination.id).values(values))

    def remove(self, destination_id: str) -> None:
        """Forget one."""
        self.connection.execute(delete(table).where(table.c.id == destination_id))

    def due(self, now: datetime) -> Sequence[Destination]:
        """Return those that are enabled, unclaimed and due."""
        return [_destination(row) for row in self.connection.execute(select(table).where(*_due(now)).order_by(table.c.due_at))]

    def claim(self, destination_id: str, claim: str, now: datetime, until: datetime) -> bool:
        """Take one that is due; tell whether it was free."""
        statement = update(table).where(table.c.id == destination_id, *_due(now)).values(claim=claim, claimed_until=until)
        return self.connection.execute(statement).rowcount == 1

    def settle(self, destination: Destination, claim: str) -> bool:
        """Store how far it came and how it does, and end the claim; tell whether the claim was still held."""
        row = _row(destination)
        values = {name: row[name] for name in _PROGRESS}
        statement = update(table).where(table.c.id == destination.id, table.c.claim == claim)
        return self.connection.execute(statement.values(**values, claim="", claimed_until=None)).rowcount == 1

    def release_all(self) -> None:
        """End all claims."""
        self.connection.execute(update(table).where(table.c.claim != "").values(claim="", claimed_until=None))


def _due(now: datetime) -> tuple[Any, ...]:
    free = or_(table.c.claimed_until.is_(None), table.c.claimed_until <= now)
    return (table.c.enabled.is_(True), table.c.due_at <= now, free)


def _row(destination: Destination) -> dict[str, Any]:
    row = asdict(destination)
    del row["place"]
    return {**row, "kind": destination.kind.value, "after_batch": destination.place.batch, "after_id": destination.place.entry_id}


def _destination(row: Any) -> Destination:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    place = Place(values.pop("after_batch"), values.pop("after_id"))
    return Destination(**{**values, "kind": DestinationKind(values["kind"]), "place": place})
