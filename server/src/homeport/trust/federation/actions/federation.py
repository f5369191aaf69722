"""What a sign-in asks of federation: which provider, with which credentials, and whose identity it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.people.actions import People
from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.foundation.sealing.sealer import Sealer
from homeport.trust.federation import linking
from homeport.trust.federation.actions.sealed import client_of
from homeport.trust.federation.actions.standing import health_of
from homeport.trust.federation.health import Health
from homeport.trust.federation.jwks import STALE_LIMIT
from homeport.trust.federation.linking import LinkAndMatch, Matched
from homeport.trust.federation.model import (
    Client,
    FederatedIdentity,
    IdentityLinked,
    IdentityProvider,
    LinkState,
    ProviderState,
    Refusal,
)
from homeport.trust.federation.ports import HealthStore, LinkStore, ProviderStore
from homeport.trust.federation.recorder import Recorder
from homeport.trust.federation.verifier import VerifiedIdentity

FEDERATION = system("federation")


@dataclass(frozen=True, slots=True)
class Federation:
    """Federation over one unit of work, as a sign-in sees it. Nobody has signed in yet, so no permission is asked."""

    providers: ProviderStore
    links: LinkStore
    people: People
    audit: Audit
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    health_store: HealthStore

    def active_provider(self) -> IdentityProvider | None:
        """Return the provider that everybody signs in with; None while there is none."""
        # public: the sign-in page must know where to send people
        return next((provider for provider in self.providers.list() if provider.state is ProviderState.ACTIVE), None)

    def is_reachable(self, provider: IdentityProvider) -> bool:
        """Tell whether the metadata is young enough to send people to the provider: it lives 24 hours without a refresh."""
        # public: asked before anybody is sent away
        fetched_at = provider.metadata.fetched_at if provider.metadata else None
        return fetched_at is not None and self.clock.now() - fetched_at <= STALE_LIMIT

    def provider_for_callback(self, provider_id: str) -> IdentityProvider | None:
        """Return the active provider with this id and hold it: it cannot be deleted or changed until the unit of work ends."""
        # public: the redirect URI names the provider
        provider = self.providers.get_for_use(provider_id)
        return provider if provider is not None and provider.state is ProviderState.ACTIVE else None

    def health(self, provider: IdentityProvider) -> Health:
        """Return how the provider is doing."""
        # public: whoever may see that there is a provider may see whether it works
        return health_of(provider, self.health_store, self.clock.now())

    def note_secrets(self, provider_id: str, answers: Mapping[str, bool]) -> None:
        """Keep which client secrets the provider took or refused just now."""
        # public: seen by the sign-in that asked
        if not answers:
            return
        known, now = self.health_store.answers(provider_id), self.clock.now()
        for secret_id, accepted in answers.items():
            before = known.get(secret_id)
            if secret_id and (before is None or not before.noted(now, accepted=accepted)):
                self.health_store.note_answer(secret_id, provider_id, now, accepted=accepted)

    def under_test(self, provider_id: str, mark: str = "") -> tuple[IdentityProvider, str]:
        """Return the provider as a connection test sees it, and a mark of that configuration.

        What waits for confirmation is tested before what is in use. Raises NotFound when there is nothing to test, or, with a `mark`,
        when the configuration is another by now.
        """
        # public: starting a test asks for the permission; what is found is only read
        provider = self.providers.get(provider_id)
        if provider is None or (provider.state is ProviderState.DRAFT and provider.proposal is None):
            raise NotFound("There is nothing to test. Save the identity provider first; it may also have been deleted.")
        present = f"{'settings' if provider.proposal is None else 'proposal'} {provider.version}"
        if mark and mark != present:
            raise NotFound("The configuration changed since the test began.")
        if provider.proposal is not None:
            provider = replace(provider, settings=provider.proposal, metadata=provider.proposed_metadata)
        return provider, present

    def client(self, provider: IdentityProvider) -> Client:
        """Return our credentials at the provider, opened."""
        # public: only the exchange uses it
        return client_of(provider.id, provider.settings, self.sealer)

    def match(
        self, identity: VerifiedIdentity, provider: IdentityProvider, started_at: datetime, recorder: Recorder
    ) -> Matched | LinkAndMatch | Refusal:
        """Decide whose identity it is, under the user's lock; nothing is written, so a sign-in may still be refused without a trace."""
        # public: a verified identity is the proof
        outcome = self._matched(identity, provider, started_at)
        if isinstance(outcome, Refusal):
            recorder.failed("user matched", reason=outcome.reason.code, detail=outcome.detail)
        else:
            how = "first sign-in of this identity" if isinstance(outcome, LinkAndMatch) else f"link {outcome.link.id}"
            recorder.ok("user matched", user=outcome.user_id, by=how)
        return outcome

    def accept(self, outcome: Matched | LinkAndMatch, provider: IdentityProvider, recorder: Recorder) -> Refusal | None:
        """Keep what a sign-in showed, once everything else admits: the first link is made and audited, an old one is noted as used."""
        # public: the sign-in matched the identity and admitted the person
        if isinstance(outcome, Matched):
            self.links.save(replace(outcome.link, last_used_at=self.clock.now()))
            return None
        if self._link(outcome, provider) is None:  # somebody else linked this subject or user between our look and our lock
            refusal = Refusal(ReasonCode.SUBJECT_DIFFERS, "Another sign-in made a link at the same moment.")
            recorder.failed("linked", reason=refusal.reason.code, detail=refusal.detail)
            return refusal
        recorder.ok("linked", user=outcome.user_id, email=outcome.email, subject=outcome.subject)
        return None

    def _matched(
        self, identity: VerifiedIdentity, provider: IdentityProvider, started_at: datetime
    ) -> Matched | LinkAndMatch | Refusal:
        email = linking.canonical_email(identity.email)
        seen = self.links.find_by_subject(identity.issuer, identity.subject)
        linked = self._locked(seen.user_id) if seen is not None else None
        found = self.people.find_by_email(FEDERATION, email) if email is not None else None
        by_email = self._locked(found.id) if found is not None else None
        # What was read before the locks may be old, so the links are read again under them.
        link = self.links.find_by_subject(identity.issuer, identity.subject)
        if link is not None and (linked is None or linked.id != link.user_id):
            linked = self._locked(link.user_id)
        return linking.match(
            identity,
            provider,
            link_by_subject=link,
            linked_user=linked,
            user_by_email=by_email,
            links_of_user=self.links.of_user(by_email.id) if by_email is not None else (),
            signin_started_at=started_at,
        )

    def _locked(self, user_id: str) -> User | None:
        try:
            return self.people.get_for_update(FEDERATION, user_id)
        except NotFound:
            return None

    def _link(self, outcome: LinkAndMatch, provider: IdentityProvider) -> FederatedIdentity | None:
        now = self.clock.now()
        link = FederatedIdentity(
            id=self.entropy.new_id(),
            user_id=outcome.user_id,
            provider_id=provider.id,
            issuer=outcome.issuer,
            subject=outcome.subject,
            email=outcome.email,
            state=LinkState.ACTIVE,
            created_at=now,
            last_used_at=now,
        )
        if not self.links.add(link):
            return None
        changes = [Change("issuer", None, link.issuer), Change("subject", None, link.subject), Change("email", None, link.email)]
        self.audit.record(
            FEDERATION,
            "federated_identity_create",
            resource=Resource("user", link.user_id, link.email),
            changes=changes,
            details={"identity_provider": provider.id, "federated_identity": link.id},
        )
        self.publisher.publish(IdentityLinked(link.user_id, provider.id))
        return link
