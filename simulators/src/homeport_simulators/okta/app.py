"""The composition: one ASGI application for one org."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from homeport_simulators.okta.authorize import AuthorizationEndpoint
from homeport_simulators.okta.control.routes import control_routes
from homeport_simulators.okta.discovery import metadata
from homeport_simulators.okta.errors import api_error
from homeport_simulators.okta.faults import discovery as discovery_faults
from homeport_simulators.okta.faults.responses import instead
from homeport_simulators.okta.faults.signature import FOREIGN_KEYS, key_set
from homeport_simulators.okta.headers import OktaHeaders
from homeport_simulators.okta.logout import LogoutEndpoint
from homeport_simulators.okta.org import ORG_SERVER, AuthorizationServer, Org
from homeport_simulators.okta.request_log import Recorded, RequestLog
from homeport_simulators.okta.sign_in import SignInPages
from homeport_simulators.okta.token import TokenEndpoint
from homeport_simulators.okta.userinfo import UserinfoEndpoint

Endpoint = Callable[[Request], Awaitable[Response]]


def build(org: Org) -> ASGIApp:
    """Return the application of an org."""
    pages = SignInPages(org)
    routes = [
        Route("/", pages.home),
        Route("/signin", pages.show_form, methods=["GET"]),
        Route("/signin", pages.sign_in, methods=["POST"]),
        Route("/consent", pages.show_consent, methods=["GET"]),
        Route("/consent", pages.consent, methods=["POST"]),
        Route("/signout", pages.sign_out, methods=["POST"]),
    ]
    for server in org.servers.values():
        routes += _server_routes(org, server)
    log = RequestLog(org.clock)
    routes += control_routes(org, log)
    application = Starlette(routes=routes, exception_handlers={HTTPException: _http_error})
    return OktaHeaders(Recorded(application, log), org)


def _server_routes(org: Org, server: AuthorizationServer) -> list[Route]:
    async def discovery(request: Request) -> Response:
        broken = await instead(org, "discovery", request)
        if broken is not None:
            return broken
        document = discovery_faults.altered(org.faults, metadata(org, server))
        return discovery_faults.sent(org.faults, document, {"Cache-Control": "max-age=86400, must-revalidate"})

    async def keys(request: Request) -> Response:
        broken = await instead(org, "keys", request)
        if broken is not None:
            return broken
        document = {"keys": key_set(org.faults, server.keys)}
        return JSONResponse(document, headers={"Cache-Control": org.settings.keys_cache_control})

    async def foreign_keys(_: Request) -> Response:
        return JSONResponse({"keys": [server.keys.foreign.public_jwk()]})

    base = server.issuer.removeprefix(org.issuer)
    endpoints = server.endpoints.removeprefix(org.issuer) + "/v1"
    well_known = [f"{base}/.well-known/openid-configuration", f"{base}/.well-known/oauth-authorization-server"]
    if server.name != ORG_SERVER:
        well_known.append(f"/.well-known/oauth-authorization-server{base}")  # RFC 8414 section 3.1
    both = ["GET", "POST"]
    table: list[tuple[str, Endpoint, list[str]]] = [
        *((path, discovery, ["GET"]) for path in well_known),
        (f"{endpoints}/keys", keys, ["GET"]),
        (f"{base}{FOREIGN_KEYS}", foreign_keys, ["GET"]),
        (f"{endpoints}/authorize", AuthorizationEndpoint(org, server).answer, both),
        (f"{endpoints}/token", TokenEndpoint(org, server).answer, ["POST"]),
        (f"{endpoints}/userinfo", UserinfoEndpoint(org, server).answer, both),
        (f"{endpoints}/logout", LogoutEndpoint(org, server).answer, both),
    ]
    return [Route(path, _bought(org, server, endpoint), methods=methods) for path, endpoint, methods in table]


def _bought(org: Org, server: AuthorizationServer, endpoint: Endpoint) -> Endpoint:
    """Return the endpoint; those of a custom server need the paid product and answer E0000015 without it."""

    async def answer(request: Request) -> Response:
        if server.name != ORG_SERVER and not org.settings.custom_server_enabled:
            return api_error(401, "E0000015")
        return await endpoint(request)

    return answer


async def _http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return api_error(status, {400: "E0000003", 404: "E0000007", 405: "E0000022"}.get(status, "E0000009"))
