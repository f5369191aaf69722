"""Device groups in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.devices.model import Device, DeviceGroup
from homeport.directory.devices.store.devices import page_of_devices
from homeport.directory.devices.tables import device_group_members, device_groups, devices, unique_group_name
from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.listing import Listing, Page

_FIELDS = {
    "id": device_groups.c.id,
    "name": device_groups.c.name,
    "description": device_groups.c.description,
    "created_at": device_groups.c.created_at,
    "updated_at": device_groups.c.updated_at,
}


@dataclass(frozen=True, slots=True)
class DeviceGroupSql:
    """Device groups over one connection."""

    connection: Connection

    def add(self, group: DeviceGroup) -> None:
        """Add a group; raise Conflict when its name is taken."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(device_groups).values(_values(group)))
        except IntegrityError as error:
            raise _taken(group, error) from error

    def get(self, group_id: str) -> DeviceGroup | None:
        """Return a group."""
        row = self.connection.execute(select(device_groups).where(device_groups.c.id == group_id)).first()
        return None if row is None else _group(row)

    def lock(self, group_id: str) -> DeviceGroup | None:
        """Return a group, and hold its row until the unit of work ends."""
        query = select(device_groups).where(device_groups.c.id == group_id).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else _group(row)

    def list(self, listing: Listing) -> Page[DeviceGroup]:
        """Return groups, by name unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            select(device_groups),
            listing,
            fields=_FIELDS,
            texts=[device_groups.c.name, device_groups.c.description],
            order=(device_groups.c.name_key,),
            make=_group,
            sorts={"name": device_groups.c.name_key},
        )

    def save(self, group: DeviceGroup) -> None:
        """Store every field of a group that was read with `lock`; raise Conflict when its name is taken."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(update(device_groups).where(device_groups.c.id == group.id).values(_values(group)))
        except IntegrityError as error:
            raise _taken(group, error) from error

    def remove(self, group_id: str) -> None:
        """Remove a group without members."""
        self.connection.execute(delete(device_groups).where(device_groups.c.id == group_id))

    def counts(self, group_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many devices are in each of the groups."""
        members = device_group_members.c
        query = (
            select(members.group_id, func.count().label("devices"))
            .where(members.group_id.in_(group_ids))
            .group_by(members.group_id)
        )
        return dict.fromkeys(group_ids, 0) | {row.group_id: row.devices for row in self.connection.execute(query)}

    def device_ids(self, group_id: str) -> Sequence[str]:
        """Return the ids of all devices in a group, in their order."""
        members = device_group_members.c
        query = select(members.device_id).where(members.group_id == group_id).order_by(members.device_id)
        return self.connection.execute(query).scalars().all()

    def members(self, group_id: str, listing: Listing) -> Page[Device]:
        """Return devices in a group."""
        members = device_group_members.c
        inside = select(members.device_id).where(members.group_id == group_id)
        return page_of_devices(self.connection, listing, devices.c.id.in_(inside))

    def of_device(self, device_id: str) -> Sequence[DeviceGroup]:
        """Return the groups that a device is in, by name."""
        query = (
            select(device_groups)
            .join(device_group_members, device_group_members.c.group_id == device_groups.c.id)
            .where(device_group_members.c.device_id == device_id)
            .order_by(device_groups.c.name_key)
        )
        return [_group(row) for row in self.connection.execute(query)]

    def names_of(self, device_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of the groups of each of these devices; a device in no group is left out."""
        members = device_group_members.c
        query = (
            select(members.device_id, device_groups.c.name)
            .join(device_groups, device_groups.c.id == members.group_id)
            .where(members.device_id.in_(device_ids))
            .order_by(device_groups.c.name_key)
        )
        found: dict[str, list[str]] = {}
        for row in self.connection.execute(query):
            found.setdefault(row.device_id, []).append(row.name)
        return found

    def join(self, group_id: str, device_id: str, now: datetime) -> bool:
        """Put a device in a group; return False when it was in it already."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(device_group_members).values(group_id=group_id, device_id=device_id, added_at=now))
        except IntegrityError:
            return False
        return True

    def leave(self, group_id: str, device_id: str) -> bool:
        """Take a device out of a group; return False when it was not in it."""
        members = device_group_members.c
        gone = self.connection.execute(
            delete(device_group_members).where(members.group_id == group_id, members.device_id == device_id)
        )
        return gone.rowcount == 1


def _values(group: DeviceGroup) -> dict[str, Any]:
    return {**asdict(group), "name_key": group.name_key}


def _group(row: Any) -> DeviceGroup:
    return DeviceGroup(row.id, row.name, row.description, row.version, row.created_at, row.updated_at, row.limited)


def _taken(group: DeviceGroup, error: IntegrityError) -> Conflict:
    if violates_unique(error, unique_group_name):
        return Conflict(f"Another device group is already called {group.name}. Choose another name.", reason="name_taken")
    raise error
