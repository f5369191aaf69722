"""REST routes for identity providers, under /api/v2/identity-providers."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Response
from starlette.concurrency import run_in_threadpool

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.trust.federation.actions import IdentityProviders, Typed
from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.model import IdentityProvider, ProviderState
from homeport.trust.federation.saving import Saving
from homeport.trust.federation.schemas import (
    ClientSecretList,
    HealthAnswer,
    IdentityProviderAnswer,
    IdentityProviderList,
    IdentityProviderPost,
    IdentityProviderPut,
    PathId,
    is_listed,
    kind_of,
)

Slot = Annotated[str, Path(max_length=64, description="`first` or `second`.")]


@dataclass(frozen=True, slots=True)
class IdentityProviderApi:
    """The REST edge of identity providers. A request is its own confirmation, so saving applies at once."""

    work: Work[IdentityProviders]
    saving: Saving
    public_url: str

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/identity-providers", tags=["Identity providers"])
        router.get("", summary="List identity providers")(self.list)
        router.post("", summary="Create the identity provider", status_code=201)(self.create)
        router.get("/{id}", summary="Get an identity provider")(self.get)
        router.put("/{id}", summary="Change an identity provider")(self.update)
        router.delete("/{id}", summary="Delete an identity provider", status_code=204)(self.delete)
        router.get("/{id}/health", summary="Get an identity provider's health")(self.health)
        router.get("/{id}/client-secrets", summary="List an identity provider's client secrets")(self.client_secrets)
        router.post("/{id}/client-secrets/promote", summary="Let the second client secret be tried first")(self.promote)
        router.delete("/{id}/client-secrets/{slot}", summary="Remove a client secret", status_code=204)(self.remove_secret)
        return router

    def list(self, actor: ApiActor, response: Response) -> IdentityProviderList:
        """Return the identity providers."""
        with self.work.read() as providers:
            found = [IdentityProviderAnswer.of(one, self.public_url) for one in providers.list(actor) if is_listed(one)]
        response.headers["x-total-count"] = str(len(found))
        return IdentityProviderList(totalCount=len(found), identityProviders=found)

    async def create(self, actor: ApiActor, body: IdentityProviderPost, response: Response) -> IdentityProviderAnswer:
        """Try the provider and, when every check is passed, let everybody sign in with it; 409 while there is one.

        A create that failed leaves a draft, which is never listed and expires, so that the redirect URI that its sentence names
        is the one of the next try.
        """
        draft, proposed = await run_in_threadpool(self._draft, actor, body)
        return self._answer(await self._saved(actor, draft.id, body.typed(proposed), None), response)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> IdentityProviderAnswer:  # noqa: A002 - the published name
        """Return an identity provider, with an ETag."""
        with self.work.read() as providers:
            provider = _active(providers.get(actor, id))
        return self._answer(provider, response)

    async def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: IdentityProviderPut,
        response: Response,
        version: IfMatch,
    ) -> IdentityProviderAnswer:
        """Change what the body holds, when every check is passed. Another issuer makes today's links inactive."""
        present = await run_in_threadpool(self._present, actor, id)
        if body.type is not None and kind_of(body.type) is not present.kind:
            raise Conflict("The type of an identity provider cannot change. Delete it and create another.", reason="type_fixed")
        return self._answer(await self._saved(actor, id, body.typed(present), version), response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> None:  # noqa: A002 - the published name
        """Delete the identity provider: open sign-ins end, links become inactive."""
        with self.work.write() as providers:
            _active(providers.get(actor, id))
            providers.delete(actor, id, version=version)

    def health(self, actor: ApiActor, id: PathId) -> HealthAnswer:  # noqa: A002 - the published name
        """Return what was fetched and when, what failed, the difference of the clocks, and what needs an administrator."""
        with self.work.read() as providers:
            _active(providers.get(actor, id))
            return HealthAnswer.of(providers.health(actor, id))

    def client_secrets(self, actor: ApiActor, id: PathId) -> ClientSecretList:  # noqa: A002 - the published name
        """Return when each client secret was set, accepted and refused; never the secrets."""
        with self.work.read() as providers:
            _active(providers.get(actor, id))
            return ClientSecretList.of(providers.health(actor, id).secrets)

    def promote(self, actor: ApiActor, id: PathId, response: Response, version: IfMatch) -> IdentityProviderAnswer:  # noqa: A002 - the published name
        """Let the second client secret be tried first, and the first second."""
        with self.work.write() as providers:
            provider = providers.secrets.promote(actor, id, version=version)
        return self._answer(provider, response)

    def remove_secret(self, actor: ApiActor, id: PathId, slot: Slot, version: IfMatch) -> None:  # noqa: A002 - the published name
        """Remove a client secret; the other stays as the first. The only one cannot be removed."""
        with self.work.write() as providers:
            providers.secrets.remove(actor, id, slot, version=version)

    async def _saved(self, actor: Actor, provider_id: str, typed: Typed, version: int | None) -> IdentityProvider:
        provider, judgement = await self.saving.save(actor, provider_id, typed, version)
        if provider is None:
            raise Invalid(_sentence(judgement))
        return await run_in_threadpool(self._apply, actor, provider)

    def _draft(self, actor: Actor, body: IdentityProviderPost) -> tuple[IdentityProvider, tuple[str, ...]]:
        with self.work.write() as providers:
            return providers.draft(actor, kind_of(body.type)), tuple(providers.proposed_domains(actor))

    def _present(self, actor: Actor, provider_id: str) -> IdentityProvider:
        with self.work.read() as providers:
            return _active(providers.get(actor, provider_id))

    def _apply(self, actor: Actor, provider: IdentityProvider) -> IdentityProvider:
        with self.work.write() as providers:
            return providers.apply(actor, provider.id, version=provider.version)

    def _answer(self, provider: IdentityProvider, response: Response) -> IdentityProviderAnswer:
        response.headers["ETag"] = etag(provider.version)
        return IdentityProviderAnswer.of(provider, self.public_url)


def _active(provider: IdentityProvider) -> IdentityProvider:
    if provider.state is not ProviderState.ACTIVE:
        raise NotFound("There is no such identity provider. It may have been deleted.")
    return provider


def _sentence(judgement: Judgement) -> str:
    return " ".join(f"{check.name}: {check.sentence} {check.remedy}" for check in judgement.failed)
