import asyncio

import pytest

from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.kernel.actor import system
from homeport.foundation.outbound.model import FailureKind, FetchFailed
from homeport.trust.federation.jobs import Refresh
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.key_cache import KeyCache
from homeport.trust.federation.model import ProviderKind

KEYS = "https://example.okta.com/oauth2/v1/keys"
DOWN = FetchFailed(FailureKind.TIMEOUT, KEYS, "It did not answer.")


@pytest.fixture
def stored():
    return {}


@pytest.fixture
def refresh(slice_, network, clock, stored):
    """Run the hourly look; return how many providers were asked."""

    def save(snapshot):
        stored[snapshot.jwks_uri] = snapshot

    cache = KeyCache(network, clock, stored.get, save)
    job = Refresh(DatabaseWork(slice_.database, slice_.providers_of), network, cache, clock)
    return lambda: asyncio.run(job.run())


def active(slice_):
    with slice_.federation() as federation:
        return federation.active_provider()


def test_provider_is_looked_at_once_an_hour(refresh, slice_, clock, stored, network, signer):
    slice_.a_provider()
    assert refresh() == 0
    clock.forward(hours=1)
    assert (refresh(), refresh()) == (1, 0)
    assert active(slice_).metadata.fetched_at == clock.now()
    assert KeySet.parse(stored[KEYS].body) == signer.keys()
    network.keys = network.keys[:1]
    clock.forward(hours=1)
    refresh()
    assert len(KeySet.parse(stored[KEYS].body).keys) == 1


def test_failed_look_is_told_on_the_page_and_changes_nothing_else(refresh, slice_, clock, network):
    before = slice_.a_provider()
    network.replaced["/.well-known/openid-configuration"] = DOWN
    clock.forward(hours=1)
    assert refresh() == 1
    after = active(slice_)
    assert (after.metadata, after.metadata_error) == (before.metadata, "Discovery document: It did not answer.")
    del network.replaced["/.well-known/openid-configuration"]
    assert refresh() == 1
    assert active(slice_).metadata_error == ""


def test_old_drafts_are_forgotten(refresh, slice_, clock):
    with slice_.providers() as providers:
        providers.draft(system("test"), ProviderKind.OKTA)
    clock.forward(days=8)
    assert refresh() == 0
    with slice_.providers() as providers:
        assert providers.providers.list() == []
