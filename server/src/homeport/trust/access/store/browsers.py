"""Browsers whose sign-ins a device's agent began, in SQL."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from homeport.trust.access.model.browsers import DeviceBrowser
from homeport.trust.access.tables import device_browsers


@dataclass(frozen=True, slots=True)
class DeviceBrowserSql:
    """Over one connection."""

    connection: Connection

    def add(self, browser: DeviceBrowser) -> None:
        """Store a new one."""
        self.connection.execute(insert(device_browsers).values(asdict(browser)))

    def find(self, token_hash: str) -> DeviceBrowser | None:
        """Return what a token stands for."""
        row = self.connection.execute(select(device_browsers).where(device_browsers.c.token_hash == token_hash)).first()
        return None if row is None else DeviceBrowser(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to names

    def take(self, token_hash: str) -> bool:
        """Remove a token; tell whether it was there, to one caller only."""
        return self.connection.execute(delete(device_browsers).where(device_browsers.c.token_hash == token_hash)).rowcount == 1

    def remove_before(self, moment: datetime) -> None:
        """Forget those that were over before."""
        self.connection.execute(delete(device_browsers).where(device_browsers.c.expires_at <= moment))
