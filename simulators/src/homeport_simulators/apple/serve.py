"""Running the service over HTTP: in the foreground for the command, in a thread for a test."""

import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from homeport_simulators.apple.ade_service import AdeService, Refusal
from homeport_simulators.apple.oauth import is_signed
from homeport_simulators.apple.push_authority import PushAuthority

CONTROL = "/_control"
HEADER = "X-ADM-Auth-Session"
PUSH_TOPIC = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555"


def build(service: AdeService) -> Starlette:
    """Return the service as an application, with its control under /_control."""
    edge = _Edge(service)
    return Starlette(
        routes=[
            Route("/session", edge.session),
            Route("/account", edge.call(lambda _: service.account())),
            Route("/server/devices", edge.call(service.fetch), methods=["POST"]),
            Route("/devices/sync", edge.call(service.sync), methods=["POST"]),
            Route("/devices", edge.call(service.details), methods=["POST"]),
            Route("/profile", edge.call(service.define), methods=["POST"]),
            Route("/profile/devices", edge.call(service.assign), methods=["POST", "PUT"]),
            Route("/profile/devices", edge.call(service.unassign), methods=["DELETE"]),
            Route(CONTROL, edge.control, methods=["GET", "POST"]),
            Route(f"{CONTROL}/token", edge.token, methods=["POST"]),
            Route(f"{CONTROL}/push-certificate", edge.push_certificate, methods=["POST"]),
            Route(f"{CONTROL}/boot/{{serial}}", edge.boot, methods=["POST"]),
        ]
    )


@dataclass(frozen=True)
class _Edge:
    service: AdeService

    async def session(self, request: Request) -> Response:
        service = self.service
        service.calls.append("GET /session")
        if not is_signed(service, "GET", str(request.url), {"Authorization": request.headers.get("authorization", "")}):
            return Response("oauth_problem_adviser", 401)
        try:
            return JSONResponse({"auth_session_token": service.open_session()})
        except Refusal as refusal:
            return Response(refusal.body, refusal.status)

    def call(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        """Return a route that judges the session and answers by `answer`."""
        service = self.service

        async def route(request: Request) -> Response:
            service.calls.append(f"{request.method} {request.url.path}")
            try:
                fresh = service.enter(request.headers.get(HEADER, ""), request.headers.get("X-Server-Protocol-Version", ""))
                body = await request.body()
                done = JSONResponse(answer(json.loads(body) if body else {}))
            except Refusal as refusal:
                return Response(refusal.body, refusal.status)
            if fresh:
                done.headers[HEADER] = fresh
            return done

        return route

    async def control(self, request: Request) -> Response:
        service, wanted = self.service, json.loads(await request.body() or b"{}")
        for serial in wanted.get("remove", []):
            service.remove(serial)
        service.add(*wanted.get("add", []))
        service.faults.update(wanted.get("faults", {}))
        service.answers.update(wanted.get("answers", {}))
        return JSONResponse({"devices": service.devices, "profiles": service.profiles, "calls": service.calls})

    async def token(self, request: Request) -> Response:
        return Response(self.service.p7m(await request.body()), media_type="application/pkcs7-mime")

    async def push_certificate(self, request: Request) -> Response:
        now = self.service.now()
        signed = PushAuthority.make(now).sign(await request.body(), PUSH_TOPIC, now)
        return Response(signed, media_type="application/x-pem-file")

    async def boot(self, request: Request) -> Response:
        found = self.service.boot(request.path_params["serial"])
        return JSONResponse(found) if found else Response("", 404)


def _server(service: AdeService) -> uvicorn.Server:
    config = uvicorn.Config(
        build(service),
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def serve(host: str, port: int, service: AdeService, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve until interrupted. Raises OSError when the address cannot be had."""
    listener = socket.create_server((host, port))
    address = f"http://{host}:{listener.getsockname()[1]}"
    on_ready({"event": "ready", "url": address, "control": f"{address}{CONTROL}"})
    _server(service).run(sockets=[listener])


@contextmanager
def running(service: AdeService | None = None) -> Iterator[tuple[str, AdeService]]:
    """Serve in a thread for the length of a `with` block; gives the address and the service.

    The socket takes connections before the thread runs, so nobody has to wait for it.
    """
    service = service or AdeService()
    listener = socket.create_server(("127.0.0.1", 0))
    server = _server(service)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", service
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
