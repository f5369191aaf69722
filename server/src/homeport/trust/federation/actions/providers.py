"""What administrators do with the identity provider: draft, try, save, confirm, delete."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.sealing.sealer import Sealer
from homeport.trust.federation import discovery
from homeport.trust.federation.actions.sealed import client_of, seal_secret
from homeport.trust.federation.actions.secrets import NO_FIRST, NO_SECOND, ClientSecrets
from homeport.trust.federation.actions.standing import document_url, health_of
from homeport.trust.federation.actions.typed import MAX_DOMAINS, Typed, normal_domains, problems
from homeport.trust.federation.connection_test import Candidate
from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.health import Health, metadata_change
from homeport.trust.federation.model import (
    NO_SETTINGS,
    Client,
    IdentityProvider,
    IdentityProviderChanged,
    IdentityProviderDeleted,
    Impact,
    ProviderKind,
    ProviderState,
    Settings,
    redirect_uri,
)
from homeport.trust.federation.ports import DirectoryCounts, HealthStore, LinkStore, ProviderStore

DRAFT_LIFETIME = timedelta(days=7)
NOT_DECIDED: dict[str, Any] = {
    "unstated_email_accepted": False,
    "unstated_email_decided_at": None,
    "unstated_email_decided_by": "",
}
_SHOWN = ("name", "url", "issuer", "client_id", "email_domains", "unstated_email_accepted")


@dataclass(frozen=True, slots=True)
class IdentityProviders:
    """The identity providers of one unit of work."""

    providers: ProviderStore
    links: LinkStore
    counts: DirectoryCounts
    audit: Audit
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    public_url: str
    health_store: HealthStore

    @property
    def secrets(self) -> ClientSecrets:
        """The actions on the client secrets, in the same unit of work."""
        # public: each of these actions asks by itself
        return ClientSecrets(self.providers, self.audit, self.clock)

    def list(self, actor: Actor) -> Sequence[IdentityProvider]:
        """Return the providers, drafts too."""
        actor.require(Permission.IDENTITY_PROVIDERS_READ)
        return self.providers.list()

    def get(self, actor: Actor, provider_id: str) -> IdentityProvider:
        """Return a provider; raise NotFound."""
        actor.require(Permission.IDENTITY_PROVIDERS_READ)
        return _found(self.providers.get(provider_id))

    def health(self, actor: Actor, provider_id: str) -> Health:
        """Return how an active provider is doing; raise NotFound."""
        actor.require(Permission.IDENTITY_PROVIDERS_READ)
        provider = _found(self.providers.get(provider_id))
        return health_of(provider, self.health_store, self.clock.now())

    def proposed_domains(self, actor: Actor) -> Sequence[str]:
        """Return the e-mail domains of the users, the most frequent first, as a proposal."""
        actor.require(Permission.IDENTITY_PROVIDERS_READ)
        return self.counts.email_domains()[:MAX_DOMAINS]

    def draft(self, actor: Actor, kind: ProviderKind) -> IdentityProvider:
        """Return the draft, made now if there is none; raise Conflict when a provider is active already."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        now = self.clock.now()
        for present in self.providers.list():
            if present.state is ProviderState.ACTIVE:
                raise Conflict(
                    f"{present.name} is the identity provider already, and this version works with one at a time. "
                    "Change it, or delete it first.",
                    reason="identity_provider_exists",
                )
            if present.kind is kind and present.expires_at is not None and present.expires_at > now:
                return present
            self.providers.remove(present.id)
        provider = IdentityProvider(
            id=self.entropy.new_id(),
            kind=kind,
            state=ProviderState.DRAFT,
            settings=NO_SETTINGS,
            created_at=now,
            updated_at=now,
            expires_at=now + DRAFT_LIFETIME,
        )
        self.providers.add(provider)
        return provider

    def candidate(self, actor: Actor, provider_id: str, typed: Typed) -> Candidate:
        """Return what the edge is to try; raise Invalid with a sentence for each field that cannot be."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        provider = _found(self.providers.get(provider_id))
        secrets = self._secrets(provider, typed)
        fields = problems(typed, provider.kind)
        if not secrets and "secret" not in fields:
            moved = _base(provider).secret is not None
            fields["secret"] = (
                "Enter the client secret again: the stored one is not sent to another address."
                if moved
                else "Enter the client secret that the provider shows."
            )
        if fields:
            raise Invalid("The identity provider was not saved: " + " ".join(fields.values()), fields)
        return Candidate(
            url=typed.url,
            kind=provider.kind,
            client=Client(typed.client_id.strip(), secrets),
            redirect_uri=redirect_uri(self.public_url, provider.id),
        )

    def propose(
        self, actor: Actor, provider_id: str, typed: Typed, judgement: Judgement, *, version: int | None = None
    ) -> IdentityProvider:
        """Keep what was tried and found good until it is applied; nothing that signs people in changes yet.

        Raises Invalid when a check failed, PreconditionFailed when somebody else changed the provider since `version`.
        """
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        if judgement.metadata is None:
            raise Invalid(" ".join(f"{check.name}: {check.sentence} {check.remedy}" for check in judgement.failed))
        provider = _expected(_found(self.providers.get_for_update(provider_id)), version)
        url = discovery.locate(typed.url, provider.kind).url
        settings = self._sealed(actor, provider, typed, url=url, issuer=judgement.metadata.issuer)
        proposed = replace(
            provider,
            proposal=settings,
            proposed_metadata=judgement.metadata,
            updated_at=self.clock.now(),
            version=provider.version + 1,
        )
        self.providers.save(proposed)
        return proposed

    def needs_confirmation(self, actor: Actor, provider: IdentityProvider) -> bool:
        """Tell whether the proposal must be confirmed on its own page: a creation, another issuer, or a weaker rule for addresses."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        return provider.state is ProviderState.DRAFT or provider.changes_issuer or provider.accepts_more

    def impact(self, actor: Actor, provider: IdentityProvider) -> Impact:
        """Return whom applying the proposal concerns."""
        actor.require(Permission.IDENTITY_PROVIDERS_READ)
        return Impact(
            users=self.counts.count_users(),
            devices=self.counts.count_devices(),
            active_links=self.links.count_active(provider.id) if provider.changes_issuer else 0,
            returning_links=self.links.count_inactive(provider.proposal.issuer)
            if provider.proposal is not None and provider.changes_issuer
            else 0,
        )

    def losses(self, actor: Actor, provider: IdentityProvider) -> Impact:
        """Return whom deleting the provider concerns."""
        actor.require(Permission.IDENTITY_PROVIDERS_READ)
        return Impact(self.counts.count_users(), self.counts.count_devices(), self.links.count_active(provider.id))

    def apply(self, actor: Actor, provider_id: str, *, version: int | None = None) -> IdentityProvider:
        """Make the proposal count: activate a draft, or change the active provider. Needs recent authentication.

        Links of another issuer than the new one become inactive; inactive links of the new issuer become active again.
        """
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        actor.require_recent(self.clock.now())
        before = _expected(_found(self.providers.get(provider_id)), version)
        if before.state is ProviderState.ACTIVE and before.changes_issuer:
            # First the sign-ins, then the provider: a sign-in that ends now locks in the same order.
            self.publisher.publish(IdentityProviderChanged(provider_id, issuer_changed=True))
        before = _expected(_found(self.providers.get_for_update(provider_id)), before.version)
        if before.proposal is None:
            raise Conflict("There is nothing to confirm. Save the settings first.", reason="nothing_proposed")
        now, created = self.clock.now(), before.state is ProviderState.DRAFT
        after = replace(
            before,
            state=ProviderState.ACTIVE,
            settings=before.proposal,
            metadata=before.proposed_metadata,
            metadata_error="",
            proposal=None,
            proposed_metadata=None,
            activated_at=now if created else before.activated_at,
            expires_at=None,
            updated_at=now,
            version=before.version + 1,
        )
        self.providers.save(after)
        if before.changes_issuer:
            self.links.deactivate(after.id)
            self.links.reactivate(after.issuer, after.id)
        self.audit.record(
            actor,
            "identity_provider_create" if created else "identity_provider_update",
            resource=Resource("identity_provider", after.id, after.name),
            changes=_changes(before.settings, after.settings),
            details={"type": after.kind.value},
        )
        if created or not before.changes_issuer:
            self.publisher.publish(IdentityProviderChanged(after.id))
        return after

    def discard(self, actor: Actor, provider_id: str) -> None:
        """Forget a draft, or what was proposed for an active provider."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        provider = _found(self.providers.get_for_update(provider_id))
        if provider.state is ProviderState.DRAFT:
            self.providers.remove(provider.id)
        else:
            self.providers.save(replace(provider, proposal=None, proposed_metadata=None, version=provider.version + 1))

    def delete(self, actor: Actor, provider_id: str, *, version: int | None = None) -> IdentityProvider:
        """Delete a provider: open sign-ins end at once, links become inactive, secrets are gone. Needs recent authentication."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        actor.require_recent(self.clock.now())
        provider = _expected(_found(self.providers.get(provider_id)), version)
        # First the sign-ins, then the provider: a sign-in that ends now locks in the same order.
        self.publisher.publish(IdentityProviderDeleted(provider.id))
        provider = _expected(_found(self.providers.get_for_update(provider_id)), version)
        lost = self.links.count_active(provider.id)
        self.links.deactivate(provider.id)
        self.providers.remove(provider.id)
        self.health_store.forget(provider.id)
        if provider.state is ProviderState.ACTIVE:
            self.audit.record(
                actor,
                "identity_provider_delete",
                resource=Resource("identity_provider", provider.id, provider.name),
                changes=_changes(provider.settings, NO_SETTINGS),
                details={"type": provider.kind.value, "links": lost},
            )
        return provider

    def record_refresh(self, provider_id: str, judgement: Judgement) -> None:
        """Keep what the hourly look at the provider found; another issuer or a failure changes only the shown error."""
        # public: the server's own hourly upkeep
        provider = self.providers.get_for_update(provider_id)
        if provider is None or provider.state is not ProviderState.ACTIVE:
            return
        if judgement.metadata is None or judgement.metadata.issuer != provider.issuer:
            sentence = (
                " ".join(f"{check.name}: {check.sentence}" for check in judgement.failed) or "The provider states another issuer."
            )
            self.health_store.note_failure(document_url(provider), self.clock.now(), sentence)
            self.providers.save(replace(provider, metadata_error=sentence))
        else:
            change = metadata_change(provider.metadata, judgement.metadata)
            self.health_store.note_success(document_url(provider), self.clock.now(), change)
            self.providers.save(replace(provider, metadata=judgement.metadata, metadata_error=""))

    def forget_expired_drafts(self) -> None:
        """Remove drafts that nobody confirmed for a week."""
        # public: the server's own upkeep
        now = self.clock.now()
        for provider in self.providers.list():
            if provider.state is ProviderState.DRAFT and provider.expires_at is not None and provider.expires_at <= now:
                self.providers.remove(provider.id)

    def _secrets(self, provider: IdentityProvider, typed: Typed) -> tuple[str, ...]:
        """Return the secrets to try, opened; stored ones only for the address for which they were stored."""
        stored = client_of(provider.id, self._kept(provider, typed), self.sealer).secrets
        kept = _kept_by_slot(self._kept(provider, typed), stored)
        return tuple(one for one in (typed.secret or kept[0], typed.second_secret or kept[1]) if one)

    def _kept(self, provider: IdentityProvider, typed: Typed) -> Settings:
        base = _base(provider)
        try:
            same = discovery.locate(typed.url, provider.kind).url == base.url
        except ValueError:
            same = False
        kept = base if same else replace(base, **NO_FIRST, **NO_SECOND, **NOT_DECIDED)  # both were about another provider
        return replace(kept, **NO_SECOND) if typed.drop_second_secret else kept

    def _sealed(self, actor: Actor, provider: IdentityProvider, typed: Typed, *, url: str, issuer: str) -> Settings:
        kept, now = self._kept(provider, typed), self.clock.now()
        if typed.secret:
            kept = replace(
                kept,
                secret=seal_secret(provider.id, typed.secret, self.sealer),
                secret_id=self.entropy.new_id(),
                secret_set_at=now,
                secret_set_by=actor.name,
            )
        if typed.second_secret:
            kept = replace(
                kept,
                second_secret=seal_secret(provider.id, typed.second_secret, self.sealer),
                second_secret_id=self.entropy.new_id(),
                second_secret_set_at=now,
                second_secret_set_by=actor.name,
            )
        # What is left out never takes up a proposal that nobody confirmed.
        decided = provider.state is ProviderState.DRAFT or provider.settings.unstated_email_accepted
        left_out = kept.unstated_email_accepted and decided
        accepted = left_out if typed.unstated_email_accepted is None else typed.unstated_email_accepted
        if accepted != kept.unstated_email_accepted:
            kept = replace(kept, unstated_email_decided_at=now, unstated_email_decided_by=actor.name)
        return replace(
            kept,
            unstated_email_accepted=accepted and provider.kind is ProviderKind.OIDC,
            name=typed.name.strip(),
            url=url,
            issuer=issuer,
            client_id=typed.client_id.strip(),
            email_domains=normal_domains(typed.email_domains),
        )


UPKEEP = system("federation")
"""The actor of the hourly look at the provider."""


def _kept_by_slot(settings: Settings, opened: tuple[str, ...]) -> tuple[str, str]:
    rest = list(opened)
    first = rest.pop(0) if settings.secret is not None else ""
    return first, rest.pop(0) if settings.second_secret is not None else ""


def _base(provider: IdentityProvider) -> Settings:
    """Return what an empty secret refers to: the last that was saved, confirmed or not."""
    return provider.proposal or provider.settings


def _changes(before: Settings, after: Settings) -> Sequence[Change]:
    changes = []
    for name in _SHOWN:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            plain = [list(one) if isinstance(one, tuple) else one if isinstance(one, bool) else one or None for one in (old, new)]
            changes.append(Change(name, plain[0], plain[1]))
    secrets = ((before.secret, after.secret), (before.second_secret, after.second_secret))
    return [*changes, *(Change("client_secret", old, new) for old, new in secrets if old != new)]


def _found(provider: IdentityProvider | None) -> IdentityProvider:
    if provider is None:
        raise NotFound("There is no such identity provider. It may have been deleted.")
    return provider


def _expected(provider: IdentityProvider, version: int | None) -> IdentityProvider:
    if version is not None and version != provider.version:
        raise PreconditionFailed(
            f"{provider.name} was changed by somebody else since you opened the page. Look at the present values and repeat."
        )
    return provider
