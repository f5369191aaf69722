"""REST routes of associations between people and devices. An association is an assignment: who may sign in where it is limited."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import JSONResponse

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import NamedAssignment, Subject, SubjectKind, Target, TargetKind, Way
from homeport.directory.devices.schemas.associations import AssociationOperation, GraphType, WithDevices, WithPeople
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.graph import GraphConnection, GraphObjectWithPaths
from homeport.foundation.http.listing import LARGEST_PAGE
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor

TAGS: list[str | Enum] = ["Associations"]
WIRE: dict[SubjectKind | TargetKind, str] = {
    SubjectKind.USER: "user",
    SubjectKind.USER_GROUP: "user_group",
    TargetKind.DEVICE: "system",
    TargetKind.DEVICE_GROUP: "system_group",
}
KINDS = {name: kind for kind, name in WIRE.items()}

Wanted = Annotated[list[GraphType], Query(alias="targets", description="The kinds of things on the other end.")]
Limit = Annotated[int, Query(ge=0, description="Rows wanted; more than 100 count as 100.")]
Skip = Annotated[int, Query(ge=0, le=2**31 - 1, description="Rows to leave out at the beginning.")]


class AssociationsApi:
    """The REST edge of associations."""

    def __init__(self, work: Work[DeviceActions]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2")
        connections: dict[str, Any] = {"response_model": list[GraphConnection], "tags": TAGS}
        paths: dict[str, Any] = {"response_model": list[GraphObjectWithPaths], "tags": TAGS}
        router.get("/systems/{system_id}/associations", summary="List the people of a device", **connections)(self.of_system)
        router.post("/systems/{system_id}/associations", status_code=204, summary="Assign people to a device", tags=TAGS)(
            self.change_system
        )
        router.get("/systemgroups/{group_id}/associations", summary="List the people of a device group", **connections)(
            self.of_system_group
        )
        router.post(
            "/systemgroups/{group_id}/associations", status_code=204, summary="Assign people to a device group", tags=TAGS
        )(self.change_system_group)
        router.get("/users/{user_id}/associations", summary="List the devices of a user", **connections)(self.of_user)
        router.post("/users/{user_id}/associations", status_code=204, summary="Assign a user to devices", tags=TAGS)(
            self.change_user
        )
        router.get("/usergroups/{group_id}/associations", summary="List the devices of a user group", **connections)(
            self.of_user_group
        )
        router.post("/usergroups/{group_id}/associations", status_code=204, summary="Assign a user group to devices", tags=TAGS)(
            self.change_user_group
        )
        router.get("/systems/{system_id}/users", summary="List who is assigned to a device, by every way", **paths)(
            self.users_of_system
        )
        router.get("/users/{user_id}/systems", summary="List the devices to which a user is assigned, by every way", **paths)(
            self.systems_of_user
        )
        return router

    def of_system(self, actor: ApiActor, system_id: PathId, targets: Wanted, limit: Limit = 10, skip: Skip = 0) -> Response:
        """Return the users and user groups that are assigned to a device itself."""
        return self._list(actor, Target(TargetKind.DEVICE, system_id), targets, limit, skip)

    def of_system_group(self, actor: ApiActor, group_id: PathId, targets: Wanted, limit: Limit = 10, skip: Skip = 0) -> Response:
        """Return the users and user groups that are assigned to a device group."""
        return self._list(actor, Target(TargetKind.DEVICE_GROUP, group_id), targets, limit, skip)

    def of_user(self, actor: ApiActor, user_id: PathId, targets: Wanted, limit: Limit = 10, skip: Skip = 0) -> Response:
        """Return the devices and device groups to which a user is assigned by name."""
        return self._list(actor, Subject(SubjectKind.USER, user_id), targets, limit, skip)

    def of_user_group(self, actor: ApiActor, group_id: PathId, targets: Wanted, limit: Limit = 10, skip: Skip = 0) -> Response:
        """Return the devices and device groups to which a user group is assigned."""
        return self._list(actor, Subject(SubjectKind.USER_GROUP, group_id), targets, limit, skip)

    def change_system(self, actor: ApiActor, system_id: PathId, body: WithPeople) -> None:
        """Assign somebody to a device, or take it back; what is so already stays so."""
        self._change(actor, Subject(SubjectKind(body.type), body.id), Target(TargetKind.DEVICE, system_id), body)

    def change_system_group(self, actor: ApiActor, group_id: PathId, body: WithPeople) -> None:
        """Assign somebody to a device group, or take it back; what is so already stays so."""
        self._change(actor, Subject(SubjectKind(body.type), body.id), Target(TargetKind.DEVICE_GROUP, group_id), body)

    def change_user(self, actor: ApiActor, user_id: PathId, body: WithDevices) -> None:
        """Assign a user to a device or a device group, or take it back; what is so already stays so."""
        self._change(actor, Subject(SubjectKind.USER, user_id), Target(_target_kind(body.type), body.id), body)

    def change_user_group(self, actor: ApiActor, group_id: PathId, body: WithDevices) -> None:
        """Assign a user group to a device or a device group, or take it back; what is so already stays so."""
        self._change(actor, Subject(SubjectKind.USER_GROUP, group_id), Target(_target_kind(body.type), body.id), body)

    def users_of_system(self, actor: ApiActor, system_id: PathId, limit: Limit = 10, skip: Skip = 0) -> Response:
        """Return the users who are assigned to a device, by themselves or by groups."""
        with self.work.read() as actions:
            page = actions.access.users_of_device(actor, system_id, skip=skip, limit=min(limit, LARGEST_PAGE))
        return _counted([GraphObjectWithPaths.reached(*(_from_device(way) for way in ways)) for ways in page.items], page.total)

    def systems_of_user(self, actor: ApiActor, user_id: PathId, limit: Limit = 10, skip: Skip = 0) -> Response:
        """Return the devices to which a user is assigned, by themselves or by groups."""
        with self.work.read() as actions:
            page = actions.access.devices_of_user(actor, user_id, skip=skip, limit=min(limit, LARGEST_PAGE))
        found = [GraphObjectWithPaths.reached(*(_from_device(way)[::-1] for way in ways)) for ways in page.items]
        return _counted(found, page.total)

    def _list(self, actor: Actor, end: Subject | Target, targets: list[GraphType], limit: int, skip: int) -> Response:
        with self.work.read() as actions:
            kinds = [KINDS[name] for name in targets if name in KINDS]
            page = actions.access.list(actor, end, skip=skip, limit=min(limit, LARGEST_PAGE), kinds=kinds)
        return _counted([_connection(end, named) for named in page.items], page.total)

    def _change(self, actor: Actor, subject: Subject, target: Target, body: AssociationOperation) -> None:
        with self.work.write() as actions:
            change = actions.access.assign if body.op == "add" else actions.access.unassign
            change(actor, subject, target)


def _target_kind(wire: str) -> TargetKind:
    return TargetKind.DEVICE if wire == "system" else TargetKind.DEVICE_GROUP


def _connection(end: Subject | Target, named: NamedAssignment) -> GraphConnection:
    other = named.assignment.target if isinstance(end, Subject) else named.assignment.subject
    return GraphConnection.between((WIRE[end.kind], end.id), (WIRE[other.kind], other.id))


def _from_device(way: Way) -> list[tuple[str, str]]:
    """Write a way as the things it passes, from the device to the user."""
    groups = [("system_group", way.device_group_id), ("user_group", way.user_group_id)]
    return [("system", way.device_id), *((kind, found) for kind, found in groups if found), ("user", way.user_id)]


def _counted(found: list[GraphConnection] | list[GraphObjectWithPaths], total: int) -> Response:
    return JSONResponse([one.model_dump(by_alias=True) for one in found], headers={"x-total-count": str(total)})
