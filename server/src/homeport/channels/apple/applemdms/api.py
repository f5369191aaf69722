"""REST routes for Macs under management (`/api/v2/applemdms`)."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Response
from starlette.responses import JSONResponse

from homeport.channels.apple.applemdms.actions import AppleMdms
from homeport.channels.apple.applemdms.schemas import DEVICE_FIELDS, AppleMdmBody, AppleMdmDeviceBody, EraseOrder, LockOrder
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId

PER_HOUR = 20
"""Macs that one administrator locks or erases in an hour; the same as in the portal, and counted together."""
PEM = "application/x-pem-file"
MdmId = Annotated[str, Path(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$", description="Always `apple`.")]


@dataclass(frozen=True, slots=True)
class AppleMdmActions:
    """What the routes need in one unit of work."""

    mdms: AppleMdms
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class AppleMdmApi:
    """The REST edge of Macs."""

    work: Work[AppleMdmActions]

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/applemdms", tags=["Macs"])
        key: dict[int | str, dict[str, Any]] = {200: {"content": {PEM: {"schema": {"type": "string"}}}}}
        router.get("", response_model=list[AppleMdmBody], summary="List the Apple MDM configuration")(self.list)
        router.get("/{apple_mdm_id}/depkey", response_class=Response, responses=key, summary="Get the public key for Apple")(
            self.key
        )
        router.post("/{apple_mdm_id}/refreshdepdevices", status_code=204, summary="Ask Apple for the inventory")(self.refresh)
        router.get("/{apple_mdm_id}/devices", response_model=list[AppleMdmDeviceBody], summary="List Macs")(self.devices)
        router.get("/{apple_mdm_id}/devices/{device_id}", summary="Get a Mac")(self.device)
        router.post("/{apple_mdm_id}/devices/{device_id}/lock", status_code=204, summary="Lock a Mac")(self.lock)
        router.post("/{apple_mdm_id}/devices/{device_id}/erase", status_code=204, summary="Erase a Mac")(self.erase)
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return the one configuration of this installation; secrets are never answered. Filters and search are for others' scripts."""
        query.listing({"id": "id", "name": "name"})
        with self.work.read() as act:
            found = [AppleMdmBody.of(act.mdms.configuration(actor)).model_dump()]
        rows = found[query.skip : query.skip + query.limit]
        return _counted(rows, len(found), query.chosen_fields)

    def key(self, actor: ApiActor, apple_mdm_id: MdmId) -> Response:
        """Return the certificate that is uploaded to Apple Business Manager, in PEM. 404 before the portal made it."""
        with self.work.read() as act:
            return Response(act.mdms.public_key(actor, apple_mdm_id), media_type=PEM)

    def refresh(self, actor: ApiActor, apple_mdm_id: MdmId) -> None:
        """Let the next synchronization begin at once. 409 without a valid server token, or while Apple asked for a pause."""
        with self.work.write() as act:
            act.mdms.refresh(actor, apple_mdm_id)

    def devices(self, actor: ApiActor, apple_mdm_id: MdmId, query: ListParameters) -> Response:
        """Return a window of the Macs under management; the header `x-total-count` tells how many match in all."""
        with self.work.read() as act:
            page = act.mdms.devices(actor, apple_mdm_id, query.listing(DEVICE_FIELDS))
        return _counted([AppleMdmDeviceBody.of(one).model_dump() for one in page.items], page.total, query.chosen_fields)

    def device(self, actor: ApiActor, apple_mdm_id: MdmId, device_id: PathId) -> AppleMdmDeviceBody:
        """Return one Mac; its id is the device's."""
        with self.work.read() as act:
            return AppleMdmDeviceBody.of(act.mdms.device(actor, apple_mdm_id, device_id))

    def lock(self, actor: ApiActor, apple_mdm_id: MdmId, device_id: PathId, body: LockOrder) -> None:
        """Lock a Mac at once, with a reason for the audit log. 409 while an earlier order waits. It waits itself where the settings want two administrators."""
        with self.work.write() as act:
            self._limit(act, actor)
            order = {"reason": body.reason, "message": body.message, "pin": body.pin or ""}
            act.mdms.lock(actor, apple_mdm_id, device_id, **order)

    def erase(self, actor: ApiActor, apple_mdm_id: MdmId, device_id: PathId, body: EraseOrder) -> None:
        """Erase a Mac, with a reason for the audit log and its serial number. 409 while an earlier order waits. It waits itself where the settings want two administrators."""
        with self.work.write() as act:
            self._limit(act, actor)
            order = {"reason": body.reason, "serial": body.serialNumber, "pin": body.pin or ""}
            act.mdms.erase(actor, apple_mdm_id, device_id, **order)

    def _limit(self, act: AppleMdmActions, actor: ApiActor) -> None:
        act.limits.require(f"mac orders {actor.id}", burst=PER_HOUR, per_minute=PER_HOUR / 60)


def _counted(found: list[dict[str, object]], total: int, wanted: frozenset[str]) -> Response:
    rows = [{name: value for name, value in row.items() if not wanted or name in wanted or name == "id"} for row in found]
    return JSONResponse(rows, headers={"x-total-count": str(total)})
