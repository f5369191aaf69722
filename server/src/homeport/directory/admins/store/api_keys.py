"""API keys in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from homeport.directory.admins.model import ApiKey
from homeport.directory.admins.tables import api_keys


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

    def touch(self, key_id: str, at: datetime) -> None:
        """Note when the key was last used."""
        self.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=at))

    def touch_refused(self, key_id: str, at: datetime) -> None:
        """Note when the key was last refused although its secret was right."""
        self.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_refused_at=at))

    def remove(self, key_id: str) -> None:
        """Remove a key."""
        self.connection.execute(delete(api_keys).where(api_keys.c.id == key_id))


def _key(row: Any) -> ApiKey:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return ApiKey(**{**values, "networks": tuple(values["networks"])})
