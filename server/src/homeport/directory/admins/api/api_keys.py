"""REST routes for one's own API keys."""

from fastapi import Response

from homeport.directory.admins.actions import ApiKeys
from homeport.directory.admins.model import ApiKey, parse_networks
from homeport.directory.admins.schemas.api_keys import KEY_FIELDS, ApiKeyBody, ApiKeyCreated, ApiKeyList, ApiKeyPost, ApiKeyPut
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.permissions import Permission


class ApiKeysApi:
    """The REST edge of one's own API keys."""

    def __init__(self, work: Work[ApiKeys]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/api-keys", tags=["API keys"])
        router.get("", summary="List one's own API keys")(self.list)
        router.post("", status_code=201, summary="Create an API key")(self.create)
        router.get("/{id}", summary="Get one of one's own API keys")(self.get)
        router.put("/{id}", summary="Rename one of one's own API keys")(self.rename)
        router.delete("/{id}", summary="Revoke an API key")(self.revoke)
        return router

    def list(self, actor: ApiActor, query: ListParameters, response: Response) -> ApiKeyList:
        """Return a window of one's own keys; the newest come first unless sorted otherwise."""
        with self.work.read() as keys:
            page, now = keys.search_own(actor, query.listing(KEY_FIELDS)), keys.clock.now()
        response.headers["x-total-count"] = str(page.total)
        return ApiKeyList(totalCount=page.total, apiKeys=[ApiKeyBody.of(key, now) for key in page.items])

    def create(self, actor: ApiActor, body: ApiKeyPost, response: Response) -> ApiKeyCreated:
        """Make a key and answer its text, this once.

        It ends when the key that asks ends or is revoked, and works from no other addresses.
        """
        actor.require(Permission.API_KEYS_OWN)
        try:
            networks = parse_networks(" ".join(body.networks))
        except ValueError as error:
            sentence = f"“{error}” is no address or network such as 192.0.2.7 or 192.0.2.0/24."
            raise Invalid(f"The key was not made. {sentence}", {"networks": sentence}) from error
        with self.work.write() as keys:
            key, text = keys.create(actor, name=body.name, days=body.days, networks=networks)
            response.headers["ETag"] = etag(key.version)
            return ApiKeyCreated.with_text(key, text, keys.clock.now())

    def get(self, actor: ApiActor, id: PathId, response: Response) -> ApiKeyBody:  # noqa: A002 - the name of the other routes
        """Return a key, with an ETag."""
        with self.work.read() as keys:
            return _answer(keys.get(actor, id), keys, response)

    def rename(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the name of the other routes
        body: ApiKeyPut,
        response: Response,
        version: IfMatch,
    ) -> ApiKeyBody:
        """Give a key another name; with If-Match, only if it was not renamed meanwhile."""
        with self.work.write() as keys:
            return _answer(keys.rename(actor, id, body.name, version=version), keys, response)

    def revoke(self, actor: ApiActor, id: PathId, version: IfMatch) -> ApiKeyBody:  # noqa: A002 - the name of the other routes
        """Revoke a key, also the one that asks, with the keys that were made with it; with Billing, anybody's."""
        with self.work.write() as keys:
            return ApiKeyBody.of(keys.revoke(actor, id, version=version), keys.clock.now())


def _answer(key: ApiKey, keys: ApiKeys, response: Response) -> ApiKeyBody:
    response.headers["ETag"] = etag(key.version)
    return ApiKeyBody.of(key, keys.clock.now())
