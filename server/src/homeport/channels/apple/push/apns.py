"""Speaks to Apple's push service (APNs): one push for one Mac, and what its answer means.

A push holds nothing but the Mac's PushMagic; it only makes the Mac come and ask. Tokens and PushMagic are never logged.
"""

import json
from datetime import datetime, timedelta
from typing import Protocol

from homeport.channels.apple.push.model import GONE, Due, Fate, Pushed
from homeport.foundation.outbound.model import FetchFailed, Response

EXPIRES_AFTER = timedelta(hours=12)
"""How long Apple keeps a push for a Mac that is off; of several it keeps the last."""
SECONDS = 10.0
LONGEST_REASON = 64
_OK, _FORBIDDEN, _GONE, _TOO_MANY, _SERVER_ERROR = 200, 403, 410, 429, 500


class Connection(Protocol):
    """The one connection to the service."""

    async def post(
        self,
        path: str,
        headers: tuple[tuple[str, str], ...],
        content: bytes,
        *,
        timeout: float = ...,  # noqa: ASYNC109 - a limit
    ) -> Response | FetchFailed:
        """Send one request."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


async def push(connection: Connection, due: Due, now: datetime) -> Pushed:
    """Push to one Mac."""
    headers = (
        ("apns-topic", due.topic),
        ("apns-push-type", "mdm"),
        ("apns-priority", "10"),
        ("apns-expiration", str(int((now + EXPIRES_AFTER).timestamp()))),
        ("content-type", "application/json"),
    )
    content = json.dumps({"mdm": due.magic}).encode()
    answer = await connection.post(f"/3/device/{due.token}", headers, content, timeout=SECONDS)
    if isinstance(answer, FetchFailed):
        return Pushed(due, Fate.TROUBLE, answer.kind.value)
    if answer.status == _OK:
        return Pushed(due, Fate.TAKEN)
    reason = _reason(answer)
    return Pushed(due, _fate(answer.status, reason), reason, _pause(answer))


def _fate(status: int, reason: str) -> Fate:
    if status == _GONE or reason in GONE:
        return Fate.GONE
    if status == _TOO_MANY:
        return Fate.LATER
    return Fate.TROUBLE if status == _FORBIDDEN or status >= _SERVER_ERROR else Fate.REFUSED


def _reason(answer: Response) -> str:
    """Return Apple's word, such as `Unregistered`; letters only, since it goes into the log."""
    try:
        said = json.loads(answer.body)["reason"]
    except (ValueError, KeyError, TypeError):
        said = ""
    return said[:LONGEST_REASON] if isinstance(said, str) and said.isalnum() and said.isascii() else f"Status{answer.status}"


def _pause(answer: Response) -> timedelta:
    said = answer.header("retry-after") or ""
    return timedelta(seconds=min(int(said), 86_400)) if said.isascii() and said.isdecimal() and len(said) < 8 else timedelta()  # noqa: PLR2004 - a number that fits
