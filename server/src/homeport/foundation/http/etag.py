"""If-Match with version numbers as entity tags (RFC 9110, sections 8.8.3 and 13.1.1)."""

from typing import Annotated

from fastapi import Depends, Header

from homeport.foundation.kernel.errors import PreconditionFailed


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


async def _if_match(
    if_match: Annotated[str | None, Header(description='The ETag that was read, such as `"3"`.')] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip()
    inner = text[1:-1]
    if len(inner) > 0 and text[0] == text[-1] == '"' and inner.isascii() and inner.isdecimal() and len(inner) < 10:  # noqa: PLR2004 - fits 32 bits
        return int(inner)
    raise PreconditionFailed('If-Match must hold the ETag of the thing as you read it, such as "3".')


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that the caller read; None when the request has no condition."""
