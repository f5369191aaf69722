"""Rate limits by the generic cell rate algorithm (GCRA), one row a key, shared by all replicas through the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Column, Connection, String, Table, delete, insert, select, update

from homeport.foundation.database.columns import UtcDateTime, metadata
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import hash_token

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
        row = self.connection.execute(
            select(rate_limits.c.full_again_at).where(rate_limits.c.key_hash == key_hash).with_for_update()
        ).one_or_none()
        start = max(row.full_again_at, now) if row else now
        allowed_at = start - interval * (burst - 1)
        if allowed_at > now:
            return max(1, ceil((allowed_at - now).total_seconds()))
        if row:
            self.connection.execute(
                update(rate_limits).where(rate_limits.c.key_hash == key_hash).values(full_again_at=start + interval)
            )
        else:
            self.connection.execute(insert(rate_limits).values(key_hash=key_hash, full_again_at=start + interval))
        return 0

    def remove_before(self, moment: datetime) -> int:
        """Forget keys whose allowance is full again; return how many."""
        return self.connection.execute(delete(rate_limits).where(rate_limits.c.full_again_at < moment)).rowcount
