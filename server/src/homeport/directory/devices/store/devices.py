"""Devices in SQL."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.devices.model import Device, DeviceStatus
from homeport.directory.devices.tables import devices
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.listing import Listing, Page

_NAME = func.coalesce(func.nullif(devices.c.display_name, ""), devices.c.hostname)
_FIELDS = {
    **{
        name: devices.c[name]
        for name in (
            "id",
            "hostname",
            "display_name",
            "serial_number",
            "os",
            "os_name",
            "os_version",
            "arch",
            "agent_version",
            "status",
            "enrolled_at",
            "last_contact_at",
            "address",
            "enrolled_with",
        )
    },
    "name": _NAME,
}
_TEXTS = [devices.c[name] for name in ("display_name", "hostname", "serial_number", "address", "os_name", "id")]


@dataclass(frozen=True, slots=True)
class DeviceSql:
    """Devices over one connection."""

    connection: Connection

    def add(self, device: Device) -> bool:
        """Add a device; return False when another one that is not deleted has the same device key."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(devices), _values(device))
        except IntegrityError:
            if self.find_by_thumbprint(device.thumbprint) is None:
                raise
            return False
        return True

    def get(self, device_id: str) -> Device | None:
        """Return a device or its tombstone."""
        return _first(self.connection.execute(select(devices).where(devices.c.id == device_id)).first())

    def lock(self, device_id: str) -> Device | None:
        """Return a device or its tombstone, and hold its row until the unit of work ends."""
        return _first(self.connection.execute(select(devices).where(devices.c.id == device_id).with_for_update()).first())

    def find_by_thumbprint(self, thumbprint: str) -> Device | None:
        """Return the device that has this key and is not deleted."""
        query = select(devices).where(devices.c.thumbprint == thumbprint, devices.c.deleted_at.is_(None))
        return _first(self.connection.execute(query).first())

    def list(self, listing: Listing) -> Page[Device]:
        """Return devices that are not deleted; filters and sort fields are the columns, and `name` for what people read."""
        return page_of_devices(self.connection, listing)

    def systems(self) -> Mapping[str, int]:
        """Return how many devices that are not deleted run each operating system, by its name, the most frequent first."""
        name = func.coalesce(func.nullif(devices.c.os_name, ""), devices.c.os)
        query = select(name, func.count()).where(devices.c.deleted_at.is_(None)).group_by(name)
        return {row[0]: row[1] for row in self.connection.execute(query.order_by(func.count().desc(), name))}

    def silent_since(self, moment: datetime) -> int:
        """Count the devices that are not deleted and made no contact since the moment; enrolment is a contact."""
        heard = func.coalesce(devices.c.last_contact_at, devices.c.enrolled_at)
        query = select(func.count()).where(devices.c.deleted_at.is_(None), heard < moment)
        return int(self.connection.execute(query).scalar_one())

    def save(self, device: Device) -> None:
        """Store every field of a device that was read with `lock`."""
        self.connection.execute(update(devices).where(devices.c.id == device.id), _values(device))

    def bump(self, device_id: str) -> None:
        """Raise `desired_state_version` by one."""
        self.connection.execute(
            update(devices).where(devices.c.id == device_id).values(desired_state_version=devices.c.desired_state_version + 1)
        )


def page_of_devices(connection: Connection, listing: Listing, *conditions: ColumnElement[bool]) -> Page[Device]:
    """Return those devices that are not deleted and fulfil the conditions."""
    return fetch_page(
        connection,
        select(devices).where(devices.c.deleted_at.is_(None), *conditions),
        listing,
        fields=_FIELDS,
        texts=_TEXTS,
        order=(func.lower(_NAME), devices.c.id),
        make=_device,
        sorts={"name": func.lower(_NAME)},
    )


def _values(device: Device) -> dict[str, Any]:
    return {**asdict(device), "status": device.status.value}


def _first(row: Row[Any] | None) -> Device | None:
    return None if row is None else _device(row)


def _device(row: Any) -> Device:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Device(**{**values, "status": DeviceStatus(values["status"])})
