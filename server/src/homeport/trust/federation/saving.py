"""Saving a provider as the edges do it: judge what was typed, ask the network while nothing is held, keep what was found good."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.outbound.driver import drive
from homeport.foundation.outbound.model import Fetcher
from homeport.foundation.outbound.urls import Origin
from homeport.trust.federation.actions import IdentityProviders, Typed
from homeport.trust.federation.connection_test import Candidate, examine
from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.model import IdentityProvider


@dataclass(frozen=True, slots=True)
class Saving:
    """Tries a provider and keeps the proposal. `network` is the client itself, no cache; `allow` are its exceptions."""

    work: Work[IdentityProviders]
    network: Fetcher
    clock: Clock
    entropy: Entropy
    allow: Collection[Origin] = ()

    async def save(
        self, actor: Actor, provider_id: str, typed: Typed, version: int | None = None
    ) -> tuple[IdentityProvider | None, Judgement]:
        """Return the provider with its proposal, or None when a check failed, and all checks; raise Invalid for bad fields."""
        candidate = await run_in_threadpool(self._candidate, actor, provider_id, typed)
        judgement = await drive(examine(candidate, self.clock, self.entropy), self.network)
        if judgement.metadata is None:
            return None, judgement
        return await run_in_threadpool(self._propose, actor, provider_id, typed, judgement, version), judgement

    def _candidate(self, actor: Actor, provider_id: str, typed: Typed) -> Candidate:
        with self.work.read() as providers:
            return replace(providers.candidate(actor, provider_id, typed), allow=self.allow)

    def _propose(
        self, actor: Actor, provider_id: str, typed: Typed, judgement: Judgement, version: int | None
    ) -> IdentityProvider:
        with self.work.write() as providers:
            return providers.propose(actor, provider_id, typed, judgement, version=version)
