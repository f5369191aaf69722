"""The hourly look at the provider: metadata, clock and keys are fetched again, so that a withdrawn key is trusted no longer."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.outbound.model import Fetcher
from homeport.foundation.outbound.urls import Origin
from homeport.trust.federation import discovery
from homeport.trust.federation.actions import IdentityProviders
from homeport.trust.federation.actions.providers import UPKEEP
from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.jwks import REFRESH_AFTER, KeySetFetch
from homeport.trust.federation.key_cache import KeyCache
from homeport.trust.federation.model import IdentityProvider, ProviderState


@dataclass(frozen=True, slots=True)
class Refresh:
    """Refreshes every active provider that is due; call it every few minutes."""

    work: Work[IdentityProviders]
    network: Fetcher
    keys: KeyCache
    clock: Clock
    allow: Collection[Origin] = ()

    async def run(self) -> int:
        """Forget old drafts, refresh what is older than an hour; return how many providers were asked."""
        active, due = await run_in_threadpool(self._look)
        for provider in due:
            location = discovery.locate(provider.settings.url, provider.kind)
            answer = await self.network.fetch(location.fetch())
            judgement = discovery.judge(answer, location, now=self.clock.now(), allow=self.allow)
            await run_in_threadpool(self._record, provider, judgement)
            metadata = judgement.metadata or provider.metadata
            if metadata is not None and metadata.issuer == provider.issuer:
                await self.keys.fetch(KeySetFetch(metadata.jwks_uri))
        for provider in active:
            if provider not in due and provider.metadata is not None:  # fresh ones are answered from the cache
                await self.keys.fetch(KeySetFetch(provider.metadata.jwks_uri))
        return len(due)

    def _look(self) -> tuple[list[IdentityProvider], list[IdentityProvider]]:
        """Return the active providers, and those whose metadata is to be fetched again."""
        with self.work.write() as providers:
            providers.forget_expired_drafts()
            now = self.clock.now()
            active = [one for one in providers.list(UPKEEP) if one.state is ProviderState.ACTIVE]
            due = [
                one
                for one in active
                if one.metadata is None or one.metadata.fetched_at is None or now - one.metadata.fetched_at >= REFRESH_AFTER
            ]
            return active, due

    def _record(self, provider: IdentityProvider, judgement: Judgement) -> None:
        with self.work.write() as providers:
            providers.record_refresh(provider.id, judgement)
