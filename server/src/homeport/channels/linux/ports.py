"""What the Linux channel's actions need from storage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeport.channels.linux.model import HelpDeskKey, NamedOrder, Notice, Order, SigningKey


class OrderStore(Protocol):
    """Orders, and the sequence they are numbered by."""

    def next_sequence(self, device_id: str) -> tuple[int, int]:
        """Return the next `(epoch, counter)` of a device; the caller holds the device's row."""
        ...

    def epoch(self) -> int:
        """Return the present epoch."""
        ...

    def add(self, order: Order) -> None:
        """Store a new order."""
        ...

    def update(self, order: Order) -> None:
        """Replace the stored order with the same id."""
        ...

    def get(self, order_id: str) -> Order | None:
        """Return one order and hold its row until the unit of work ends."""
        ...

    def pending(self, device_id: str) -> Sequence[Order]:
        """Return the orders of a device that have no receipt yet, in sequence."""
        ...

    def recent(self, device_id: str, limit: int) -> Sequence[Order]:
        """Return the newest orders of a device, the newest first."""
        ...

    def recent_of_user(self, user_id: str, limit: int) -> Sequence[NamedOrder]:
        """Return the newest orders about a person on all their devices, the newest first."""
        ...

    def count(self, binding_id: str, reason: str) -> int:
        """Return how many orders of a binding ended with a reason."""
        ...

    def raise_epoch(self, at_least: int) -> int:
        """Begin a new epoch, higher than the present one and not below `at_least`; return it."""
        ...


class KeyStore(Protocol):
    """The order root and the order keys."""

    def add(self, key: SigningKey) -> None:
        """Store a new key."""
        ...

    def add_root(self, key: SigningKey) -> None:
        """Store the order root, unless another process did so at the same moment."""
        ...

    def root(self) -> SigningKey | None:
        """Return the order root."""
        ...

    def newest(self, not_after: datetime) -> SigningKey | None:
        """Return the newest order key that was made no later than the moment."""
        ...


class HelpDeskStore(Protocol):
    """Keys shared with devices, and what happened without an order."""

    def key(self, device_id: str) -> HelpDeskKey | None:
        """Return the key shared with a device."""
        ...

    def save_key(self, key: HelpDeskKey) -> None:
        """Store a device's key in the place of an earlier one; the caller holds the device's row."""
        ...

    def add_notice(self, notice: Notice) -> None:
        """Store a notice; the caller holds the device's row and knows that the id is new."""
        ...

    def notice(self, device_id: str, notice_id: str) -> Notice | None:
        """Return one notice of a device."""
        ...

    def notices(self, device_id: str, limit: int) -> Sequence[Notice]:
        """Return the newest notices of a device, the newest first."""
        ...

    def count_notices(self, device_id: str, since: datetime) -> int:
        """Return how many notices of a device there are since a moment."""
        ...
