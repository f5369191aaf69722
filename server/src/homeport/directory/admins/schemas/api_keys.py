"""API keys in the style of JumpCloud's API; what its service accounts call a key's fields they are called here."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from homeport.directory.admins.model import LONGEST_KEY_DAYS, ApiKey
from homeport.foundation.http.wire import instant

KEY_FIELDS = {
    "id": "id",
    "name": "name",
    "createdAt": "created_at",
    "expiresAt": "expires_at",
    "lastUsedAt": "last_used_at",
    "madeWith": "made_with",
}
"""The wire's names of the fields by which keys can be filtered and sorted."""


class ApiKeyBody(BaseModel):
    """An API key in an answer; its text is never in it. `madeWith` is the id of the key that made it and with which it ends."""

    id: str
    name: str
    apiKeyPrefix: str  # noqa: N815 - the wire's name
    status: Literal["ACTIVE", "EXPIRED"]
    networks: list[str]
    createdAt: str  # noqa: N815 - the same
    expiresAt: str  # noqa: N815 - the same
    lastUsedAt: str | None  # noqa: N815 - the same
    lastRefusedAt: str | None  # noqa: N815 - the same
    madeWith: str | None  # noqa: N815 - the same

    @classmethod
    def of(cls, key: ApiKey, now: datetime) -> Self:
        """Translate a key as it is at a moment."""
        return cls(**_key(key, now))


class ApiKeyCreated(ApiKeyBody):
    """A new API key; `apiKey` is its text, in this answer only."""

    apiKey: str  # noqa: N815 - the wire's name

    @classmethod
    def with_text(cls, key: ApiKey, text: str, now: datetime) -> Self:
        """Translate a new key together with its text."""
        return cls(**_key(key, now), apiKey=text)


class ApiKeyList(BaseModel):
    """A window of the list of one's own API keys."""

    totalCount: int  # noqa: N815 - the wire's name
    apiKeys: list[ApiKeyBody]  # noqa: N815 - the same


class ApiKeyPost(BaseModel):
    """A wish for an API key. Left out, it lasts 90 days or as long as the key with which it is made, whichever ends first."""

    name: str
    days: int | None = Field(None, ge=1, le=LONGEST_KEY_DAYS)
    networks: list[str] = Field(default_factory=list, max_length=50)


class ApiKeyPut(BaseModel):
    """Another name for an API key."""

    name: str


def _key(key: ApiKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "apiKeyPrefix": key.shown_prefix,
        "status": "EXPIRED" if now >= key.expires_at else "ACTIVE",
        "networks": list(key.networks),
        "createdAt": instant(key.created_at),
        "expiresAt": instant(key.expires_at),
        "lastUsedAt": instant(key.last_used_at) if key.last_used_at else None,
        "lastRefusedAt": instant(key.last_refused_at) if key.last_refused_at else None,
        "madeWith": key.made_with,
    }
