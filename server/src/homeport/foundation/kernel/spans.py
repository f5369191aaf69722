"""How the lists of what happened are narrowed by time: a span back from now, or a day."""

from datetime import UTC, datetime, timedelta

from homeport.foundation.kernel.errors import Invalid

SPANS = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
"""Spans that `since` offers; it also takes a day, such as 2026-11-25."""


def moment_of(value: str, now: datetime, later: timedelta = timedelta()) -> datetime:
    """Return the moment that a span or a day means, so much later; raise Invalid for what is neither."""
    if value in SPANS:
        return now - SPANS[value][1] + later
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC) + later
    except (ValueError, OverflowError) as error:
        raise Invalid(f"“{value[:40]}” is no day. Write it as 2026-11-25, or as {', '.join(SPANS)}.") from error
