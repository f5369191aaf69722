"""The userinfo endpoint (OpenID Connect Core section 5.3); it reads the Authorization header only (RFC 6750)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from homeport_simulators.okta import claims
from homeport_simulators.okta.directory import Status
from homeport_simulators.okta.errors import NO_STORE
from homeport_simulators.okta.faults import answers
from homeport_simulators.okta.faults.responses import instead
from homeport_simulators.okta.faults.signature import honest
from homeport_simulators.okta.org import AuthorizationServer, Org


class UserinfoEndpoint:
    """`/v1/userinfo` of one authorization server."""

    def __init__(self, org: Org, server: AuthorizationServer) -> None:
        self._org = org
        self._server = server

    async def answer(self, request: Request) -> Response:
        """Return the person's claims for a good access token."""
        broken = await instead(self._org, "userinfo", request)
        if broken is not None:
            return broken
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value:
            return _challenge(400, "invalid_request", "The access token is missing.")
        token = self._org.grants.access_tokens.get(value)
        user = self._org.directory.users.get(token.user_id) if token else None
        if token is None or token.server != self._server.name or token.expires_at <= self._org.clock.now():
            return _challenge(401, "invalid_token", "The access token is invalid.")
        if user is None or user.status is not Status.ACTIVE:
            return _challenge(401, "invalid_token", "The access token is invalid.")
        if "openid" not in token.scopes:
            return _challenge(
                403, "insufficient_scope", "The access token must provide access to at least one of these scopes - openid."
            )
        person = token.identity.apply(claims.person(self._org, user, token.scopes))
        person = answers.userinfo(self._org.faults, person)
        if self._org.faults.take("userinfo_signed") is not None:
            signed = honest(person | {"iss": self._server.issuer, "aud": token.client_id}, self._server.keys)
            return Response(signed, media_type="application/jwt", headers=NO_STORE)
        return JSONResponse(person, headers=NO_STORE)


def _challenge(status: int, error: str, description: str) -> Response:
    header = f'Bearer realm="userinfo", scope="openid", error="{error}", error_description="{description}"'
    return JSONResponse(
        {"error": error, "error_description": description}, status, headers=NO_STORE | {"WWW-Authenticate": header}
    )
