"""What the REST API writes and reads alike everywhere: moments, and ids in paths."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime

PathId = Annotated[str, Path(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$")]
"""An id in a path; what cannot be one is refused before the database sees it."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC, this moment is before the year 1 or after the year 9999") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment in a body, which says its offset; in UTC."""


def instant(moment: datetime) -> str:
    """Return a moment as the wire writes it: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
