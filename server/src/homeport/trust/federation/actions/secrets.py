"""What administrators do with the two client secrets, so that one can be rotated without an outage."""

from dataclasses import dataclass, replace
from typing import Any

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.federation.model import IdentityProvider, ProviderState, Settings
from homeport.trust.federation.ports import ProviderStore

NO_FIRST: dict[str, Any] = {"secret": None, "secret_id": "", "secret_set_at": None, "secret_set_by": ""}
NO_SECOND: dict[str, Any] = {f"second_{name}": value for name, value in NO_FIRST.items()}
SLOTS = ("first", "second")


@dataclass(frozen=True, slots=True)
class ClientSecrets:
    """The client secrets of the active provider, over one unit of work. Setting one is saving the provider."""

    providers: ProviderStore
    audit: Audit
    clock: Clock

    def promote(self, actor: Actor, provider_id: str, *, version: int | None = None) -> IdentityProvider:
        """Let the second secret be tried first and the first second; raise Conflict when there is no second."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        provider = self._changeable(actor, provider_id, version)
        return self._save(actor, provider, _promoted(provider.settings), "identity_provider_secret_promote")

    def remove(self, actor: Actor, provider_id: str, slot: str, *, version: int | None = None) -> IdentityProvider:
        """Remove the `first` or the `second` secret; the other stays as the first. Raises Conflict when it is the only one."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        if slot not in SLOTS:
            raise Invalid("A client secret is first or second.")
        provider = self._changeable(actor, provider_id, version)
        kept = provider.settings if slot == "second" else _promoted(provider.settings)
        return self._save(actor, provider, replace(kept, **NO_SECOND), "identity_provider_secret_remove")

    def _changeable(self, actor: Actor, provider_id: str, version: int | None) -> IdentityProvider:
        actor.require_recent(self.clock.now())
        provider = self.providers.get_for_update(provider_id)
        if provider is None or provider.state is not ProviderState.ACTIVE:
            raise NotFound("There is no such identity provider. It may have been deleted.")
        if version is not None and version != provider.version:
            raise PreconditionFailed(f"{provider.name} was changed by somebody else since you opened the page. Look again.")
        if provider.proposal is not None:
            raise Conflict("Changes wait for confirmation. Confirm or discard them first.", reason="changes_wait")
        if provider.settings.second_secret is None:
            raise Conflict("There is only one client secret. Add the new one first.", reason="only_secret")
        return provider

    def _save(self, actor: Actor, provider: IdentityProvider, settings: Settings, event: str) -> IdentityProvider:
        after = replace(provider, settings=settings, updated_at=self.clock.now(), version=provider.version + 1)
        self.providers.save(after)
        before = provider.settings
        changes = [
            Change("client_secret", before.secret, settings.secret),
            Change("client_secret", before.second_secret, settings.second_secret),
        ]
        resource = Resource("identity_provider", provider.id, provider.name)
        self.audit.record(actor, event, resource=resource, changes=changes)
        return after


def _promoted(settings: Settings) -> Settings:
    """Return the settings with the two secrets in each other's place."""
    return replace(
        settings,
        secret=settings.second_secret,
        secret_id=settings.second_secret_id,
        secret_set_at=settings.second_secret_set_at,
        secret_set_by=settings.second_secret_set_by,
        second_secret=settings.secret,
        second_secret_id=settings.secret_id,
        second_secret_set_at=settings.secret_set_at,
        second_secret_set_by=settings.secret_set_by,
    )
