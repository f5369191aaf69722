"""REST routes for event destinations; JumpCloud has none."""

from collections.abc import Callable

from fastapi import Response

from homeport.directory.audit.actions import Destinations
from homeport.directory.audit.model import Destination, DestinationKind
from homeport.directory.audit.ports import Tester
from homeport.directory.audit.schemas.destinations import (
    DestinationBody,
    DestinationList,
    DestinationMade,
    DestinationPost,
    DestinationPut,
    TestOutcome,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.permissions import Permission


class DestinationsApi:
    """The REST edge of event destinations."""

    def __init__(self, work: Work[Destinations], sender: Callable[[], Tester]) -> None:
        self.work = work
        self.sender = sender

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/event-destinations", tags=["Event destinations"])
        router.get("", summary="List event destinations")(self.list)
        router.post("", status_code=201, summary="Add an event destination")(self.create)
        router.get("/{id}", summary="Get an event destination")(self.get)
        router.put("/{id}", summary="Change, pause or resume an event destination")(self.update)
        router.delete("/{id}", summary="Delete an event destination")(self.delete)
        router.post("/{id}/secret", summary="Give a webhook another secret")(self.renew_secret)
        router.post("/{id}/test", summary="Send a test event")(self.test)
        return router

    def list(self, actor: ApiActor) -> DestinationList:
        """Return all destinations by name; there are at most 20."""
        with self.work.read() as act:
            found = [self._body(act, actor, one) for one in act.list(actor)]
        return DestinationList(totalCount=len(found), destinations=found)

    def create(self, actor: ApiActor, body: DestinationPost, response: Response) -> DestinationMade:
        """Add a destination and answer a webhook's secret, this once."""
        with self.work.write() as act:
            made, secret = act.create(
                actor,
                kind=DestinationKind(body.kind),
                name=body.name,
                address=body.address,
                batched=body.batched,
                from_start=body.fromStart,
            )
            found = self._body(act, actor, made)
        response.headers["ETag"] = etag(made.version)
        return DestinationMade(**found.model_dump(), secret=secret)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> DestinationBody:  # noqa: A002 - the published name
        """Return a destination, with an ETag."""
        with self.work.read() as act:
            found = act.get(actor, id)
            response.headers["ETag"] = etag(found.version)
            return self._body(act, actor, found)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: DestinationPut,
        response: Response,
        version: IfMatch,
    ) -> DestinationBody:
        """Change what the body holds; with If-Match, only if nobody else changed the destination meanwhile."""
        with self.work.write() as act:
            found = act.update(
                actor, id, name=body.name, address=body.address, batched=body.batched, enabled=body.enabled, version=version
            )
            response.headers["ETag"] = etag(found.version)
            return self._body(act, actor, found)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> DestinationBody:  # noqa: A002 - the published name
        """Delete a destination and return what it was."""
        with self.work.write() as act:
            found = self._body(act, actor, act.get(actor, id))
            act.delete(actor, id, version=version)
            return found

    def renew_secret(self, actor: ApiActor, id: PathId) -> DestinationMade:  # noqa: A002 - the published name
        """Give a webhook another secret, with which everything is signed from now on, and answer it, this once."""
        actor.require(Permission.AUDIT_WRITE)
        with self.work.write() as act:
            found, secret = act.renew_secret(actor, id)
            return DestinationMade(**self._body(act, actor, found).model_dump(), secret=secret)

    async def test(self, actor: ApiActor, id: PathId) -> TestOutcome:  # noqa: A002 - the published name
        """Send a test event now and say what came of it."""
        _, failure = await self.sender().test(actor, id)
        return TestOutcome(taken=not failure, failure=failure)

    @staticmethod
    def _body(act: Destinations, actor: Actor, one: Destination) -> DestinationBody:
        return DestinationBody.of(one, act.backlog(actor, one))
