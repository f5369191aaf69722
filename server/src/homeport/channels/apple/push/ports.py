"""What the push certificate needs of the database."""

from typing import Protocol

from homeport.channels.apple.push.model import PushSetup


class PushStore(Protocol):
    """The one row."""

    def get(self, *, hold: bool = False) -> PushSetup:
        """Return it, empty while there is none; `hold` keeps the row until the unit of work ends."""
        ...

    def save(self, setup: PushSetup) -> None:
        """Store it."""
        ...

    def enrolled(self) -> int:
        """Return how many Macs are under management."""
        ...
