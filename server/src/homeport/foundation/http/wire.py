"""What the REST API writes and reads alike everywhere: moments, and ids in paths."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path

PathId = Annotated[str, Path(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$")]
"""An id in a path; what cannot be one is refused before the database sees it."""


def instant(moment: datetime) -> str:
    """Return a moment as the wire writes it: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
