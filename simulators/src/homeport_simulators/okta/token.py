"""The token endpoint: a code for an ID token and an opaque access token (RFC 6749 section 4.1.3)."""

import base64
import hashlib
import hmac
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from homeport_simulators.okta.apps import App
from homeport_simulators.okta.client_authentication import ClientRefusedError, authenticate
from homeport_simulators.okta.directory import Status, User
from homeport_simulators.okta.errors import NO_STORE, oauth_error
from homeport_simulators.okta.faults import answers, signature
from homeport_simulators.okta.faults import id_token as id_token_faults
from homeport_simulators.okta.faults.responses import instead
from homeport_simulators.okta.grants import TOKEN_LIFETIME, AccessToken, Code
from homeport_simulators.okta.id_token import honest_claims
from homeport_simulators.okta.org import AuthorizationServer, Org

_BAD_CODE = "The authorization code is invalid or has expired."


class TokenEndpoint:
    """`/v1/token` of one authorization server."""

    def __init__(self, org: Org, server: AuthorizationServer) -> None:
        self._org = org
        self._server = server

    async def answer(self, request: Request) -> Response:
        """Authenticate the client, then redeem its code."""
        broken = await instead(self._org, "token", request)
        if broken is not None:
            return broken
        form = {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}
        try:
            app = authenticate(self._org, request.headers.get("authorization"), form)
        except ClientRefusedError as refused:
            return oauth_error(401, refused.error, refused.description)
        if form.get("grant_type") != "authorization_code":
            return oauth_error(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server. "
                "Configured grant types: [authorization_code].",
            )
        if not form.get("code") or not form.get("redirect_uri"):
            return oauth_error(400, "invalid_request", "The token request must have 'code' and 'redirect_uri'.")
        return self._redeem(app, form)

    def _redeem(self, app: App, form: dict[str, str]) -> Response:
        code = self._org.grants.codes.get(form["code"])
        if code is None or code.request.client_id != app.client_id or code.request.server != self._server.name:
            return oauth_error(400, "invalid_grant", _BAD_CODE)
        if code.used:
            # RFC 6749 section 4.1.2: a second use also revokes what the first one got.
            self._org.grants.access_tokens.pop(code.access_token or "", None)
            return oauth_error(400, "invalid_grant", _BAD_CODE)
        code.used = True
        if code.expires_at <= self._org.clock.now():
            return oauth_error(400, "invalid_grant", _BAD_CODE)
        if form["redirect_uri"] != code.request.redirect_uri:
            return oauth_error(
                400,
                "invalid_grant",
                "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
            )
        user = self._org.directory.users.get(code.user_id)
        if user is None or user.status is not Status.ACTIVE:
            return oauth_error(400, "invalid_grant", _BAD_CODE)
        if not _verifier_fits(code.request.code_challenge, form.get("code_verifier")):
            return oauth_error(400, "invalid_grant", "PKCE verification failed.")
        return JSONResponse(self._tokens(app, user, code), headers=NO_STORE)

    def _tokens(self, app: App, user: User, code: Code) -> dict[str, Any]:
        org, access_token = self._org, self._org.ids.token()
        # No refresh tokens here, so the scope that asks for one is dropped, as Okta does for an app without that grant.
        scopes = tuple(scope for scope in code.request.scopes if scope != "offline_access")
        identity = id_token_faults.identity(org.faults)
        code.access_token = access_token
        org.grants.access_tokens[access_token] = AccessToken(
            server=self._server.name,
            client_id=app.client_id,
            user_id=code.user_id,
            scopes=scopes,
            expires_at=org.clock.now() + TOKEN_LIFETIME,
            identity=identity,
        )
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "access_token": access_token,
            "scope": " ".join(scopes),
        }
        if "openid" in scopes:
            claims = honest_claims(
                org,
                self._server,
                app,
                user,
                code,
                access_token=access_token,
                identity=identity,
            )
            secret = next(secret.value for secret in app.secrets if secret.active)
            claims = id_token_faults.altered(org.faults, claims)
            body["id_token"] = signature.signed(org.faults, claims, self._server.keys, secret)
        return answers.token_response(org.faults, body)


def _verifier_fits(challenge: str | None, verifier: str | None) -> bool:
    """Compare as RFC 7636 section 4.6; a verifier without a challenge is refused too (RFC 9700 section 4.8.2)."""
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
