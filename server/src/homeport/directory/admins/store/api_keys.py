"""API keys in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from homeport.directory.admins.model import ApiKey
from homeport.directory.admins.tables import api_keys
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.listing import Listing, Page

_FIELDS = {column.name: column for column in api_keys.c if column.name not in {"administrator_id", "secret_hash", "networks"}}


@dataclass(frozen=True, slots=True)
class ApiKeySql:
    """API keys over one connection."""

    connection: Connection

    def add(self, key: ApiKey) -> None:
        """Store a new key."""
        self.connection.execute(insert(api_keys).values({**asdict(key), "networks": list(key.networks)}))

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key."""
        row = self.connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
        return None if row is None else _key(row)

    def of_administrator(self, administrator_id: str) -> Sequence[ApiKey]:
        """Return an administrator's keys, the newest first."""
        query = select(api_keys).where(api_keys.c.administrator_id == administrator_id)
        return [_key(row) for row in self.connection.execute(query.order_by(api_keys.c.created_at.desc(), api_keys.c.id))]

    def search_own(self, administrator_id: str, listing: Listing) -> Page[ApiKey]:
        """Return an administrator's keys that match, the newest first unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            select(api_keys).where(api_keys.c.administrator_id == administrator_id),
            listing,
            fields=_FIELDS,
            texts=[api_keys.c.name],
            order=(api_keys.c.created_at.desc(), api_keys.c.id),
            make=_key,
        )

    def get_for_update(self, key_id: str) -> ApiKey | None:
        """Return a key and keep others from changing it until the unit of work ends."""
        row = self.connection.execute(select(api_keys).where(api_keys.c.id == key_id).with_for_update()).first()
        return None if row is None else _key(row)

    def rename(self, key_id: str, name: str, version: int) -> None:
        """Store another name and the version that it makes."""
        self.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(name=name, version=version))

    def touch(self, key_id: str, at: datetime) -> None:
        """Note when the key was last used."""
        self.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=at))

    def touch_refused(self, key_id: str, at: datetime) -> None:
        """Note when the key was last refused although its secret was right."""
        self.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_refused_at=at))

    def remove(self, key_id: str) -> Sequence[ApiKey]:
        """Remove a key, then those that were made with it and those made with them; return the latter."""
        below: list[ApiKey] = []
        gone = [key_id]
        while gone:
            # Whoever makes a key holds the one it is made with, so the removal waits, and what was made is seen after it.
            self.connection.execute(delete(api_keys).where(api_keys.c.id.in_(gone)))
            found = self.connection.execute(select(api_keys).where(api_keys.c.made_with.in_(gone)).order_by(api_keys.c.id))
            made = [_key(row) for row in found]
            below += made
            gone = [key.id for key in made]
        return below


def _key(row: Any) -> ApiKey:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return ApiKey(**{**values, "networks": tuple(values["networks"])})
