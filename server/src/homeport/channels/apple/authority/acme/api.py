"""ACME's endpoints, `/mdm/acme/…`: each signed request is a POST, each answer brings the next nonce (RFC 8555, section 6)."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from homeport.channels.apple.authority.acme.actions import NEW_ACCOUNT, WORDS, Acme
from homeport.channels.apple.authority.acme.model import LIMIT, PATH, Problem, ProblemKind, Reply
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import RateLimited

PROBLEM = "application/problem+json"
JOSE = "application/jose+json"
A_MINUTE = 600
"""Requests that one network may make in a minute; a Mac makes nine."""


@dataclass(frozen=True, slots=True)
class AcmeActions:
    """What the endpoints need in one unit of work."""

    acme: Acme
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class AcmeEndpoints:
    """Answers what a Mac asks."""

    work: Work[AcmeActions]

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(f"{PATH}/directory", self.directory, methods=["GET"])
        router.add_api_route(f"{PATH}/new-nonce", self.nonce, methods=["GET", "HEAD"])
        for word in (NEW_ACCOUNT, *WORDS):
            path = "" if word.startswith("new-") else "/{identity}"
            name, tail = ("order", "/finalize") if word == "finalize" else (word, "")
            router.add_api_route(f"{PATH}/{name}{path}{tail}", self._asked(word), methods=["POST"])
        return router

    def directory(self) -> Response:
        """Say where each request goes."""
        with self.work.read() as actions:
            return JSONResponse(actions.acme.directory())

    def nonce(self, request: Request) -> Response:
        """Hand out a nonce (section 7.2)."""
        with self.work.write() as actions:
            wait = self._take(actions, origin_of(request))
            fresh = "" if wait else actions.acme.nonce()
        if wait:
            raise _too_many(wait)
        headers = {"Replay-Nonce": fresh, "Cache-Control": "no-store"}
        return Response(status_code=200 if request.method == "HEAD" else 204, headers=headers)

    def _asked(self, word: str) -> Callable[[Request], Awaitable[Response]]:
        async def asked(request: Request) -> Response:
            body = bytearray()
            async for piece in request.stream():
                body += piece
                if len(body) > LIMIT:
                    break  # the reader refuses it by its length
            identity = str(request.path_params.get("identity", ""))
            media_type = request.headers.get("content-type", "")
            return await run_in_threadpool(self._answer, word, identity, bytes(body), media_type, origin_of(request))

        return asked

    def _answer(self, word: str, identity: str, body: bytes, media_type: str, origin: Origin) -> Response:
        with self.work.write() as actions:
            wait = self._take(actions, origin)
            if not wait:
                try:
                    if media_type.partition(";")[0].strip() != JOSE:
                        raise Problem(ProblemKind.MALFORMED, f"Requests are sent as {JOSE}.")  # noqa: TRY301 - answered as all others
                    reply = actions.acme.answer(word, identity, body, origin)
                except Problem as problem:
                    reply = Reply(problem.status, problem.document(), media_type=PROBLEM)
                fresh, start = actions.acme.nonce(), actions.acme.parts.url("directory")
        if wait:
            raise _too_many(wait)
        content = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        answer = Response(content, reply.status, media_type=reply.media_type)
        headers = {"Replay-Nonce": fresh, "Cache-Control": "no-store", **reply.headers}
        for name, value in headers.items():
            answer.headers[name] = value
        answer.headers.append("Link", f'<{start}>;rel="index"')
        return answer

    def _take(self, actions: AcmeActions, origin: Origin) -> int:
        return actions.limits.take(f"acme {origin.network}", burst=A_MINUTE, per_minute=A_MINUTE)


def _too_many(wait: int) -> RateLimited:
    return RateLimited("Too many requests from this address. Wait a minute.", retry_after=wait)
