"""One-time links and passkeys in the style of JumpCloud's API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from homeport.foundation.http.wire import instant
from homeport.trust.signin.passkeys.model import Passkey


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


class PasskeyBody(BaseModel):
    """A passkey in an answer: what its owner called it, and when it was used; the key itself is not told."""

    id: str
    name: str
    created: str
    lastUsed: str | None  # noqa: N815 - the wire's style

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        """Translate a passkey."""
        used = passkey.last_used_at
        return cls(
            id=passkey.id, name=passkey.name, created=instant(passkey.created_at), lastUsed=instant(used) if used else None
        )


class PasskeyList(BaseModel):
    """The passkeys of a user, the oldest first."""

    totalCount: int  # noqa: N815 - the wire's style
    passkeys: list[PasskeyBody]

    @classmethod
    def of(cls, found: Sequence[Passkey]) -> Self:
        """Translate all of them."""
        return cls(totalCount=len(found), passkeys=[PasskeyBody.of(one) for one in found])
