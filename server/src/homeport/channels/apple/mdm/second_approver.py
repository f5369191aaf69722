"""Locking and erasing by two administrators: one asks, another agrees within a day, and only then is the Mac told.

An order that waits is kept until it is agreed to, taken back, or over; what became of it is in the audit log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

LIFE = timedelta(hours=24)
"""How long an order waits for a second administrator."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one administrator asked for. `request_type` is the command. It ends when the Mac enrols anew."""

    id: str
    device_id: str
    request_type: str
    reason: str
    message: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    expires_at: datetime


class OrderStore(Protocol):
    """Orders that wait."""

    def add(self, order: Order) -> None:
        """Add an order; the caller holds the Mac."""
        ...

    def of_mac(self, device_id: str) -> Sequence[Order]:
        """Return the orders for a Mac, the oldest first."""
        ...

    def remove(self, order_id: str) -> None:
        """Forget an order."""
        ...

    def over(self, now: datetime, limit: int) -> Sequence[Order]:
        """Return orders that nobody agreed to in time."""
        ...


@dataclass(frozen=True, slots=True)
class SecondApprover:
    """The orders of one unit of work; `needed` tells whether two administrators are wanted."""

    orders: OrderStore
    needed: Callable[[], bool]
