"""What the federation actions need."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from homeport.trust.federation.health import FetchRecord, SecretAnswer
from homeport.trust.federation.jwks import KeySnapshot
from homeport.trust.federation.model import FederatedIdentity, IdentityProvider


class ProviderStore(Protocol):
    """Keeps the identity provider; there is at most one, draft or active."""

    def add(self, provider: IdentityProvider) -> None:
        """Store a new provider; raise Conflict when there is one already."""
        ...

    def list(self) -> Sequence[IdentityProvider]:
        """Return the providers, drafts too."""
        ...

    def get(self, provider_id: str) -> IdentityProvider | None:
        """Return a provider."""
        ...

    def get_for_update(self, provider_id: str) -> IdentityProvider | None:
        """Return a provider and keep others from changing or using it until the unit of work ends."""
        ...

    def get_for_use(self, provider_id: str) -> IdentityProvider | None:
        """Return a provider and keep others from changing it until the unit of work ends; many can use it at once."""
        ...

    def save(self, provider: IdentityProvider) -> None:
        """Store a changed provider."""
        ...

    def remove(self, provider_id: str) -> None:
        """Remove a provider."""
        ...


class LinkStore(Protocol):
    """Keeps federated identities. Of an issuer and subject at most one is not removed."""

    def add(self, link: FederatedIdentity) -> bool:
        """Store a link; return False when one of the same issuer and subject, or of the same user, is there and not removed."""
        ...

    def find_by_subject(self, issuer: str, subject: str) -> FederatedIdentity | None:
        """Return the link that is not removed, else the one removed last."""
        ...

    def of_user(self, user_id: str) -> Sequence[FederatedIdentity]:
        """Return all links a user ever had, the newest first."""
        ...

    def save(self, link: FederatedIdentity) -> None:
        """Store a changed link."""
        ...

    def count_active(self, provider_id: str) -> int:
        """Return how many active links a provider has."""
        ...

    def count_inactive(self, issuer: str) -> int:
        """Return how many links of an issuer outlived their provider."""
        ...

    def deactivate(self, provider_id: str) -> None:
        """Make a provider's active links inactive."""
        ...

    def reactivate(self, issuer: str, provider_id: str) -> None:
        """Give an issuer's inactive links to a provider and make them active."""
        ...

    def forget_user(self, user_id: str) -> None:
        """Remove every trace of a user's links."""
        ...


class KeySnapshotStore(Protocol):
    """Keeps the key sets that were fetched last."""

    def load(self, jwks_uri: str) -> KeySnapshot | None:
        """Return the snapshot of an address."""
        ...

    def save(self, snapshot: KeySnapshot) -> None:
        """Store a snapshot unless a newer one is there."""
        ...


class HealthStore(Protocol):
    """Keeps what became of fetches, and what the provider said to client secrets."""

    def fetch(self, url: str) -> FetchRecord:
        """Return what is known of an address; an empty record when nothing is."""
        ...

    def note_success(self, url: str, at: datetime, change: str = "") -> None:
        """Keep that an address was fetched, and what it says otherwise than before."""
        ...

    def note_failure(self, url: str, at: datetime, failure: str) -> None:
        """Keep that an address could not be fetched, and why."""
        ...

    def answers(self, provider_id: str) -> Mapping[str, SecretAnswer]:
        """Return what a provider said to its secrets, by the secret's id."""
        ...

    def note_answer(self, secret_id: str, provider_id: str, at: datetime, *, accepted: bool) -> None:
        """Keep that the provider took a secret, or refused it."""
        ...

    def key_snapshot(self, jwks_uri: str) -> KeySnapshot | None:
        """Return the key set that is stored for an address."""
        ...

    def forget(self, provider_id: str) -> None:
        """Forget what a deleted provider said."""
        ...


class DirectoryCounts(Protocol):
    """What the set-up page tells about the directory."""

    def count_users(self) -> int:
        """Return how many users there are."""
        ...

    def count_devices(self) -> int:
        """Return how many devices there are."""
        ...

    def email_domains(self) -> Sequence[str]:
        """Return the domains of the users' addresses, the most frequent first."""
        ...
