"""REST routes for access policies, their defaults, IP lists and the simulator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Response
from fastapi.responses import JSONResponse

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.listing import ListParameters, ListQuery
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.access.actions import AccessActions, Question
from homeport.trust.access.model import Action, IpList, Policy, Portal, lists_of
from homeport.trust.access.schemas import (
    LIST_FIELDS,
    POLICY_FIELDS,
    AuthnPolicyBody,
    AuthnPolicyPatch,
    AuthnPolicyPost,
    DefaultBody,
    DefaultPut,
    IpListBody,
    IpListRequest,
    SimulationBody,
    SimulationRequest,
)

PortalName = Literal["user_portal", "admin_portal"]
_TAG = "Conditional access"


@dataclass(frozen=True, slots=True)
class AccessPolicyApi:
    """The REST edge of policies, defaults and the simulator."""

    work: Work[AccessActions]

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/authn", tags=[_TAG])
        router.get("/policies", response_model=list[AuthnPolicyBody], summary="List access policies")(self.list)
        router.post("/policies", status_code=201, summary="Create an access policy")(self.create)
        router.get("/policies/{id}", summary="Get an access policy")(self.get)
        router.patch("/policies/{id}", summary="Change an access policy")(self.update)
        router.delete("/policies/{id}", summary="Delete an access policy")(self.delete)
        router.get("/defaults", summary="List what happens at each portal when no policy applies")(self.defaults)
        router.put("/defaults/{portal}", summary="Set what happens at a portal when no policy applies")(self.set_default)
        router.post("/simulations", summary="Ask what would happen to a sign-in")(self.simulate)
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the policies that match; the header `x-total-count` tells how many match in all."""
        with self.work.read() as act:
            page = act.policies.list(actor, query.listing(POLICY_FIELDS))
        return _counted([AuthnPolicyBody.of(one).model_dump() for one in page.items], page.total, query)

    def create(self, actor: ApiActor, body: AuthnPolicyPost, response: Response) -> AuthnPolicyBody:
        """Make a policy. 409 when it would shut out the last administrator."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        with self.work.write() as act:
            policy = act.policies.create(actor, body.portal(), body.wanted())
        return _policy(policy, response)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> AuthnPolicyBody:  # noqa: A002 - the published name
        """Return a policy, with an ETag."""
        with self.work.read() as act:
            policy = act.policies.get(actor, id)
        return _policy(policy, response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: AuthnPolicyPatch,
        response: Response,
        version: IfMatch,
    ) -> AuthnPolicyBody:
        """Change what is given; with If-Match, only if nobody else changed it meanwhile. 409 as for a new one."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        with self.work.write() as act:
            before = act.policies.get(actor, id)
            policy = act.policies.update(actor, id, body.over(before), version=before.version if version is None else version)
        return _policy(policy, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> AuthnPolicyBody:  # noqa: A002 - the published name
        """Delete a policy and return which it was."""
        with self.work.write() as act:
            return AuthnPolicyBody.of(act.policies.delete(actor, id, version=version))

    def defaults(self, actor: ApiActor) -> Sequence[DefaultBody]:
        """Return the default of each portal."""
        with self.work.read() as act:
            return [DefaultBody.of(act.policies.default(actor, portal)) for portal in Portal]

    def set_default(self, actor: ApiActor, portal: PortalName, body: DefaultPut) -> DefaultBody:
        """Set a portal's default. 409 when it would shut out the last administrator."""
        with self.work.write() as act:
            return DefaultBody.of(act.policies.set_default(actor, Portal(portal), Action(body.action)))

    def simulate(self, actor: ApiActor, body: SimulationRequest) -> SimulationBody:
        """Say what would happen to this person from there, and why each policy applies or not. Changes nothing."""
        with self.work.read() as act:
            portal = Portal(body.type)
            person = act.simulator.find(actor, portal, body.person)
            if not person:
                raise NotFound("Nobody has this name. Give an id, a user name or an e-mail address.")
            answer = act.simulator.ask(actor, Question(portal, person, body.address, body.country, body.deviceManaged))
            named = frozenset[str]().union(*(lists_of(one.policy.conditions) for one in answer.decision.judged))
            return SimulationBody.of(answer, dict(act.lists.lists.names(named)) if named else {})


@dataclass(frozen=True, slots=True)
class IpListApi:
    """The REST edge of IP lists."""

    work: Work[AccessActions]

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/iplists", tags=[_TAG])
        router.get("", response_model=list[IpListBody], summary="List IP lists")(self.list)
        router.post("", status_code=201, summary="Create an IP list")(self.create)
        router.get("/{id}", summary="Get an IP list")(self.get)
        router.put("/{id}", summary="Change an IP list")(self.update)
        router.patch("/{id}", summary="Change a part of an IP list")(self.update)
        router.delete("/{id}", summary="Delete an IP list")(self.delete)
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the lists that match; the header `x-total-count` tells how many match in all."""
        with self.work.read() as act:
            page = act.lists.list(actor, query.listing(LIST_FIELDS))
        return _counted([IpListBody.of(one).model_dump() for one in page.items], page.total, query)

    def create(self, actor: ApiActor, body: IpListRequest, response: Response) -> IpListBody:
        """Make a list of addresses, networks and ranges."""
        with self.work.write() as act:
            made = act.lists.create(actor, name=body.name or "", networks=body.ips or (), description=body.description or "")
        return _ip_list(made, response)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> IpListBody:  # noqa: A002 - the published name
        """Return a list, with an ETag."""
        with self.work.read() as act:
            return _ip_list(act.lists.get(actor, id), response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: IpListRequest,
        response: Response,
        version: IfMatch,
    ) -> IpListBody:
        """Change what is given. 409 when a policy that names the list would then shut out the last administrator."""
        with self.work.write() as act:
            one = act.lists.update(actor, id, name=body.name, networks=body.ips, description=body.description, version=version)
        return _ip_list(one, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> IpListBody:  # noqa: A002 - the published name
        """Delete a list and return which it was. 409 while a policy names it."""
        with self.work.write() as act:
            return IpListBody.of(act.lists.delete(actor, id, version=version))


def _policy(policy: Policy, response: Response) -> AuthnPolicyBody:
    response.headers["ETag"] = etag(policy.version)
    return AuthnPolicyBody.of(policy)


def _ip_list(one: IpList, response: Response) -> IpListBody:
    response.headers["ETag"] = etag(one.version)
    return IpListBody.of(one)


def _counted(found: Sequence[dict[str, Any]], total: int, query: ListQuery) -> Response:
    wanted = query.chosen_fields
    rows = [{name: value for name, value in row.items() if not wanted or name in wanted or name == "id"} for row in found]
    return JSONResponse(rows, headers={"x-total-count": str(total)})
