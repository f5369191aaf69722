"""REST routes for users, under /api/systemusers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fastapi import Response
from fastapi.responses import JSONResponse

from homeport.directory.people.actions import People
from homeport.directory.people.model import PasswordFacts, User, UserState
from homeport.directory.people.schemas.users import (
    FIELD_NAMES,
    NO_FACTS,
    SystemUser,
    SystemUserList,
    SystemUserPost,
    SystemUserPut,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.errors import Invalid


@contextmanager
def _wire_names() -> Iterator[None]:
    """Let errors name fields as the wire does."""
    try:
        yield
    except Invalid as error:
        names = {ours: theirs for theirs, ours in FIELD_NAMES.items()}
        raise Invalid(error.detail, {names.get(name, name): sentence for name, sentence in error.fields.items()}) from error


class PeopleApi:
    """The REST edge of people."""

    def __init__(self, work: Work[People]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/systemusers", tags=["Users"])
        router.get("", response_model=SystemUserList, summary="List users")(self.list)
        router.post("", summary="Create a user")(self.create)
        router.get("/{id}", summary="Get a user")(self.get)
        router.put("/{id}", summary="Change a user")(self.update)
        router.delete("/{id}", summary="Delete a user")(self.delete)
        router.post("/{id}/state/activate", summary="Activate a user")(self.activate)
        router.post("/{id}/state/suspend", summary="Suspend a user")(self.suspend)
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the users that match, and how many match in all."""
        with self.work.read() as people:
            page = people.list(actor, query.listing(FIELD_NAMES))
            ids = [user.id for user in page.items]
            uids, passwords = people.unix_ids(actor, ids), people.password_facts(actor, ids)
        wanted = query.chosen_fields
        results = [
            {key: value for key, value in _body(user, uids, passwords).items() if not wanted or key in wanted or key == "_id"}
            for user in page.items
        ]
        return JSONResponse({"totalCount": page.total, "results": results}, headers={"x-total-count": str(page.total)})

    def create(self, actor: ApiActor, body: SystemUserPost, response: Response) -> SystemUser:
        """Add a user; ACTIVATED unless the body says otherwise."""
        authority = body.wanted_authority()
        with _wire_names(), self.work.write() as people:
            user = people.create(
                actor,
                username=body.username,
                email=body.email,
                firstname=body.firstname,
                lastname=body.lastname,
                state=body.initial_state(),
                details=body.details(),
            )
            if authority:
                people.say_who_manages_password(actor, user.id, authority)
            return _answer(user, None, people.password_facts(actor, [user.id]), response)

    def get(self, actor: ApiActor, id: str, response: Response) -> SystemUser:  # noqa: A002 - the published name
        """Return a user, with an ETag."""
        with self.work.read() as people:
            user = people.get(actor, id)
            uid, passwords = people.unix_ids(actor, [id]).get(id), people.password_facts(actor, [id])
        return _answer(user, uid, passwords, response)

    def update(
        self,
        actor: ApiActor,
        id: str,  # noqa: A002 - the published name
        body: SystemUserPut,
        response: Response,
        version: IfMatch,
    ) -> SystemUser:
        """Change what the body holds; with If-Match, only if nobody else changed the user meanwhile."""
        authority = body.wanted_authority()
        with _wire_names(), self.work.write() as people:
            user = people.update(
                actor,
                id,
                version=version,
                username=body.username,
                email=body.email,
                firstname=body.firstname,
                lastname=body.lastname,
                details=body.details(),
            )
            wanted = body.wanted_state(user.state)
            if wanted is not user.state:
                user = people.change_state(actor, id, wanted)
            if authority is not None:
                people.say_who_manages_password(actor, id, authority)
            uid, passwords = people.unix_ids(actor, [id]).get(id), people.password_facts(actor, [id])
        return _answer(user, uid, passwords, response)

    def delete(self, actor: ApiActor, id: str, version: IfMatch) -> SystemUser:  # noqa: A002 - the published name
        """Delete a user and return who it was."""
        with self.work.write() as people:
            uid, passwords = people.unix_ids(actor, [id]).get(id), people.password_facts(actor, [id])
            user = people.delete(actor, id, version=version)
        return SystemUser.of(user, uid, passwords.get(id, NO_FACTS))

    def activate(self, actor: ApiActor, id: str) -> str:  # noqa: A002 - the published name
        """Activate a user and return the new state."""
        with self.work.write() as people:
            return people.change_state(actor, id, UserState.ACTIVATED).state.value

    def suspend(self, actor: ApiActor, id: str) -> str:  # noqa: A002 - the published name
        """Suspend a user and return the new state."""
        with self.work.write() as people:
            return people.change_state(actor, id, UserState.SUSPENDED).state.value


def _answer(user: User, uid: int | None, passwords: Mapping[str, PasswordFacts], response: Response) -> SystemUser:
    response.headers["ETag"] = etag(user.version)
    return SystemUser.of(user, uid, passwords.get(user.id, NO_FACTS))


def _body(user: User, uids: Mapping[str, int], passwords: Mapping[str, PasswordFacts]) -> dict[str, object]:
    return SystemUser.of(user, uids.get(user.id), passwords.get(user.id, NO_FACTS)).model_dump(by_alias=True)
