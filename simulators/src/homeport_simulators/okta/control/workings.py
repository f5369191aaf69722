"""Faults, keys, sessions, settings and the request log in the control API."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from homeport_simulators.okta.control.bodies import ControlError, json_object, not_found
from homeport_simulators.okta.faults.book import DueFault
from homeport_simulators.okta.faults.catalogue import arguments_of
from homeport_simulators.okta.org import ORG_SERVER, AuthorizationServer, Org
from homeport_simulators.okta.request_log import RequestLog

_SETTINGS: dict[str, type] = {
    "advertise_iss": bool,
    "custom_server_enabled": bool,
    "custom_server_policy": bool,
    "rate_limit": int,
    "enforce_rate_limit": bool,
    "keys_cache_control": str,
}


def _shown_fault(fault: DueFault) -> dict[str, Any]:
    return {"id": fault.id, "fault": fault.name, "times": fault.times, "with": fault.arguments}


class Workings:
    """What makes one org tick, and fail."""

    def __init__(self, org: Org, log: RequestLog) -> None:
        self._org = org
        self._log = log

    async def list_faults(self, _: Request) -> Response:
        """Return the faults still due."""
        return JSONResponse([_shown_fault(fault) for fault in self._org.faults.due])

    async def add_fault(self, request: Request) -> Response:
        """Put a fault in force: once by default, `times` often, or always with null."""
        body = await json_object(request, {"fault": str, "times": int | None, "with": dict})
        times = body.get("times", 1)
        if times is not None and (isinstance(times, bool) or times < 1):
            raise ControlError("The member times must be a positive number, or null for always.")
        try:
            arguments = arguments_of(body.get("fault", ""), body.get("with", {}))
        except ValueError as error:
            raise ControlError(str(error)) from error
        return JSONResponse(_shown_fault(self._org.faults.add(body["fault"], times=times, arguments=arguments)), 201)

    async def clear_faults(self, _: Request) -> Response:
        """Lift all faults."""
        self._org.faults.clear()
        return Response(status_code=204)

    async def delete_fault(self, request: Request) -> Response:
        """Lift one fault."""
        number = request.path_params["number"]
        if not self._org.faults.remove(number):
            raise not_found("fault", str(number))
        return Response(status_code=204)

    def _server(self, body: dict[str, Any]) -> AuthorizationServer:
        name = body.get("server", ORG_SERVER)
        if name not in self._org.servers:
            raise ControlError(f"The server must be one of {', '.join(self._org.servers)}.")
        return self._org.servers[name]

    def _shown_keys(self, server: AuthorizationServer) -> dict[str, Any]:
        published = [key.kid for key in server.keys.published]
        return {"server": server.name, "signing": server.keys.current.kid, "published": published}

    async def list_keys(self, _: Request) -> Response:
        """Return which key of each server signs and which are published."""
        return JSONResponse([self._shown_keys(server) for server in self._org.servers.values()])

    async def rotate_keys(self, request: Request) -> Response:
        """Sign with another key from now on."""
        body = await json_object(request, {"withdraw_old": bool, "server": str})
        server = self._server(body)
        server.keys.rotate(withdraw_old=body.get("withdraw_old", False))
        return JSONResponse(self._shown_keys(server))

    async def announce_key(self, request: Request) -> Response:
        """Publish the key that the next rotation will use."""
        server = self._server(await json_object(request, {"server": str}))
        server.keys.announce()
        return JSONResponse(self._shown_keys(server))

    async def list_requests(self, _: Request) -> Response:
        """Return what arrived, oldest first."""
        return JSONResponse(list(self._log.entries))

    async def clear_requests(self, _: Request) -> Response:
        """Forget what arrived."""
        self._log.entries.clear()
        return Response(status_code=204)

    async def list_sessions(self, _: Request) -> Response:
        """Return who is signed in since when."""
        users = self._org.directory.users
        return JSONResponse(
            [
                {"login": users[session.user_id].login, "auth_time": session.auth_time.isoformat()}
                for session in self._org.grants.sessions.values()
                if session.user_id in users
            ]
        )

    async def clear_sessions(self, _: Request) -> Response:
        """Sign everyone out."""
        self._org.grants.sessions.clear()
        return Response(status_code=204)

    async def get_settings(self, _: Request) -> Response:
        """Return the org's switches."""
        return JSONResponse(asdict(self._org.settings))

    async def change_settings(self, request: Request) -> Response:
        """Change some of the org's switches."""
        for name, value in (await json_object(request, _SETTINGS)).items():
            setattr(self._org.settings, name, value)
        return JSONResponse(asdict(self._org.settings))

    async def reset(self, _: Request) -> Response:
        """Put people, apps, settings and faults back as they were at the start; the keys stay."""
        self._org.reset()
        self._log.entries.clear()
        return Response(status_code=204)
