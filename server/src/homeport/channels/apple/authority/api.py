"""SCEP's endpoint, `/mdm/scep` (RFC 8894, section 4)."""

import base64
import binascii
from dataclasses import dataclass

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from homeport.channels.apple.authority import scep
from homeport.channels.apple.authority.actions import Authority
from homeport.channels.apple.authority.model import SCEP_PATH, UnknownDevice
from homeport.channels.apple.authority.scep import FailInfo, Message, MessageType, Own
from homeport.channels.apple.cms.model import LIMIT, CMSError
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import RateLimited

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AuthorityActions:
    """What the endpoint needs in one unit of work."""

    authority: Authority
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class ScepEndpoint:
    """Answers GetCACaps, GetCACert and PKIOperation. `legacy` takes DES, 3DES and SHA-1 too."""

    work: Work[AuthorityActions]
    legacy: bool

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(SCEP_PATH, self.get, methods=["GET"])
        router.add_api_route(SCEP_PATH, self.post, methods=["POST"])
        return router

    def get(self, request: Request, operation: str = "", message: str = "") -> Response:
        """Answer what a client asks first, and requests of clients that cannot POST."""
        match operation:
            case "GetCACaps":
                return PlainTextResponse(scep.capabilities(legacy=self.legacy))
            case "GetCACert":
                with self.work.write() as actions:  # made when first asked for
                    certificate = actions.authority.certificate()
                return Response(certificate.public_bytes(Encoding.DER), media_type="application/x-x509-ca-cert")
            case "PKIOperation":
                return self._answer(_decoded(message), origin_of(request))
            case _:
                return PlainTextResponse("The operations are GetCACaps, GetCACert and PKIOperation.\n", 400)

    async def post(self, request: Request, operation: str = "") -> Response:
        """Answer a PKIOperation."""
        if operation != "PKIOperation":
            return PlainTextResponse("Only PKIOperation is sent by POST.\n", 400)
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LIMIT:
                return PlainTextResponse("The message is too long.\n", 413)
        return await run_in_threadpool(self._answer, bytes(body), origin_of(request))

    def _answer(self, raw: bytes, origin: Origin) -> Response:
        with self.work.write() as actions:
            wait = actions.limits.take(f"scep {origin.network}", burst=300, per_minute=300)
        if wait:
            raise RateLimited("Too many requests from this address. Wait a minute.", retry_after=wait)
        try:
            message = scep.read(raw, legacy=self.legacy)
        except CMSError as error:
            log.info("scep_unreadable", because=error.detail, address=origin.address)
            return PlainTextResponse(f"{error.detail}\n", 400)
        with self.work.write() as actions:
            own = Own(actions.authority.key(), actions.authority.certificate())
        try:
            return _reply(self._earned(message, own))
        except CMSError as error:
            why, sentence = FailInfo.BAD_MESSAGE_CHECK, error.detail
        except UnknownDevice as error:
            why, sentence = FailInfo.BAD_REQUEST, error.detail
        with self.work.write() as actions:
            actions.authority.note_refusal(sentence, origin)
        return _reply(scep.failure(message, why, own))

    def _earned(self, message: Message, own: Own) -> bytes:
        """Return the answer with a certificate; raise CMSError or UnknownDevice when the request earns none."""
        wanted = scep.open_request(message, own, legacy=self.legacy)
        with self.work.write() as actions:
            if message.type is MessageType.RENEWAL_REQ and not wanted.challenge:
                device = actions.authority.recognize(message.signed.signer)
                issued = actions.authority.renew(device, wanted.asked)
            else:
                earned = actions.authority.issue(wanted.challenge, wanted.asked)
                if earned is None:
                    raise UnknownDevice("The challenge is not known, was used, or is over.")
                issued = earned
        return scep.success(message, wanted.asked.cipher, issued, own)


def _reply(answer: bytes) -> Response:
    return Response(answer, media_type="application/x-pki-message")


def _decoded(message: str) -> bytes:
    """Return the message of a GET, in which some clients leave a plus as it is, so that it arrives as a space."""
    try:
        return base64.b64decode(message.replace(" ", "+"), validate=True)
    except (ValueError, binascii.Error):
        return b""
