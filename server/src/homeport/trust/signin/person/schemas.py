"""One-time links in the style of JumpCloud's API."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class PasswordLinkBody(BaseModel):
    """A one-time link, shown in this answer and never again. `kind` is `activation` or `reset`."""

    link: str
    kind: str
    expiresAt: str  # noqa: N815 - the wire's style


class ResetMfaPost(BaseModel):
    """JumpCloud's body of a reset. Leaving somebody out of a demanded factor is for access policies, so it is refused here."""

    model_config = ConfigDict(extra="ignore")

    exclusion: bool | None = None
    exclusionUntil: datetime | None = None  # noqa: N815 - the wire's name
    exclusionDays: int | None = None  # noqa: N815 - the same


class ReactivatePost(BaseModel):
    """JumpCloud's body of a reactivation. Mail goes to the address that the directory has, and to no other."""

    model_config = ConfigDict(extra="ignore")

    email: str | None = None
