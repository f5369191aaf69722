"""The endpoints under /agent/v1, as `docs/protocols/device.md` describes them."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from homeport.channels.linux.actions import Orders, Receipt
from homeport.channels.linux.help_desk import HelpDesk
from homeport.channels.linux.model import Approval
from homeport.channels.linux.schemas import ChallengeBody, EnrollRequest, HelpDeskKeyBody, PathId, ReportBody, UnlockCodeBody
from homeport.channels.linux.wakeups import Wakeups
from homeport.directory.devices.actions import Access, Bindings, Devices, Enrollment, Policies
from homeport.directory.devices.model import Device, DeviceFacts, DeviceStatus, linux_name_allowed
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor, origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.errors import Conflict, RateLimited, Unauthenticated
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.access.actions.browsers import DeviceBrowsers
from homeport.trust.issuer.actions import AccessTokens, DeviceAuthorizations
from homeport.trust.issuer.model import AccessToken, Scope

PEOPLE = 500
"""How many people one answer of `/people` names."""
MAX_WAIT = 50
"""Seconds an agent may wait for a change; below what proxies usually cut."""


@dataclass(frozen=True, slots=True)
class LinuxActions:
    """What the endpoints need in one unit of work."""

    devices: Devices
    enrollment: Enrollment
    orders: Orders
    tokens: AccessTokens
    limits: RateLimits
    access: Access
    bindings: Bindings
    authorizations: DeviceAuthorizations
    policies: Policies
    help_desk: HelpDesk
    browsers: DeviceBrowsers


@dataclass(frozen=True, slots=True)
class AgentEndpoints:
    """The endpoints of agents. `reread_every` is in seconds: how often a waiting request looks for what another replica changed."""

    work: Work[LinuxActions]
    wakeups: Wakeups
    public_url: str
    reread_every: float

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False, prefix="/agent/v1")
        router.add_api_route("/enroll", self.enroll, methods=["POST"])
        router.add_api_route("/order", self.order, methods=["POST"])
        router.add_api_route("/desired-state", self.desired_state, methods=["GET"])
        router.add_api_route("/people", self.people, methods=["GET"])
        router.add_api_route("/policy", self.policy, methods=["GET"])
        router.add_api_route("/help-desk-key", self.help_desk_key, methods=["POST"])
        router.add_api_route("/reports", self.reports, methods=["POST"])
        router.add_api_route("/portal", self.portal, methods=["POST"])
        return router

    def enroll(self, request: Request, body: EnrollRequest) -> JSONResponse:
        """Let a device join (section 1)."""
        origin = origin_of(request)
        with self.work.write() as actions:
            wait = actions.limits.take(f"enroll {origin.network}", burst=200, per_minute=200)
        if wait:
            raise RateLimited("Too many enrolments from this address. Wait a minute.", retry_after=wait)
        facts = DeviceFacts(**body.device.model_dump())
        copied: Conflict | None = None
        with self.work.write() as actions:
            thumbprint = actions.tokens.verify_enrollment(body.proof, body.device_key)
            holder = actions.devices.find_by_thumbprint(thumbprint)
            try:
                device, created = actions.enrollment.enroll(body.enrollment_key, body.device_key, thumbprint, facts, origin)
            except Conflict as error:
                if holder is None:
                    raise
                actions.devices.note_copy(holder, facts, origin.address)
                copied = error  # raised once the record of it is stored
            else:
                answer = {
                    "device_id": device.id,
                    "issuer": self.public_url,
                    "status": device.status.value,
                    "order_root": actions.orders.keys.root_jwk(),
                }
        if copied is not None:
            raise copied
        return JSONResponse(answer, 201 if created else 200)

    def order(self, request: Request) -> Response:
        """Hand out the one order that a completed sign-in earned (section 3)."""
        with self.work.write() as actions:
            device, token = self._authenticate(request, actions, Scope.ORDER)
            if device.deleted_at is not None or device.status is not DeviceStatus.ACTIVE:
                return _problem(ReasonCode.DEVICE_GONE if device.deleted_at else ReasonCode.DEVICE_PENDING)
            if not actions.tokens.use_once(token):
                return _problem(ReasonCode.USER_CODE_USED)
            assert token.user_id is not None
            assert token.sign_in_id is not None
            answer = _earned(actions, device, token.user_id, token.sign_in_id)
        if isinstance(answer, ReasonCode):
            return _problem(answer, token.sign_in_id)
        return JSONResponse({**answer, "sign_in_id": token.sign_in_id})

    async def desired_state(self, request: Request, version: int = 0, wait: int = 0) -> JSONResponse:
        """Answer what the device should do, at once when it changed, else when it changes or the wait is over (section 4)."""
        device = await run_in_threadpool(self._authenticate_agent, request)
        deadline = asyncio.get_running_loop().time() + max(0, min(wait, MAX_WAIT))
        while not self.wakeups.closed:
            with self.wakeups.expect(device.id) as woken:
                state = await run_in_threadpool(self._state, device.id, version)
                left = deadline - asyncio.get_running_loop().time()
                if state is not None or left <= 0:
                    return JSONResponse(state or await run_in_threadpool(self._state, device.id, -1))
                await woken.wait(min(left, self.reread_every))
        # The server stops: thousands may wait, so nothing is read or signed; the agent asks the next server with the same version.
        return JSONResponse({"version": version, "status": _status(device), "orders": []})

    def _state(self, device_id: str, known_version: int) -> dict[str, object] | None:
        """Return the answer, or None when nothing changed since the version."""
        with self.work.read() as actions:  # most agents wait for nothing, and thousands of them must not write for it
            device = actions.devices.find(device_id)
            if device is not None and device.deleted_at is None and device.desired_state_version == known_version:
                return None
            if device is not None and not actions.orders.has_work(device):
                return {"version": device.desired_state_version, "status": _status(device), "orders": []}
        with self.work.write() as actions:  # leases are renewed, and signing may have to make a new order key
            device = actions.devices.find(device_id)
            if device is None:
                return {"version": known_version + 1, "status": "deleted", "orders": []}
            return {
                "version": device.desired_state_version,
                "status": _status(device),
                "orders": [signed.as_json() for signed in actions.orders.outstanding(device)],
            }

    def people(self, request: Request, skip: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0) -> JSONResponse:
        """Tell who may sign in on the device (section 4)."""
        with self.work.write() as actions:
            device, _ = self._authenticate(request, actions, Scope.AGENT)
        with self.work.read() as actions:
            if actions.bindings.may_admit(None, device) is not None:
                return JSONResponse({"people": [], "next": None})
            page = actions.access.entrants_of(device, Listing(sort=("id",), skip=skip, limit=PEOPLE))
        entrants = [entrant for entrant in page.items if linux_name_allowed(entrant.username)]
        without = [entrant.user_id for entrant in entrants if entrant.uid is None]
        given: dict[str, int] = {}
        if without:
            with self.work.write() as actions:
                given = actions.bindings.give_numbers(without)
        people = [
            {
                "user_id": entrant.user_id,
                "username": entrant.username,
                "email": entrant.email,
                "full_name": entrant.full_name,
                "uid": entrant.uid if entrant.uid is not None else given.get(entrant.user_id),
            }
            for entrant in entrants
        ]
        following = skip + PEOPLE
        return JSONResponse({"people": people, "next": following if following < page.total else None})

    def policy(self, request: Request) -> Response:
        """Tell how people with an account may come in (section 4)."""
        with self.work.write() as actions:
            device, _ = self._authenticate(request, actions, Scope.AGENT)
            setting = actions.policies.of_device(device)
            return JSONResponse(actions.orders.policy(device, setting)) if setting else Response(status_code=404)

    def help_desk_key(self, request: Request, body: HelpDeskKeyBody) -> Response:
        """Agree with a device on the key of the help desk's codes (section 9)."""
        with self.work.write() as actions:
            device, _ = self._authenticate(request, actions, Scope.AGENT)
            answer = actions.help_desk.introduce(device, body.public, body.place)
            return JSONResponse(answer) if answer else Response(status_code=204)

    def reports(self, request: Request, body: ReportBody) -> Response:
        """Take receipts and what the device found (section 5)."""
        with self.work.write() as actions:
            device, _ = self._authenticate(request, actions, Scope.AGENT)
            receipts = [
                Receipt(item.order_id, item.outcome, item.reason or "", item.model_dump(mode="json")) for item in body.receipts
            ]
            actions.orders.take_reports(device, receipts, [item.report for item in body.accounts])
            now = actions.help_desk.clock.now()
            told = [notice for item in body.notices if (notice := item.notice(device.id, now))]
            actions.help_desk.take_notices(device, told)
            facts = DeviceFacts(**body.device.model_dump(exclude_unset=True)) if body.device else None
            actions.devices.touch(device.id, origin_of(request).address, facts)
        return Response(status_code=204)

    def portal(self, request: Request) -> Response:
        """Answer the address by which a browser on the device signs in to the user portal as the device's (section 10)."""
        with self.work.write() as actions:
            device, _ = self._authenticate(request, actions, Scope.AGENT)
            if not device.active:
                return _problem(ReasonCode.DEVICE_GONE if device.deleted_at else ReasonCode.DEVICE_PENDING)
            token = actions.browsers.begin(device)
        return JSONResponse({"url": f"{self.public_url}/user/device/{token}"}, headers={"cache-control": "no-store"})

    def _authenticate_agent(self, request: Request) -> Device:
        with self.work.write() as actions:
            device, _ = self._authenticate(request, actions, Scope.AGENT)
            actions.devices.touch(device.id, origin_of(request).address, None)
            return device

    def _authenticate(self, request: Request, actions: LinuxActions, scope: Scope) -> tuple[Device, AccessToken]:
        """Return the device whose token and proof the request carries; raise Unauthenticated."""
        stored = actions.tokens.authenticate_request(
            method=request.method,
            path=request.url.path,
            authorization=request.headers.get("authorization", ""),
            dpop=request.headers.getlist("dpop"),
            scope=scope,
        )
        device = actions.devices.find(stored.device_id)
        if device is None:
            raise Unauthenticated("No device has this id. Enrol the machine again.", reason="device_unknown")
        return device, stored


class HelpDeskApi:
    """The REST edge of the help desk's codes."""

    def __init__(self, work: Work[HelpDesk]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/systems/{id}", tags=["Devices"])
        router.post("/bindings/{binding_id}/unlock-code", summary="Make a help-desk code for an account")(self.issue)
        return router

    def issue(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        binding_id: PathId,
        body: ChallengeBody,
    ) -> UnlockCodeBody:
        """Answer the digits that a device without a network shows with the code that lets the person in."""
        with self.work.write() as help_desk:
            return UnlockCodeBody.of(help_desk.issue(actor, id, binding_id, body.challenge))


def _earned(actions: LinuxActions, device: Device, user_id: str, sign_in_id: str) -> dict[str, str] | ReasonCode:
    """Return what a sign-in earned: an account or its renewal, a word to the prompt that waits, or both."""
    authorization = actions.authorizations.of_sign_in(sign_in_id)
    if authorization is None:
        return ReasonCode.USER_CODE_EXPIRED
    approval = Approval(device.id, authorization.scope.value, user_id, authorization.wanted.nonce, sign_in_id)
    if authorization.scope is Scope.SUDO:
        return actions.orders.approve(approval, authorization.wanted.message)
    signed = actions.orders.bind(user_id, device, sign_in_id)
    if isinstance(signed, ReasonCode):
        return signed
    return {**signed.as_json(), "approval": actions.orders.keys.sign_approval(approval)[0]}


def _status(device: Device) -> str:
    return "deleted" if device.deleted_at else device.status.value


def _problem(reason: ReasonCode, sign_in_id: str | None = None) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": "Refused",
        "status": 403,
        "detail": reason.person,
        "reason": reason.code,
        "sign_in_id": sign_in_id,
    }
    return JSONResponse(body, 403, media_type="application/problem+json")
