"""Rate limits by the generic cell rate algorithm (GCRA), one row a key, shared by all replicas through the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Column, Connection, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.foundation.database.columns import UtcDateTime, metadata
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import hash_token
from homeport.foundation.kernel.errors import RateLimited

rate_limits = Table(
    "rate_limits",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("full_again_at", UtcDateTime, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Allows `burst` requests at once and `per_minute` in the long run for each key."""

    connection: Connection
    clock: Clock

    def take(self, key: str, *, burst: int, per_minute: float) -> int:
        """Use one request of the key's allowance; return 0, or the seconds to wait when none is left (and use none)."""
        now = self.clock.now()
        interval = timedelta(minutes=1) / per_minute
        key_hash = hash_token(key)
        full_again_at = self._held(key_hash) or self._begun(key_hash, now)
        if full_again_at > now + interval * burst:  # further away than any use can bring it: the clock was set back
            full_again_at = now
        start = max(full_again_at, now)
        allowed_at = start - interval * (burst - 1)
        if allowed_at > now:
            return max(1, ceil((allowed_at - now).total_seconds()))
        this = rate_limits.c.key_hash == key_hash
        self.connection.execute(update(rate_limits).where(this), {"full_again_at": start + interval})
        return 0

    def require(self, key: str, *, burst: int, per_minute: float) -> None:
        """Use one request of the key's allowance; raise RateLimited when none is left."""
        wait = self.take(key, burst=burst, per_minute=per_minute)
        if wait:
            seconds = "second" if wait == 1 else "seconds"
            raise RateLimited(f"Too many attempts. Wait {wait} {seconds} and try again.", retry_after=wait)

    def remove_before(self, moment: datetime) -> int:
        """Forget keys whose allowance is full again; return how many."""
        return self.connection.execute(delete(rate_limits).where(rate_limits.c.full_again_at < moment)).rowcount

    def _held(self, key_hash: str) -> datetime | None:
        """Return when the key's allowance is full again, and hold its row until the unit of work ends."""
        query = select(rate_limits.c.full_again_at).where(rate_limits.c.key_hash == key_hash).with_for_update()
        return self.connection.execute(query).scalar_one_or_none()

    def _begun(self, key_hash: str, now: datetime) -> datetime:
        """Add the row of a key that was not seen lately; another request may do so at the same moment, and then it counts."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(rate_limits), {"key_hash": key_hash, "full_again_at": now})
        except IntegrityError:
            return self._held(key_hash) or now
        return now
