"""MDM's ports in SQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from homeport.channels.apple.mdm.binding import Account, BindingState
from homeport.channels.apple.mdm.model import (
    OPEN,
    Command,
    CommandState,
    Mac,
    MacState,
    admin_sealed_as,
    bootstrap_sealed_as,
    command_sealed_as,
)
from homeport.channels.apple.mdm.release import Phase, Release
from homeport.channels.apple.mdm.second_approver import Order
from homeport.channels.apple.mdm.tables import apple_commands, apple_macs, apple_orders
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.sealing.sealer import Sealer

_OPEN = [state.value for state in OPEN]


@dataclass(frozen=True, slots=True)
class MacSql:
    """Macs over one connection."""

    connection: Connection

    def add(self, mac: Mac) -> None:
        """Add a Mac in the place of an earlier one with the same serial number or UDID."""
        same = (apple_macs.c.serial == mac.serial) | (apple_macs.c.udid == mac.udid)
        for (device_id,) in self.connection.execute(select(apple_macs.c.device_id).where(same)).all():
            self.remove(device_id)
        self.connection.execute(insert(apple_macs).values(_values(mac)))

    def get(self, device_id: str) -> Mac | None:
        """Return the Mac of a device."""
        return _mac(self.connection.execute(select(apple_macs).where(apple_macs.c.device_id == device_id)).first())

    def lock(self, device_id: str) -> Mac | None:
        """Return the Mac of a device, and hold its row until the unit of work ends."""
        query = select(apple_macs).where(apple_macs.c.device_id == device_id).with_for_update()
        return _mac(self.connection.execute(query).first())

    def list(self, listing: Listing) -> Page[Mac]:
        """Return the Macs that match, by serial number."""
        table = apple_macs.c
        fields = {"id": table.device_id, "serial": table.serial, "udid": table.udid, "enrolled_at": table.enrolled_at}
        texts, order = [table.serial, table.udid], (table.serial.asc(),)
        return fetch_page(self.connection, select(apple_macs), listing, fields=fields, texts=texts, order=order, make=_read)

    def by_certificate(self, certificate_sha256: str) -> str | None:
        """Return the device whose messages are bound to a certificate."""
        return self._device(apple_macs.c.certificate_sha256 == certificate_sha256)

    def by_serial(self, serial: str) -> str | None:
        """Return the device with a serial number."""
        return self._device(apple_macs.c.serial == serial)

    def serials_of(self, user_id: str) -> Collection[str]:
        """Return the serial numbers of a person's Macs, but for those that left management."""
        theirs = (apple_macs.c.user_id == user_id, apple_macs.c.state != MacState.CHECKED_OUT.value)
        return set(self.connection.execute(select(apple_macs.c.serial).where(*theirs)).scalars())

    def by_udid(self, udid: str) -> str | None:
        """Return the device with a UDID."""
        return self._device(apple_macs.c.udid == udid)

    def save(self, mac: Mac) -> None:
        """Store every field of a Mac that was read with `lock`."""
        self.connection.execute(update(apple_macs).where(apple_macs.c.device_id == mac.device_id).values(_values(mac)))

    def late(self, now: datetime, limit: int) -> Sequence[str]:
        """Return devices that wait in Setup Assistant past their deadline."""
        return self._devices(apple_macs.c.deadline_at, now, limit)

    def remove(self, device_id: str) -> None:
        """Forget a Mac and its commands."""
        self.connection.execute(delete(apple_orders).where(apple_orders.c.device_id == device_id))
        self.connection.execute(delete(apple_commands).where(apple_commands.c.device_id == device_id))
        self.connection.execute(delete(apple_macs).where(apple_macs.c.device_id == device_id))

    def _device(self, condition: ColumnElement[bool]) -> str | None:
        return self.connection.execute(select(apple_macs.c.device_id).where(condition)).scalar_one_or_none()

    def _devices(self, column: ColumnElement[Any], now: datetime, limit: int) -> Sequence[str]:
        query = select(apple_macs.c.device_id).where(column <= now).order_by(column, apple_macs.c.device_id).limit(limit)
        return self.connection.execute(query).scalars().all()


@dataclass(frozen=True, slots=True)
class CommandSql:
    """Commands over one connection."""

    connection: Connection

    def add(self, command: Command) -> None:
        """Add a command at the end of its queue; the caller holds the Mac."""
        last = select(func.max(apple_commands.c.position)).where(apple_commands.c.device_id == command.device_id)
        position = (self.connection.execute(last).scalar_one() or 0) + 1
        self.connection.execute(insert(apple_commands).values({**_row(command), "position": position}))

    def get(self, command_id: str) -> Command | None:
        """Return a command."""
        row = self.connection.execute(select(apple_commands).where(apple_commands.c.id == command_id)).first()
        return None if row is None else _command(row)

    def save(self, command: Command) -> None:
        """Store a command's state."""
        self.connection.execute(update(apple_commands).where(apple_commands.c.id == command.id).values(_row(command)))

    def open(self, device_id: str, channel: str) -> Sequence[Command]:
        """Return the unanswered commands of a channel, the oldest first."""
        table = apple_commands.c
        conditions = (table.device_id == device_id, table.channel == channel, table.state.in_(_OPEN))
        return [
            _command(row) for row in self.connection.execute(select(apple_commands).where(*conditions).order_by(table.position))
        ]

    def recent(self, device_id: str, limit: int) -> Sequence[Command]:
        """Return the newest commands of a device, the newest first."""
        query = select(apple_commands).where(apple_commands.c.device_id == device_id)
        return [_command(row) for row in self.connection.execute(query.order_by(apple_commands.c.position.desc()).limit(limit))]

    def newest(self, device_id: str, request_types: Sequence[str]) -> Command | None:
        """Return the newest command of one of these kinds."""
        query = select(apple_commands).where(
            apple_commands.c.device_id == device_id, apple_commands.c.request_type.in_(list(request_types))
        )
        row = self.connection.execute(query.order_by(apple_commands.c.position.desc()).limit(1)).first()
        return None if row is None else _command(row)

    def drop_open(self, device_id: str) -> int:
        """Forget the unanswered commands of a device; return how many."""
        conditions = (apple_commands.c.device_id == device_id, apple_commands.c.state.in_(_OPEN))
        return self.connection.execute(delete(apple_commands).where(*conditions)).rowcount

    def remove_before(self, moment: datetime, but: Sequence[str] = ()) -> int:
        """Forget commands that were answered before the moment, but those of some kinds; return how many."""
        conditions = (apple_commands.c.answered_at < moment, apple_commands.c.request_type.not_in(list(but)))
        return self.connection.execute(delete(apple_commands).where(*conditions)).rowcount


@dataclass(frozen=True, slots=True)
class OrderSql:
    """Orders that wait for a second administrator, over one connection."""

    connection: Connection

    def add(self, order: Order) -> None:
        """Add an order; the caller holds the Mac."""
        self.connection.execute(insert(apple_orders).values(**asdict(order)))

    def of_mac(self, device_id: str) -> Sequence[Order]:
        """Return the orders for a Mac, the oldest first."""
        query = select(apple_orders).where(apple_orders.c.device_id == device_id).order_by(apple_orders.c.asked_at)
        return [Order(**row) for row in self.connection.execute(query).mappings()]

    def remove(self, order_id: str) -> None:
        """Forget an order."""
        self.connection.execute(delete(apple_orders).where(apple_orders.c.id == order_id))

    def over(self, now: datetime, limit: int) -> Sequence[Order]:
        """Return orders that nobody agreed to in time."""
        query = select(apple_orders).where(apple_orders.c.expires_at <= now).order_by(apple_orders.c.expires_at).limit(limit)
        return [Order(**row) for row in self.connection.execute(query).mappings()]


def seal_anew(connection: Connection, sealer: Sealer) -> int:
    """Seal every secret of Macs with the newest key; return how many."""
    count, macs, queue = 0, apple_macs.c, apple_commands.c
    for row in connection.execute(select(queue.id, queue.body_sealed).with_for_update()).all():
        sealed = sealer.sealed_anew(row.body_sealed, command_sealed_as(row.id))
        connection.execute(update(apple_commands).where(queue.id == row.id).values(body_sealed=sealed))
        count += 1
    for column, name in ((macs.bootstrap_sealed, bootstrap_sealed_as), (macs.admin_sealed, admin_sealed_as)):
        for device_id, envelope in connection.execute(select(macs.device_id, column).where(column != "").with_for_update()).all():
            sealed = sealer.sealed_anew(envelope, name(device_id))
            connection.execute(update(apple_macs).where(macs.device_id == device_id).values({column.name: sealed}))
            count += 1
    return count


def _values(mac: Mac) -> dict[str, Any]:
    row = {column.name: getattr(mac, column.name) for column in apple_macs.c if column.name != "deadline_at"}
    waits = mac.release.phase is Phase.CONFIGURING
    return {
        **row,
        "state": mac.state.value,
        "binding": mac.binding.value,
        "release": mac.release.as_json(),
        "deadline_at": mac.release.deadline_at if waits else None,
        "account": mac.account.as_json(),
        "facts": dict(mac.facts),
    }


def _mac(row: Row[Any] | None) -> Mac | None:
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> Mac:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    del values["deadline_at"]
    return Mac(
        **{
            **values,
            "state": MacState(values["state"]),
            "binding": BindingState(values["binding"]),
            "release": Release.from_json(values["release"]),
            "account": Account.from_json(values["account"]),
        }
    )


def _row(command: Command) -> dict[str, Any]:
    return {**asdict(command), "state": command.state.value}


def _command(row: Row[Any]) -> Command:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    return Command(**{**values, "state": CommandState(values["state"])})
