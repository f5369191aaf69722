"""The logout endpoint (OpenID Connect RP-Initiated Logout 1.0); Okta insists on `id_token_hint`."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from homeport_simulators.okta import sessions
from homeport_simulators.okta.jws import verified_claims
from homeport_simulators.okta.org import AuthorizationServer, Org
from homeport_simulators.okta.pages import error_page


class LogoutEndpoint:
    """`/v1/logout` of one authorization server."""

    def __init__(self, org: Org, server: AuthorizationServer) -> None:
        self._org = org
        self._server = server

    async def answer(self, request: Request) -> Response:
        """End the session of whoever the ID token names; an expired token will do."""
        params = await request.form() if request.method == "POST" else request.query_params
        claims = verified_claims(str(params.get("id_token_hint", "")), self._server.keys.published)
        app = self._org.apps.by_client_id.get(str(claims.get("aud"))) if claims else None
        if claims is None or app is None or claims.get("iss") != self._server.issuer:
            return error_page(
                400, "invalid_client", "A client_id must be provided in the request; it comes from 'id_token_hint'."
            )
        target = params.get("post_logout_redirect_uri")
        if target is None:
            response: Response = RedirectResponse(f"{self._org.issuer}/", 302)
        elif target in app.post_logout_redirect_uris:
            state = params.get("state")
            response = RedirectResponse(f"{target}?{urlencode({'state': state})}" if state else str(target), 302)
        else:
            return error_page(
                400,
                "invalid_request",
                "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings.",
            )
        sessions.end(self._org, request, response)
        return response
