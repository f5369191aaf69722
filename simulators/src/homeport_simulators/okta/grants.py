"""What the provider remembers between requests: sign-in transactions, sessions, codes and access tokens."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

CODE_LIFETIME = timedelta(seconds=60)  # Okta allows 300 s; the shorter life shows a client that dawdles
TOKEN_LIFETIME = timedelta(hours=1)  # Okta's fixed life of ID and access tokens at the org server


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """A request that passed every check of the authorization endpoint."""

    server: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    nonce: str | None = None
    response_mode: str = "query"
    code_challenge: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str = ""


@dataclass(kw_only=True)
class Session:
    """A person signed in at the provider, known by a cookie."""

    id: str
    user_id: str
    auth_time: datetime
    consented: set[str] = field(default_factory=set)


@dataclass(kw_only=True)
class Code:
    """An authorization code, bound to client, redirect URI, authorization server and PKCE challenge."""

    request: AuthorizationRequest
    user_id: str
    auth_time: datetime
    expires_at: datetime
    used: bool = False
    access_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Changes a fault made to who the person is; ID token and userinfo tell the same story."""

    set: dict[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def apply(self, claims: dict[str, Any]) -> dict[str, Any]:
        """Return the claims as this identity would have them."""
        return {name: value for name, value in (claims | self.set).items() if name not in self.remove}


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """What an opaque access token stands for."""

    server: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    expires_at: datetime
    identity: Identity = field(default_factory=Identity)


@dataclass
class Grants:
    """Everything issued so far; nothing survives the process."""

    transactions: dict[str, AuthorizationRequest] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
