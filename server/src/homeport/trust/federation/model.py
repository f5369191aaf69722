"""Identity providers, what they publish, and the links between their subjects and our users."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from homeport.foundation.kernel.events import Event
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
class Settings:
    """What an administrator chose and what the provider was found to be. Secrets are sealed envelopes."""

    name: str
    url: str
    issuer: str
    client_id: str
    email_domains: tuple[str, ...]
    secret: str | None = field(default=None, repr=False)
    second_secret: str | None = field(default=None, repr=False)
    """Tried when the provider refuses the first, so that one can be rotated."""
    secret_set_at: datetime | None = None
    secret_set_by: str = ""
    secret_id: str = ""
    """Names the secret without telling it, so that what is noted of it holds when it changes its place."""
    second_secret_set_at: datetime | None = None
    second_secret_set_by: str = ""
    second_secret_id: str = ""
    unstated_email_accepted: bool = False
    """Generic OIDC only: an address counts when the provider leaves `email_verified` out. False stays a refusal."""
    unstated_email_decided_at: datetime | None = None
    unstated_email_decided_by: str = ""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """One provider. A draft has an id before it has settings; `proposal` waits for the administrator's confirmation."""

    id: str
    kind: ProviderKind
    state: ProviderState
    settings: Settings
    created_at: datetime
    updated_at: datetime
    metadata: Metadata | None = None
    metadata_error: str = ""
    """Why the last refresh of the metadata failed, as a sentence; empty when it did not."""
    proposal: Settings | None = None
    proposed_metadata: Metadata | None = None
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    """When a draft that was never confirmed is forgotten."""
    version: int = 1

    @property
    def name(self) -> str:
        """The name people see."""
        return self.settings.name or DEFAULT_NAMES[self.kind]

    @property
    def issuer(self) -> str:
        """The exact issuer; empty for a draft."""
        return self.settings.issuer

    @property
    def client_id(self) -> str:
        """Our id at the provider."""
        return self.settings.client_id

    @property
    def email_domains(self) -> tuple[str, ...]:
        """The domains whose addresses may make a first link, in lower case."""
        return self.settings.email_domains

    @property
    def must_state_verified(self) -> bool:
        """Tell whether `email_verified` must be true for a first link; otherwise it may be absent, and never false."""
        return self.kind is not ProviderKind.OKTA and not self.settings.unstated_email_accepted

    @property
    def accepts_more(self) -> bool:
        """Tell whether the proposal begins to accept addresses that the provider does not call verified."""
        wanted = self.proposal is not None and self.proposal.unstated_email_accepted
        return wanted and (self.changes_issuer or not self.settings.unstated_email_accepted)

    @property
    def changes_issuer(self) -> bool:
        """Tell whether the proposal leads to another issuer, so that no link of today matches any more."""
        return self.proposal is not None and self.proposal.issuer != self.settings.issuer


NO_SETTINGS = Settings(name="", url="", issuer="", client_id="", email_domains=())
DEFAULT_NAMES = {ProviderKind.OKTA: "Okta", ProviderKind.OIDC: "OpenID Connect"}


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom a change of the provider concerns, in numbers."""

    users: int
    devices: int
    active_links: int
    """Links that stop working by it."""
    returning_links: int = 0
    """Inactive links of the same issuer that work again."""


@dataclass(frozen=True, slots=True)
class IdentityProviderDeleted(Event):
    """The provider is being deleted; its open sign-ins end."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class IdentityProviderChanged(Event):
    """The provider was activated or its settings changed; `issuer_changed` when sign-ins under way cannot end well."""

    provider_id: str
    issuer_changed: bool = False


@dataclass(frozen=True, slots=True)
class IdentityLinked(Event):
    """A user got a link to an identity."""

    user_id: str
    provider_id: str


@dataclass(frozen=True, slots=True)
class Client:
    """How Homeport proves itself to the provider: the secrets in the order in which they are tried."""

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)
    secret_ids: tuple[str, ...] = ()
    """The ids of the secrets, in the same order, by which the provider's answer to each is kept."""


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
