"""Gathers what is stored about a provider's health."""

from dataclasses import replace
from datetime import datetime

from homeport.trust.federation import discovery
from homeport.trust.federation.health import FetchRecord, Health, secrets_of
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.model import IdentityProvider
from homeport.trust.federation.ports import HealthStore


def document_url(provider: IdentityProvider) -> str:
    """Return the address of the provider's discovery document."""
    return discovery.locate(provider.settings.url, provider.kind).document


def health_of(provider: IdentityProvider, store: HealthStore, now: datetime) -> Health:
    """Return an active provider's health; what was fetched when it was saved counts as fetched."""
    metadata = provider.metadata
    if metadata is None:
        return Health(now, FetchRecord(provider.settings.url), FetchRecord(""))
    kept = store.fetch(document_url(provider))
    if metadata.fetched_at is not None and (kept.succeeded_at is None or kept.succeeded_at < metadata.fetched_at):
        kept = replace(kept, succeeded_at=metadata.fetched_at)
    keys, snapshot = store.fetch(metadata.jwks_uri), store.key_snapshot(metadata.jwks_uri)
    if snapshot is not None and (keys.succeeded_at is None or keys.succeeded_at < snapshot.fetched_at):
        keys = replace(keys, succeeded_at=snapshot.fetched_at)
    return Health(
        at=now,
        metadata=kept,
        keys=keys,
        key_ids=KeySet.parse(snapshot.body).key_ids() if snapshot is not None else (),
        clock_difference=metadata.clock_difference,
        secrets=secrets_of(provider.id, provider.settings, store.answers(provider.id)),
    )
