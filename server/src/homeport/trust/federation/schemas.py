"""Identity providers as JumpCloud's API writes them (`/api/v2/identity-providers`), with Homeport's additions in the same style."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from fastapi import Path
from pydantic import BaseModel, Field

from homeport.trust.federation.actions import Typed
from homeport.trust.federation.model import IdentityProvider, ProviderKind, ProviderState, redirect_uri

PathId = Annotated[str, Path(min_length=1, max_length=64, description="The identity provider's id.")]


class OidcPost(BaseModel):
    """The OpenID Connect settings of a new provider."""

    clientId: str  # noqa: N815 - the wire's name
    clientSecret: str = Field(repr=False)  # noqa: N815 - the wire's name
    url: str
    acceptMissingEmailVerified: bool = False  # noqa: N815 - the wire's name
    """Type OIDC only: an address counts although the provider leaves `email_verified` out; false is refused all the same."""


class OidcPut(BaseModel):
    """Changed OpenID Connect settings; what is left out stays. Another `url` needs `clientSecret` again."""

    clientId: str | None = None  # noqa: N815 - the wire's name
    clientSecret: str | None = Field(default=None, repr=False)  # noqa: N815 - the wire's name
    secondClientSecret: str | None = Field(default=None, repr=False)  # noqa: N815 - the wire's name
    url: str | None = None
    acceptMissingEmailVerified: bool | None = None  # noqa: N815 - the wire's name


class OidcAnswer(BaseModel):
    """The OpenID Connect settings in an answer; the secrets are never in it."""

    clientId: str  # noqa: N815 - the wire's name
    url: str
    issuer: str
    redirectUri: str  # noqa: N815 - the wire's name
    acceptMissingEmailVerified: bool  # noqa: N815 - the wire's name


class IdentityProviderPost(BaseModel):
    """A new identity provider. Without `emailDomains` it gets those of the directory's users."""

    name: str
    type: Literal["OKTA", "OIDC"]
    oidc: OidcPost
    emailDomains: list[str] | None = None  # noqa: N815 - the wire's name

    def typed(self, proposed: tuple[str, ...]) -> Typed:
        """Translate to what an administrator types."""
        return Typed(
            name=self.name,
            url=self.oidc.url,
            client_id=self.oidc.clientId,
            secret=self.oidc.clientSecret,
            email_domains=proposed if self.emailDomains is None else tuple(self.emailDomains),
            unstated_email_accepted=self.oidc.acceptMissingEmailVerified,
        )


class IdentityProviderPut(BaseModel):
    """A change of the identity provider: what is left out stays as it is."""

    name: str | None = None
    type: Literal["OKTA", "OIDC"] | None = None
    oidc: OidcPut = Field(default_factory=OidcPut)
    emailDomains: list[str] | None = None  # noqa: N815 - the wire's name

    def typed(self, present: IdentityProvider) -> Typed:
        """Translate to what an administrator types over the present settings."""
        settings, oidc = present.settings, self.oidc
        return Typed(
            name=settings.name if self.name is None else self.name,
            url=settings.url if oidc.url is None else oidc.url,
            client_id=settings.client_id if oidc.clientId is None else oidc.clientId,
            secret=oidc.clientSecret or "",
            second_secret=oidc.secondClientSecret or "",
            drop_second_secret=oidc.secondClientSecret == "",
            email_domains=settings.email_domains if self.emailDomains is None else tuple(self.emailDomains),
            unstated_email_accepted=oidc.acceptMissingEmailVerified,
        )


class IdentityProviderAnswer(BaseModel):
    """An identity provider in an answer."""

    id: str
    name: str
    type: Literal["OKTA", "OIDC"]
    oidc: OidcAnswer
    emailDomains: list[str]  # noqa: N815 - the wire's name
    created: str
    updated: str

    @classmethod
    def of(cls, provider: IdentityProvider, public_url: str) -> Self:
        """Translate a provider."""
        return cls(
            id=provider.id,
            name=provider.name,
            type=provider.kind.value,
            oidc=OidcAnswer(
                clientId=provider.client_id,
                url=provider.settings.url,
                issuer=provider.issuer,
                redirectUri=redirect_uri(public_url, provider.id),
                acceptMissingEmailVerified=provider.settings.unstated_email_accepted,
            ),
            emailDomains=list(provider.email_domains),
            created=_instant(provider.created_at),
            updated=_instant(provider.updated_at),
        )


class IdentityProviderList(BaseModel):
    """The identity providers; drafts are not among them."""

    totalCount: int  # noqa: N815 - the wire's name
    identityProviders: list[IdentityProviderAnswer]  # noqa: N815 - the wire's name


def is_listed(provider: IdentityProvider) -> bool:
    """Tell whether the API shows it: drafts belong to the portal's set-up page."""
    return provider.state is ProviderState.ACTIVE


def kind_of(name: Literal["OKTA", "OIDC"]) -> ProviderKind:
    """Translate the wire's type."""
    return ProviderKind(name)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
