"""Events: how a lower slice tells higher ones that something happened, inside the same unit of work."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


class Publisher(Protocol):
    """Hands an event to the handlers that bootstrap subscribed; they run at once, in the same unit of work."""

    def publish(self, event: Event) -> None:
        """Run every handler of the event's type."""
        ...
