"""The composition: one ASGI application for one org."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from homeport_simulators.okta.authorize import AuthorizationEndpoint
from homeport_simulators.okta.discovery import metadata
from homeport_simulators.okta.errors import api_error
from homeport_simulators.okta.org import ORG_SERVER, AuthorizationServer, Org
from homeport_simulators.okta.sign_in import SignInPages
from homeport_simulators.okta.token import TokenEndpoint
from homeport_simulators.okta.userinfo import UserinfoEndpoint

Endpoint = Callable[[Request], Awaitable[Response]]


def build(org: Org) -> Starlette:
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
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})


def _server_routes(org: Org, server: AuthorizationServer) -> list[Route]:
    async def discovery(_: Request) -> Response:
        return JSONResponse(metadata(org, server), headers={"Cache-Control": "max-age=86400, must-revalidate"})

    async def keys(_: Request) -> Response:
        document = {"keys": [key.public_jwk() for key in server.keys.published]}
        return JSONResponse(document, headers={"Cache-Control": org.settings.keys_cache_control})

    base = server.issuer.removeprefix(org.issuer)
    endpoints = server.endpoints.removeprefix(org.issuer) + "/v1"
    well_known = [f"{base}/.well-known/openid-configuration", f"{base}/.well-known/oauth-authorization-server"]
    if server.name != ORG_SERVER:
        well_known.append(f"/.well-known/oauth-authorization-server{base}")  # RFC 8414 section 3.1
    return [
        *(Route(path, discovery) for path in well_known),
        Route(f"{endpoints}/keys", keys),
        Route(f"{endpoints}/authorize", AuthorizationEndpoint(org, server).answer, methods=["GET", "POST"]),
        Route(f"{endpoints}/token", TokenEndpoint(org, server).answer, methods=["POST"]),
        Route(f"{endpoints}/userinfo", UserinfoEndpoint(org, server).answer, methods=["GET", "POST"]),
    ]


async def _http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return api_error(status, {404: "E0000007", 405: "E0000022"}.get(status, "E0000009"))
