"""Identity providers as JumpCloud's API writes them (`/api/v2/identity-providers`), with Homeport's additions in the same style."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import Path
from pydantic import BaseModel, Field

from homeport.foundation.http.wire import instant
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.health import FetchRecord, Health, Secret
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
            created=instant(provider.created_at),
            updated=instant(provider.updated_at),
        )


class FetchAnswer(BaseModel):
    """What became of fetching something that the provider publishes."""

    url: str
    failing: bool
    lastSuccess: str | None  # noqa: N815 - the wire's name
    lastFailure: str | None  # noqa: N815 - the wire's name
    failure: str
    nextTry: str | None  # noqa: N815 - the wire's name
    usableUntil: str | None  # noqa: N815 - the wire's name
    changed: str | None
    change: str

    @classmethod
    def of(cls, record: FetchRecord) -> Self:
        """Translate a record."""
        return cls(
            url=record.url,
            failing=record.failing,
            lastSuccess=_moment(record.succeeded_at),
            lastFailure=_moment(record.failed_at),
            failure=record.failure,
            nextTry=_moment(record.next_try()),
            usableUntil=_moment(record.usable_until()),
            changed=_moment(record.changed_at),
            change=record.change,
        )


class ClientSecretAnswer(BaseModel):
    """A client secret without the secret: `first` is tried first, `second` when the provider refuses the first."""

    slot: Literal["first", "second"]
    set: str | None
    setBy: str  # noqa: N815 - the wire's name
    lastAccepted: str | None  # noqa: N815 - the wire's name
    lastRefused: str | None  # noqa: N815 - the wire's name


class ClientSecretList(BaseModel):
    """The client secrets in the order in which they are tried."""

    totalCount: int  # noqa: N815 - the wire's name
    clientSecrets: list[ClientSecretAnswer]  # noqa: N815 - the wire's name

    @classmethod
    def of(cls, secrets: Sequence[Secret]) -> Self:
        """Translate the secrets."""
        rows = [
            ClientSecretAnswer(
                slot="first" if one.slot == "first" else "second",
                set=_moment(one.set_at),
                setBy=one.set_by,
                lastAccepted=_moment(one.answer.accepted_at),
                lastRefused=_moment(one.answer.refused_at),
            )
            for one in secrets
        ]
        return cls(totalCount=len(rows), clientSecrets=rows)


class ProblemAnswer(BaseModel):
    """Something that needs an administrator; `stops` tells that sign-ins fail by it."""

    message: str
    remedy: str
    stops: bool


class HealthAnswer(BaseModel):
    """How an identity provider is doing; refusals are counted under /api/v2/sign-ins/refusals."""

    status: Literal["healthy", "attention", "failed"]
    problems: list[ProblemAnswer]
    metadata: FetchAnswer
    keys: FetchAnswer
    keyIds: list[str]  # noqa: N815 - the wire's name
    clockDifference: float | None  # noqa: N815 - the wire's name
    """Seconds that the provider's clock is ahead of the server's."""

    @classmethod
    def of(cls, health: Health) -> Self:
        """Translate a health."""
        return cls(
            status=health.standing.value,
            problems=[ProblemAnswer(message=one.sentence, remedy=one.remedy, stops=one.stops) for one in health.problems],
            metadata=FetchAnswer.of(health.metadata),
            keys=FetchAnswer.of(health.keys),
            keyIds=list(health.key_ids),
            clockDifference=health.clock_difference,
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


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
