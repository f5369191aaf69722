"""REST routes for user groups: JumpCloud's /api/v2/usergroups and what leads there from a user."""

from typing import Annotated

from fastapi import Path, Response
from fastapi.responses import JSONResponse

from homeport.directory.people.actions import PeopleActions
from homeport.directory.people.model import UserGroup
from homeport.directory.people.schemas.groups import (
    GROUP_FIELDS,
    MEMBER_FIELDS,
    MemberOperation,
    UserGroupBody,
    UserGroupPost,
    UserGroupPut,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.graph import GraphConnection, GraphId, GraphObjectWithPaths
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.errors import NotFound

PathId = Annotated[GraphId, Path()]


class UserGroupsApi:
    """The REST edge of user groups."""

    def __init__(self, work: Work[PeopleActions]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router()
        groups = Router(prefix="/api/v2/usergroups", tags=["User groups"])
        groups.get("", response_model=list[UserGroupBody], summary="List user groups")(self.list)
        groups.post("", status_code=201, summary="Create a user group")(self.create)
        groups.get("/{id}", summary="Get a user group")(self.get)
        groups.put("/{id}", summary="Change a user group")(self.update)
        groups.delete("/{id}", summary="Delete a user group")(self.delete)
        groups.get("/{group_id}/members", response_model=list[GraphConnection], summary="List the members of a user group")(
            self.members
        )
        groups.post("/{group_id}/members", status_code=204, summary="Add a user to a group, or remove them")(self.change_members)
        groups.get(
            "/{group_id}/membership", response_model=list[GraphObjectWithPaths], summary="List the users that a group leads to"
        )(self.membership)
        router.routes.extend(groups.routes)
        router.add_api_route(
            "/api/v2/users/{user_id}/memberof",
            self.member_of,
            methods=["GET"],
            response_model=list[GraphObjectWithPaths],
            tags=["User groups"],
            summary="List the groups of a user",
        )
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the user groups that match; the header `x-total-count` tells how many match in all."""
        with self.work.read() as act:
            page = act.groups.list(actor, query.listing(GROUP_FIELDS))
        wanted = query.chosen_fields
        found = [
            {
                key: value
                for key, value in UserGroupBody.of(group).model_dump().items()
                if not wanted or key in wanted or key == "id"
            }
            for group in page.items
        ]
        return _counted(found, page.total)

    def create(self, actor: ApiActor, body: UserGroupPost, response: Response) -> UserGroupBody:
        """Make an empty user group."""
        with self.work.write() as act:
            group = act.groups.create(actor, name=body.name, description=body.description)
        return _answer(group, response)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> UserGroupBody:  # noqa: A002 - the published name
        """Return a user group, with an ETag."""
        with self.work.read() as act:
            group = act.groups.get(actor, id)
        return _answer(group, response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: UserGroupPut,
        response: Response,
        version: IfMatch,
    ) -> UserGroupBody:
        """Change a user group; with If-Match, only if nobody else changed it meanwhile."""
        with self.work.write() as act:
            group = act.groups.update(actor, id, name=body.name, description=body.description, version=version)
        return _answer(group, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> UserGroupBody:  # noqa: A002 - the published name
        """Delete a user group and return which it was; its users stay in the directory."""
        with self.work.write() as act:
            group = act.groups.delete(actor, id, version=version)
        return UserGroupBody.of(group)

    def members(self, actor: ApiActor, group_id: PathId, query: ListParameters) -> Response:
        """Return a window of the users in a group, as connections."""
        with self.work.read() as act:
            page = act.groups.members(actor, group_id, query.listing(MEMBER_FIELDS))
        ends = [GraphConnection.between(("user_group", group_id), ("user", user.id)) for user in page.items]
        return _counted([end.model_dump(by_alias=True) for end in ends], page.total)

    def change_members(self, actor: ApiActor, group_id: PathId, body: MemberOperation) -> None:
        """Put a user in the group or take them out; what is so already stays so, and a user who does not exist is 404."""
        with self.work.write() as act:
            if body.op == "remove":
                act.groups.remove_members(actor, group_id, [body.id])
            elif not act.groups.add_members(actor, group_id, [body.id]) and not act.people.get_all(actor, [body.id]):
                raise NotFound("There is no such user. They may have been deleted.")

    def membership(self, actor: ApiActor, group_id: PathId, query: ListParameters) -> Response:
        """Return a window of the users in a group, each with the way that leads to them."""
        with self.work.read() as act:
            page = act.groups.members(actor, group_id, query.listing(MEMBER_FIELDS))
        found = [GraphObjectWithPaths.reached([("user_group", group_id), ("user", user.id)]) for user in page.items]
        return _counted([one.model_dump(by_alias=True) for one in found], page.total)

    def member_of(self, actor: ApiActor, user_id: PathId, query: ListParameters) -> Response:
        """Return a window of the groups that a user is in, by name, each with the way that leads to it."""
        with self.work.read() as act:
            user = act.people.get(actor, user_id)
            groups = act.groups.groups_of(actor, user.id)
        asked = query.listing(GROUP_FIELDS)
        ways = [[("user", user.id), ("user_group", group.id)] for group in groups[asked.skip : asked.skip + asked.limit]]
        return _counted([GraphObjectWithPaths.reached(way).model_dump(by_alias=True) for way in ways], len(groups))


def _answer(group: UserGroup, response: Response) -> UserGroupBody:
    response.headers["ETag"] = etag(group.version)
    return UserGroupBody.of(group)


def _counted(found: list[dict[str, object]], total: int) -> Response:
    return JSONResponse(found, headers={"x-total-count": str(total)})
