"""Sessions in the style of JumpCloud's API."""

from typing import Self

from pydantic import BaseModel

from homeport.foundation.http.wire import instant
from homeport.trust.signin.password.model import Session


class SessionBody(BaseModel):
    """A living session in an answer; nothing in it opens anything."""

    id: str
    created: str
    authenticatedAt: str  # noqa: N815 - the wire's style
    lastSeen: str  # noqa: N815 - the same
    expiresAt: str  # noqa: N815 - the same
    remoteIP: str  # noqa: N815 - the same
    userAgent: str  # noqa: N815 - the same

    @classmethod
    def of(cls, session: Session) -> Self:
        """Translate a session."""
        return cls(
            id=session.id,
            created=instant(session.created_at),
            authenticatedAt=instant(session.authenticated_at),
            lastSeen=instant(session.last_seen_at),
            expiresAt=instant(session.expires_at),
            remoteIP=session.address,
            userAgent=session.user_agent,
        )


class SessionList(BaseModel):
    """The living sessions of somebody."""

    totalCount: int  # noqa: N815 - the wire's style
    sessions: list[SessionBody]
