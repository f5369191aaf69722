"""The Linux channel's ports in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.channels.linux.model import HelpDeskKey, NamedOrder, Notice, NoticeKind, Order, OrderState, SigningKey
from homeport.channels.linux.tables import device_notices, help_desk_keys, order_epoch, order_keys, orders
from homeport.directory.devices.model import BindingAct
from homeport.directory.devices.tables import bindings, devices


@dataclass(frozen=True, slots=True)
class SqlOrderStore:
    """Orders in SQL."""

    connection: Connection

    def next_sequence(self, device_id: str) -> tuple[int, int]:
        """Return the next `(epoch, counter)` of a device; the caller holds the device's row."""
        epoch = self.epoch()
        highest = self.connection.execute(
            select(func.max(orders.c.counter)).where(orders.c.device_id == device_id, orders.c.epoch == epoch)
        ).scalar_one()
        return epoch, (highest or 0) + 1

    def epoch(self) -> int:
        """Return the present epoch."""
        return self._epoch() or self.raise_epoch(1)

    def add(self, order: Order) -> None:
        """Store a new order."""
        self.connection.execute(insert(orders), asdict(order))

    def update(self, order: Order) -> None:
        """Replace the stored order with the same id."""
        self.connection.execute(update(orders).where(orders.c.id == order.id), asdict(order))

    def get(self, order_id: str) -> Order | None:
        """Return one order and hold its row until the unit of work ends."""
        row = self.connection.execute(select(orders).where(orders.c.id == order_id).with_for_update()).one_or_none()
        return _order(row) if row else None

    def pending(self, device_id: str) -> Sequence[Order]:
        """Return the orders of a device that have no receipt yet, in sequence."""
        query = (
            select(orders)
            .where(orders.c.device_id == device_id, orders.c.state == OrderState.PENDING.value)
            .order_by(orders.c.epoch, orders.c.counter)
        )
        return [_order(row) for row in self.connection.execute(query)]

    def recent(self, device_id: str, limit: int) -> Sequence[Order]:
        """Return the newest orders of a device, the newest first."""
        query = (
            select(orders)
            .where(orders.c.device_id == device_id)
            .order_by(orders.c.epoch.desc(), orders.c.counter.desc())
            .limit(limit)
        )
        return [_order(row) for row in self.connection.execute(query)]

    def recent_of_user(self, user_id: str, limit: int) -> Sequence[NamedOrder]:
        """Return the newest orders about a person on all their devices, the newest first."""
        name = func.coalesce(func.nullif(devices.c.display_name, ""), devices.c.hostname).label("device_name")
        query = (
            select(orders, name)
            .join(bindings, bindings.c.id == orders.c.binding_id)
            .join(devices, devices.c.id == orders.c.device_id)
            .where(bindings.c.user_id == user_id)
            .order_by(orders.c.created_at.desc(), orders.c.id.desc())
            .limit(limit)
        )
        return [NamedOrder(_order(row), row.device_name) for row in self.connection.execute(query)]

    def count(self, binding_id: str, reason: str) -> int:
        """Return how many orders of a binding ended with a reason."""
        query = select(func.count()).select_from(orders).where(orders.c.binding_id == binding_id, orders.c.reason == reason)
        return self.connection.execute(query).scalar_one()

    def raise_epoch(self, at_least: int) -> int:
        """Begin a new epoch, higher than the present one and not below `at_least`; return it."""
        present: int | None = self.connection.execute(select(order_epoch.c.epoch).with_for_update()).scalar_one_or_none()
        if present is None:
            try:
                with self.connection.begin_nested():
                    self.connection.execute(insert(order_epoch).values(only=1, epoch=at_least))
            except IntegrityError:  # another replica made the first epoch at the same moment
                return self._epoch() or at_least
            return at_least
        raised = max(present + 1, at_least)
        self.connection.execute(update(order_epoch).values(epoch=raised))
        return raised

    def _epoch(self) -> int | None:
        return self.connection.execute(select(order_epoch.c.epoch)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class SqlKeyStore:
    """Order keys in SQL."""

    connection: Connection

    def add(self, key: SigningKey) -> None:
        """Store a new key."""
        self.connection.execute(insert(order_keys), asdict(key))

    def add_root(self, key: SigningKey) -> None:
        """Store the order root, unless another process did so at the same moment."""
        try:
            with self.connection.begin_nested():
                self.add(key)
        except IntegrityError:
            if self.root() is None:
                raise

    def root(self) -> SigningKey | None:
        """Return the order root."""
        return _key(self.connection.execute(select(order_keys).where(order_keys.c.is_root)).one_or_none())

    def newest(self, not_after: datetime) -> SigningKey | None:
        """Return the newest order key that was made no later than the moment."""
        query = (
            select(order_keys)
            .where(~order_keys.c.is_root, order_keys.c.created_at <= not_after)
            .order_by(order_keys.c.created_at.desc(), order_keys.c.id.desc())
            .limit(1)
        )
        return _key(self.connection.execute(query).one_or_none())


@dataclass(frozen=True, slots=True)
class SqlHelpDeskStore:
    """Keys shared with devices, and notices, in SQL."""

    connection: Connection

    def key(self, device_id: str) -> HelpDeskKey | None:
        """Return the key shared with a device."""
        row = self.connection.execute(select(help_desk_keys).where(help_desk_keys.c.device_id == device_id)).one_or_none()
        return HelpDeskKey(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's documented name

    def save_key(self, key: HelpDeskKey) -> None:
        """Store a device's key in the place of an earlier one; the caller holds the device's row."""
        self.connection.execute(delete(help_desk_keys).where(help_desk_keys.c.device_id == key.device_id))
        self.connection.execute(insert(help_desk_keys), asdict(key))

    def add_notice(self, notice: Notice) -> None:
        """Store a notice; the caller holds the device's row and knows that the id is new."""
        self.connection.execute(insert(device_notices).values(**{**asdict(notice), "kind": notice.kind.value}))

    def notice(self, device_id: str, notice_id: str) -> Notice | None:
        """Return one notice of a device."""
        query = select(device_notices).where(device_notices.c.device_id == device_id, device_notices.c.id == notice_id)
        row = self.connection.execute(query).one_or_none()
        return _notice(row) if row else None

    def notices(self, device_id: str, limit: int) -> Sequence[Notice]:
        """Return the newest notices of a device, the newest first."""
        query = (
            select(device_notices)
            .where(device_notices.c.device_id == device_id)
            .order_by(device_notices.c.at.desc(), device_notices.c.id.desc())
            .limit(limit)
        )
        return [_notice(row) for row in self.connection.execute(query)]

    def count_notices(self, device_id: str, since: datetime) -> int:
        """Return how many notices of a device there are since a moment."""
        conditions = (device_notices.c.device_id == device_id, device_notices.c.at > since)
        return self.connection.execute(select(func.count()).select_from(device_notices).where(*conditions)).scalar_one()


def _notice(row: Row[Any]) -> Notice:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    return Notice(**{**values, "kind": NoticeKind(values["kind"])})


def _order(row: Row[Any]) -> Order:
    values = {column.name: row._mapping[column.name] for column in orders.c}  # noqa: SLF001 - SQLAlchemy's documented name
    return Order(**{**values, "kind": BindingAct(values["kind"]), "state": OrderState(values["state"])})


def _key(row: Row[Any] | None) -> SigningKey | None:
    return SigningKey(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's documented name
