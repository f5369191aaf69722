"""The two addresses a Mac talks to. A refusal is 400 and says nothing; 401 would make the Mac leave management."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from homeport.channels.apple.authority.model import DeviceIdentity
from homeport.channels.apple.mdm.checkin import CheckIn
from homeport.channels.apple.mdm.connect import Connect
from homeport.channels.apple.mdm.management import Refused
from homeport.channels.apple.mdm.messages import read
from homeport.channels.apple.mdm.model import CHECKIN_PATH, CONNECT_PATH
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import HomeportError, RateLimited, Unavailable

log = structlog.get_logger()
XML = "application/xml"
REFUSED = 400
BUSY = 503
BURST, PER_MINUTE = 300, 300
"""Messages of one certificate, and refused ones of one network."""


@dataclass(frozen=True, slots=True)
class MdmActions:
    """What the two addresses need in one unit of work. `identify` takes the header `Mdm-Signature` and the raw body."""

    checkin: CheckIn
    connect: Connect
    limits: RateLimits
    identify: Callable[[str, bytes], DeviceIdentity]


@dataclass(frozen=True, slots=True)
class MdmEndpoints:
    """CheckInURL and ServerURL."""

    work: Work[MdmActions]

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(CHECKIN_PATH, self.checkin, methods=["PUT"])
        router.add_api_route(CONNECT_PATH, self.connect, methods=["PUT"])
        return router

    async def checkin(self, request: Request) -> Response:
        """Take a check-in message."""
        body = await request.body()  # the raw bytes: the signature is over exactly these
        return await run_in_threadpool(self._guarded, request, body, self._checkin)

    async def connect(self, request: Request) -> Response:
        """Take an answer, give the next command."""
        body = await request.body()
        return await run_in_threadpool(self._guarded, request, body, self._connect)

    def _guarded(self, request: Request, body: bytes, take: Callable[..., Response]) -> Response:
        origin = origin_of(request)
        try:
            with self.work.write() as actions:
                identity = actions.identify(request.headers.get("mdm-signature", ""), body)
                actions.limits.require(f"mdm {identity.certificate_sha256}", burst=BURST, per_minute=PER_MINUTE)
                return take(actions, identity, body, origin)
        except RateLimited as error:
            return Response(status_code=BUSY, headers={"Retry-After": str(error.retry_after)})
        except Unavailable as error:  # a full disk, or a change that met another one: the same message counts a little later
            log.warning("mdm_not_taken", path=request.url.path, error=error.detail, address=origin.address)
            return Response(status_code=BUSY, headers={"Retry-After": "60"})
        except HomeportError as error:
            reason = error.reason if isinstance(error, Refused) else getattr(error, "reason", "") or type(error).__name__
            log.info("mdm_refused", path=request.url.path, reason=reason, address=origin.address)
        return self._refuse(origin)

    def _refuse(self, origin: Origin) -> Response:
        with self.work.write() as actions:
            wait = actions.limits.take(f"mdm refused {origin.network}", burst=BURST, per_minute=PER_MINUTE)
        return Response(status_code=BUSY, headers={"Retry-After": str(wait)}) if wait else Response(status_code=REFUSED)

    @staticmethod
    def _checkin(actions: MdmActions, identity: DeviceIdentity, body: bytes, origin: Origin) -> Response:
        answer = actions.checkin.take(identity, read(body), origin)
        return Response(answer.body, answer.status, media_type=XML if answer.body else None)

    @staticmethod
    def _connect(actions: MdmActions, identity: DeviceIdentity, body: bytes, origin: Origin) -> Response:
        command = actions.connect.take(identity, read(body), origin)
        return Response(command[1] if command else b"", media_type=XML if command else None)
