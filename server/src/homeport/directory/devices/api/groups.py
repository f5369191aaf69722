"""REST routes for device groups: JumpCloud's /api/v2/systemgroups and what leads there from a device."""

from fastapi import Response
from fastapi.responses import JSONResponse

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import DeviceGroup, DevicePolicy, Target, TargetKind
from homeport.directory.devices.schemas.devices import SYSTEM_FIELDS, PathId
from homeport.directory.devices.schemas.groups import GROUP_FIELDS, MemberOperation, SystemGroup, SystemGroupPost, SystemGroupPut
from homeport.directory.devices.schemas.policies import changed
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.graph import GraphConnection, GraphObjectWithPaths
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router


class DeviceGroupsApi:
    """The REST edge of device groups."""

    def __init__(self, work: Work[DeviceActions]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router()
        groups = Router(prefix="/api/v2/systemgroups", tags=["Device groups"])
        groups.get("", response_model=list[SystemGroup], summary="List device groups")(self.list)
        groups.post("", status_code=201, summary="Create a device group")(self.create)
        groups.get("/{id}", summary="Get a device group")(self.get)
        groups.put("/{id}", summary="Change a device group")(self.update)
        groups.delete("/{id}", summary="Delete a device group")(self.delete)
        groups.get("/{group_id}/members", response_model=list[GraphConnection], summary="List the members of a device group")(
            self.members
        )
        groups.post("/{group_id}/members", status_code=204, summary="Add a device to a group, or remove it")(self.change_members)
        groups.get(
            "/{group_id}/membership", response_model=list[GraphObjectWithPaths], summary="List the devices that a group leads to"
        )(self.membership)
        router.routes.extend(groups.routes)
        router.add_api_route(
            "/api/v2/systems/{system_id}/memberof",
            self.member_of,
            methods=["GET"],
            response_model=list[GraphObjectWithPaths],
            tags=["Device groups"],
            summary="List the groups of a device",
        )
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the device groups that match; the header `x-total-count` tells how many match in all."""
        with self.work.read() as actions:
            page = actions.groups.list(actor, query.listing(GROUP_FIELDS))
            policies = actions.policies.of_groups(actor, page.items)
        wanted = query.chosen_fields
        found = [
            {
                key: value
                for key, value in SystemGroup.of(group, policies.get(group.id, DevicePolicy())).model_dump().items()
                if not wanted or key in wanted or key == "id"
            }
            for group in page.items
        ]
        return _counted(found, page.total)

    def create(self, actor: ApiActor, body: SystemGroupPost, response: Response) -> SystemGroup:
        """Make an empty device group."""
        with self.work.write() as actions:
            return _answer(actions.groups.create(actor, body.name, body.description), DevicePolicy(), response)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> SystemGroup:  # noqa: A002 - the published name
        """Return a device group, with an ETag."""
        with self.work.read() as actions:
            return _answer(actions.groups.get(actor, id), actions.policies.get(actor, _target(id)), response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: SystemGroupPut,
        response: Response,
        version: IfMatch,
    ) -> SystemGroup:
        """Change a device group. With If-Match, only if nobody changed it meanwhile."""
        with self.work.write() as actions:
            group = actions.groups.update(actor, id, name=body.name, description=body.description, version=version)
            if body.limitedToAssigned is not None:
                group = actions.access.limit_group(actor, id, limited=body.limitedToAssigned)
            policy = actions.policies.get(actor, _target(id))
            if body.ssh is not None or body.sudo is not None:
                policy = actions.policies.set(actor, _target(id), changed(policy, body.ssh, body.sudo))
                group = actions.groups.get(actor, id)
            return _answer(group, policy, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> SystemGroup:  # noqa: A002 - the published name
        """Delete a device group and return what it was; its devices stay in the directory."""
        with self.work.write() as actions:
            policy = actions.policies.get(actor, _target(id))
            return SystemGroup.of(actions.groups.delete(actor, id, version=version), policy)

    def members(self, actor: ApiActor, group_id: PathId, query: ListParameters) -> Response:
        """Return a window of the devices in a group, as connections."""
        with self.work.read() as actions:
            page = actions.groups.members(actor, group_id, query.listing(SYSTEM_FIELDS))
        ends = [GraphConnection.between(("system_group", group_id), ("system", device.id)) for device in page.items]
        return _counted([end.model_dump(by_alias=True) for end in ends], page.total)

    def change_members(self, actor: ApiActor, group_id: PathId, body: MemberOperation) -> None:
        """Put a device in the group or take it out; what is so already stays so."""
        with self.work.write() as actions:
            change = actions.groups.join if body.op == "add" else actions.groups.leave
            change(actor, group_id, [body.id])

    def membership(self, actor: ApiActor, group_id: PathId, query: ListParameters) -> Response:
        """Return a window of the devices in a group, each with the way that leads to it."""
        with self.work.read() as actions:
            page = actions.groups.members(actor, group_id, query.listing(SYSTEM_FIELDS))
        found = [GraphObjectWithPaths.reached([("system_group", group_id), ("system", device.id)]) for device in page.items]
        return _counted([one.model_dump(by_alias=True) for one in found], page.total)

    def member_of(self, actor: ApiActor, system_id: PathId, query: ListParameters) -> Response:
        """Return a window of the groups that a device is in, by name, each with the way that leads to it."""
        with self.work.read() as actions:
            device = actions.devices.get(actor, system_id)
            groups = actions.groups.of_device(actor, device.id)
        asked = query.listing(GROUP_FIELDS)
        ways = [[("system", device.id), ("system_group", group.id)] for group in groups[asked.skip : asked.skip + asked.limit]]
        return _counted([GraphObjectWithPaths.reached(way).model_dump(by_alias=True) for way in ways], len(groups))


def _target(group_id: str) -> Target:
    return Target(TargetKind.DEVICE_GROUP, group_id)


def _answer(group: DeviceGroup, policy: DevicePolicy, response: Response) -> SystemGroup:
    response.headers["ETag"] = etag(group.version)
    return SystemGroup.of(group, policy)


def _counted(found: list[dict[str, object]], total: int) -> Response:
    return JSONResponse(found, headers={"x-total-count": str(total)})
