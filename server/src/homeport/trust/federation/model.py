"""Identity providers, what they publish, and the links between their subjects and our users."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from homeport.foundation.kernel.reasons import ReasonCode


class ProviderKind(StrEnum):
    """Which kind of provider it is; it decides how `email_verified` counts and which words the pages use."""

    OKTA = "OKTA"
    OIDC = "OIDC"


class ProviderState(StrEnum):
    """A draft has an id, and so a redirect URI, before anything else is known; only an active provider signs people in."""

    DRAFT = "draft"
    ACTIVE = "active"


class LinkState(StrEnum):
    """Active links sign people in; inactive ones outlived their provider or issuer; removed ones were unlinked."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider published (OpenID Connect Discovery 1.0, section 3), after it was judged."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    algorithms: tuple[str, ...] = ("RS256",)
    iss_parameter_supported: bool = False
    """The provider promises `iss` on the redirect (RFC 9207, section 3)."""
    pkce_advertised: bool = False
    fetched_at: datetime | None = None
    clock_difference: float | None = None
    """Seconds that the provider's clock is ahead of ours, by its Date header."""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """One provider. Secrets are sealed envelopes; the second slot serves while the first is rotated."""

    id: str
    kind: ProviderKind
    name: str
    state: ProviderState
    url: str
    issuer: str
    client_id: str
    email_domains: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    secret: str | None = field(default=None, repr=False)
    second_secret: str | None = field(default=None, repr=False)
    secret_set_at: datetime | None = None
    secret_set_by: str = ""
    second_secret_set_at: datetime | None = None
    metadata: Metadata | None = None
    metadata_error: str = ""
    """Why the last refresh of the metadata failed, as a sentence; empty when it did not."""
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    """When a draft that was never confirmed is forgotten."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Client:
    """How Homeport proves itself to the provider: the secrets in the order in which they are tried."""

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FederatedIdentity:
    """A link: this subject of this issuer is this user. Key is issuer + subject, never an address or a name."""

    id: str
    user_id: str
    provider_id: str
    issuer: str
    subject: str
    email: str
    """The address the provider stated when the link was made; for people to read."""
    state: LinkState
    created_at: datetime
    last_used_at: datetime | None = None
    removed_at: datetime | None = None
    relink_allowed_at: datetime | None = None
    """Since when the user may get a new link in place of this removed one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sign-in that ends here: the reason, and in words what exactly was seen (never a secret)."""

    reason: ReasonCode
    detail: str = ""


def redirect_uri(public_url: str, provider_id: str) -> str:
    """Return the provider's own redirect URI; one for each provider is the defence against mix-up (RFC 9700, section 4.4.2)."""
    return f"{public_url.rstrip('/')}/oauth/callback/{provider_id}"


def host_of(url: str) -> str:
    """Return the host of an address, for sentences."""
    return urlsplit(url).hostname or url
