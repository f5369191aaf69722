"""Service accounts and their keys in the style of JumpCloud's API."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from homeport.directory.admins.model import LONGEST_KEY_DAYS, AccountKey, ServiceAccount
from homeport.foundation.http.wire import instant

ACCOUNT_FIELDS = {
    "id": "id",
    "name": "name",
    "description": "description",
    "roleName": "role",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "suspendedAt": "suspended_at",
}
"""The wire's names of the fields by which service accounts can be filtered and sorted."""


class ServiceAccountBody(BaseModel):
    """A service account in an answer."""

    id: str
    name: str
    description: str
    roleName: str  # noqa: N815 - the wire's name
    suspended: bool
    suspendedAt: str | None  # noqa: N815 - the same
    createdAt: str  # noqa: N815 - the same
    updatedAt: str  # noqa: N815 - the same

    @classmethod
    def of(cls, account: ServiceAccount) -> Self:
        """Translate an account."""
        return cls(
            id=account.id,
            name=account.name,
            description=account.description,
            roleName=account.role,
            suspended=account.suspended_at is not None,
            suspendedAt=instant(account.suspended_at) if account.suspended_at else None,
            createdAt=instant(account.created_at),
            updatedAt=instant(account.updated_at),
        )


class ServiceAccountList(BaseModel):
    """A window of the list of service accounts."""

    totalCount: int  # noqa: N815 - the wire's name
    serviceAccounts: list[ServiceAccountBody]  # noqa: N815 - the same


class ServiceAccountPost(BaseModel):
    """A wish for a service account."""

    name: str
    roleName: str  # noqa: N815 - the wire's name
    description: str = ""


class ServiceAccountPut(BaseModel):
    """A change of a service account: what is left out stays."""

    name: str | None = None
    roleName: str | None = None  # noqa: N815 - the wire's name
    description: str | None = None
    suspended: bool | None = None


class AccountKeyBody(BaseModel):
    """A key of a service account in an answer; its text is never in it."""

    id: str
    name: str
    apiKeyPrefix: str  # noqa: N815 - the wire's name
    status: Literal["ACTIVE", "EXPIRED"]
    networks: list[str]
    createdBy: str  # noqa: N815 - the same
    createdAt: str  # noqa: N815 - the same
    expiresAt: str  # noqa: N815 - the same
    lastUsedAt: str | None  # noqa: N815 - the same
    lastRefusedAt: str | None  # noqa: N815 - the same

    @classmethod
    def of(cls, key: AccountKey, now: datetime) -> Self:
        """Translate a key as it is at a moment."""
        return cls(**_key(key, now))


class AccountKeyCreated(AccountKeyBody):
    """A new key; `apiKey` is its text, in this answer only."""

    apiKey: str  # noqa: N815 - the wire's name

    @classmethod
    def with_text(cls, key: AccountKey, text: str, now: datetime) -> Self:
        """Translate a new key together with its text."""
        return cls(**_key(key, now), apiKey=text)


class AccountKeyList(BaseModel):
    """The keys of a service account, the newest first."""

    totalCount: int  # noqa: N815 - the wire's name
    apiKeys: list[AccountKeyBody]  # noqa: N815 - the same


class AccountKeyPost(BaseModel):
    """A wish for a key; left out, it lasts 90 days."""

    name: str
    days: int | None = Field(None, ge=1, le=LONGEST_KEY_DAYS)
    networks: list[str] = Field(default_factory=list, max_length=50)


def _key(key: AccountKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "apiKeyPrefix": key.shown_prefix,
        "status": "EXPIRED" if now >= key.expires_at else "ACTIVE",
        "networks": list(key.networks),
        "createdBy": key.created_by,
        "createdAt": instant(key.created_at),
        "expiresAt": instant(key.expires_at),
        "lastUsedAt": instant(key.last_used_at) if key.last_used_at else None,
        "lastRefusedAt": instant(key.last_refused_at) if key.last_refused_at else None,
    }
