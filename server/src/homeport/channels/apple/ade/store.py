"""Server and inventory in SQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from homeport.channels.apple.ade.model import AdeDevice, AdeServer
from homeport.channels.apple.ade.tables import apple_ade_devices as devices
from homeport.channels.apple.ade.tables import apple_ade_servers as servers
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.listing import Listing, Page

_ONE = 1
_PORTION = 500
"""Values in one statement; SQLite takes a limited number."""


@dataclass(frozen=True, slots=True)
class AdeSql:
    """Server and inventory of one unit of work."""

    connection: Connection

    def server(self, *, hold: bool = False) -> AdeServer | None:
        """Return the server; None while no key pair was made. `hold` keeps its row until the unit of work ends."""
        query = select(servers)
        row = self.connection.execute(query.with_for_update() if hold else query).first()
        if row is None:
            return None
        values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
        values.pop("id")
        return AdeServer(**values)

    def save_server(self, server: AdeServer) -> None:
        """Store the server."""
        values = asdict(server)
        if not self.connection.execute(update(servers).values(values)).rowcount:
            self.connection.execute(insert(servers).values({"id": _ONE, **values}))

    def remove_server(self) -> None:
        """Forget the server and its inventory."""
        self.connection.execute(delete(servers))
        self.connection.execute(delete(devices))

    def get(self, serial: str) -> AdeDevice | None:
        """Return a device of the inventory."""
        row = self.connection.execute(select(devices).where(devices.c.serial == serial)).first()
        return None if row is None else _device(row)

    def get_all(self, serials: Collection[str]) -> Mapping[str, AdeDevice]:
        """Return those of these devices that the inventory has."""
        found: dict[str, AdeDevice] = {}
        for portion in _portions(list(serials)):
            for row in self.connection.execute(select(devices).where(devices.c.serial.in_(portion))):
                found[row.serial] = _device(row)
        return found

    def put(self, found: Sequence[AdeDevice]) -> None:
        """Add devices, or replace those with the same serial number in all but `blocked`, which only `set_blocked` changes.

        The caller holds the server, so that what it read is what it replaces.
        """
        known = self.get_all([one.serial for one in found])
        new = [asdict(one) for one in found if one.serial not in known]
        if new:
            self.connection.execute(insert(devices), new)
        for one in found:
            if one.serial in known and one != known[one.serial]:
                values = asdict(one)
                del values["blocked"]  # an administrator's, who may block it while Apple is read
                self.connection.execute(update(devices).where(devices.c.serial == one.serial).values(values))

    def set_blocked(self, serial: str, *, blocked: bool) -> bool:
        """Block a device or let it again, in its own column only; tell whether that changed anything."""
        other = (devices.c.serial == serial) & devices.c.blocked.is_(not blocked)
        return bool(self.connection.execute(update(devices).where(other).values(blocked=blocked)).rowcount)

    def remove_unseen(self, generation: int, now: datetime) -> int:
        """Note that devices which a full fetch did not show are no longer ours; return how many."""
        unseen = devices.c.removed_at.is_(None) & (devices.c.generation != generation)
        return self.connection.execute(update(devices).where(unseen).values(removed_at=now)).rowcount

    def unlike(self, profile_uuid: str, now: datetime, limit: int) -> Sequence[AdeDevice]:
        """Return Macs of ours whose profile at Apple is another one and whose time to be tried has come, by serial number."""
        due = or_(devices.c.try_after.is_(None), devices.c.try_after <= now)
        mine = devices.c.removed_at.is_(None) & devices.c.device_family.in_(["", "Mac"])
        query = select(devices).where(mine, devices.c.profile_uuid != profile_uuid, due).order_by(devices.c.serial).limit(limit)
        return [_device(row) for row in self.connection.execute(query)]

    def counts(self, profile_uuid: str) -> dict[str, int]:
        """Return how many devices are ours, are Macs, have this profile, and wait because Apple put them off."""
        ours = devices.c.removed_at.is_(None)
        macs = ours & devices.c.device_family.in_(["", "Mac"])
        conditions = {
            "devices": ours,
            "macs": macs,
            "assigned": macs & (devices.c.profile_uuid == profile_uuid) & (devices.c.profile_uuid != ""),
            "failed": macs & (devices.c.failure != ""),
        }
        return {
            name: self.connection.execute(select(func.count()).select_from(devices).where(condition)).scalar_one()
            for name, condition in conditions.items()
        }

    def list(self, listing: Listing) -> Page[AdeDevice]:
        """Return the devices that match, by serial number."""
        texts = [devices.c.serial, devices.c.model, devices.c.description, devices.c.asset_tag]
        fields = {
            "serial": devices.c.serial,
            "status": devices.c.profile_status,
            "family": devices.c.device_family,
            "profile": devices.c.profile_uuid,
            "failure": devices.c.failure,
        }
        query = select(devices).where(devices.c.removed_at.is_(None))
        order = (devices.c.serial.asc(),)
        return fetch_page(self.connection, query, listing, fields=fields, texts=texts, order=order, make=_device)


def _device(row: Row[Any]) -> AdeDevice:
    return AdeDevice(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _PORTION):
        yield values[start : start + _PORTION]
