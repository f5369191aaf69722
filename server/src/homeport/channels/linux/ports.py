"""What the Linux channel's actions need from storage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeport.channels.linux.model import Order, SigningKey


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
