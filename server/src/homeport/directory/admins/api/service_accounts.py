"""REST routes for service accounts and their keys."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Response

from homeport.directory.admins.actions import ServiceAccounts
from homeport.directory.admins.model import ServiceAccount, parse_networks
from homeport.directory.admins.schemas.service_accounts import (
    ACCOUNT_FIELDS,
    AccountKeyBody,
    AccountKeyCreated,
    AccountKeyList,
    AccountKeyPost,
    ServiceAccountBody,
    ServiceAccountList,
    ServiceAccountPost,
    ServiceAccountPut,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.permissions import Permission


@contextmanager
def _wire_names() -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        fields = {("roleName" if name == "role" else name): sentence for name, sentence in error.fields.items()}
        raise Invalid(error.detail, fields) from error


class ServiceAccountsApi:
    """The REST edge of service accounts."""

    def __init__(self, work: Work[ServiceAccounts]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/service-accounts", tags=["Service accounts"])
        router.get("", summary="List service accounts")(self.list)
        router.post("", status_code=201, summary="Create a service account")(self.create)
        router.get("/{id}", summary="Get a service account")(self.get)
        router.put("/{id}", summary="Change a service account")(self.update)
        router.delete("/{id}", summary="Delete a service account")(self.delete)
        router.get("/{id}/keys", summary="List a service account's keys")(self.keys)
        router.post("/{id}/keys", status_code=201, summary="Create a key of a service account")(self.create_key)
        router.delete("/{id}/keys/{key_id}", summary="Revoke a key of a service account")(self.revoke_key)
        return router

    def list(self, actor: ApiActor, query: ListParameters, response: Response) -> ServiceAccountList:
        """Return a window of the service accounts that match, by name unless sorted otherwise."""
        with self.work.read() as accounts:
            page = accounts.list(actor, query.listing(ACCOUNT_FIELDS))
        response.headers["x-total-count"] = str(page.total)
        return ServiceAccountList(totalCount=page.total, serviceAccounts=[ServiceAccountBody.of(one) for one in page.items])

    def create(self, actor: ApiActor, body: ServiceAccountPost, response: Response) -> ServiceAccountBody:
        """Make a service account; it can do nothing before it has a key."""
        with _wire_names(), self.work.write() as accounts:
            made = accounts.create(actor, name=body.name, role=body.roleName, description=body.description)
            return _answer(made, response)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> ServiceAccountBody:  # noqa: A002 - the name of the other routes
        """Return a service account, with an ETag."""
        with self.work.read() as accounts:
            return _answer(accounts.get(actor, id), response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the name of the other routes
        body: ServiceAccountPut,
        response: Response,
        version: IfMatch,
    ) -> ServiceAccountBody:
        """Change what the body holds; with If-Match, only if nobody changed it meanwhile. The keys of a suspended one are refused."""
        with _wire_names(), self.work.write() as accounts:
            changed = accounts.change(
                actor,
                id,
                name=body.name,
                description=body.description,
                role=body.roleName,
                suspended=body.suspended,
                version=version,
            )
            return _answer(changed, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> ServiceAccountBody:  # noqa: A002 - the name of the other routes
        """Delete a service account with its keys, and return what it was."""
        with self.work.write() as accounts:
            return ServiceAccountBody.of(accounts.delete(actor, id, version=version))

    def keys(self, actor: ApiActor, id: PathId) -> AccountKeyList:  # noqa: A002 - the name of the other routes
        """Return a service account's keys, the newest first."""
        with self.work.read() as accounts:
            found, now = accounts.keys_of(actor, id), accounts.clock.now()
        return AccountKeyList(totalCount=len(found), apiKeys=[AccountKeyBody.of(key, now) for key in found])

    def create_key(self, actor: ApiActor, id: PathId, body: AccountKeyPost) -> AccountKeyCreated:  # noqa: A002 - the same
        """Make a key and answer its text, this once."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        try:
            networks = parse_networks(" ".join(body.networks))
        except ValueError as error:
            sentence = f"“{error}” is no address or network such as 192.0.2.7 or 192.0.2.0/24."
            raise Invalid(f"The key was not made. {sentence}", {"networks": sentence}) from error
        with self.work.write() as accounts:
            key, text = accounts.create_key(actor, id, name=body.name, days=body.days, networks=networks)
            return AccountKeyCreated.with_text(key, text, accounts.clock.now())

    def revoke_key(self, actor: ApiActor, id: PathId, key_id: PathId) -> AccountKeyBody:  # noqa: A002 - the same
        """Revoke a key; it is refused from then on."""
        with self.work.write() as accounts:
            return AccountKeyBody.of(accounts.revoke_key(actor, id, key_id), accounts.clock.now())


def _answer(account: ServiceAccount, response: Response) -> ServiceAccountBody:
    response.headers["ETag"] = etag(account.version)
    return ServiceAccountBody.of(account)
