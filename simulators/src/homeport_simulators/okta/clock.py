"""The simulator's own time, which a fault can shift."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _system_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Tells aware UTC time, `skew` away from its source."""

    def __init__(self, source: Callable[[], datetime] = _system_time) -> None:
        self._source = source
        self.skew = timedelta()

    def now(self) -> datetime:
        """Return the time as this provider believes it to be."""
        return self._source() + self.skew

    def timestamp(self) -> int:
        """Return the time as whole seconds since the epoch, the form of a JWT's NumericDate (RFC 7519 section 2)."""
        return int(self.now().timestamp())
