"""What pushes and their certificate need of the database."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from homeport.channels.apple.push.model import Due, Pushed, PushSetup


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


class PushQueue(Protocol):
    """Who is to be woken when."""

    def any_due(self, now: datetime) -> bool:
        """Tell whether a Mac is to be woken now."""
        ...

    def claim(self, now: datetime, limit: int, following: Callable[[Due], datetime]) -> Sequence[Due]:
        """Return Macs that are to be woken now, and note when each is due again should it not come; nobody else gets them meanwhile."""
        ...

    def note(self, pushed: Pushed, later: datetime | None) -> None:
        """Note what Apple said, unless the Mac has brought another token meanwhile; a dead token is not due again."""
        ...

    def silent(self, since: datetime, limit: int) -> Sequence[str]:
        """Return enrolled Macs that were not heard since, are not due, and whose token Apple has not refused for good."""
        ...

    def schedule(self, moments: Sequence[tuple[str, datetime]]) -> None:
        """Let Macs be due at these moments, unless they are due already."""
        ...
