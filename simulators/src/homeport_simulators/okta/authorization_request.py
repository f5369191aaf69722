"""The checks of the authorization endpoint (RFC 6749 section 4.1.1, RFC 7636 section 4.3), in the order Okta makes them."""

import re
from dataclasses import dataclass

from starlette.datastructures import ImmutableMultiDict

from homeport_simulators.okta.apps import App
from homeport_simulators.okta.discovery import SCOPES
from homeport_simulators.okta.grants import AuthorizationRequest
from homeport_simulators.okta.org import ORG_SERVER, AuthorizationServer, Org

_STATE = re.compile(r"[A-Za-z0-9,._-]+")  # the characters Okta's error article allows
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PROMPTS = ({"none"}, {"login"}, {"consent"}, {"login", "consent"})
_RESPONSE_MODES = ("query", "form_post")


@dataclass(kw_only=True, eq=False)
class RequestRefusedError(Exception):
    """A request that is not served; without a redirect URI it ends on the provider's own page."""

    error: str
    description: str
    redirect_uri: str | None = None
    state: str | None = None
    response_mode: str = "query"


def _invalid(parameter: str) -> str:
    return f"The authentication request has an invalid '{parameter}' parameter."


def find_app(org: Org, params: ImmutableMultiDict[str, str]) -> App:
    """Return the app and check its redirect URI; errors here must never redirect (RFC 6749 section 4.1.2.1)."""
    app = org.apps.by_client_id.get(params.get("client_id", ""))
    if app is None:
        raise RequestRefusedError(error="invalid_client", description="Invalid value for 'client_id' parameter.")
    if params.get("redirect_uri") not in app.redirect_uris or len(params.getlist("redirect_uri")) > 1:
        raise RequestRefusedError(
            error="invalid_request",
            description="The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
        )
    return app


def check(server: AuthorizationServer, app: App, params: ImmutableMultiDict[str, str]) -> AuthorizationRequest:
    """Return the request if every parameter is acceptable, else raise `RequestRefusedError` with the redirect URI to answer at."""
    redirect_uri, state = params["redirect_uri"], params.get("state")
    response_mode = params.get("response_mode", "query")
    problem = _problem(server, app, params)
    if problem is not None:
        error, description = problem
        mode = response_mode if response_mode in _RESPONSE_MODES else "query"
        raise RequestRefusedError(
            error=error, description=description, redirect_uri=redirect_uri, state=state, response_mode=mode
        )
    max_age = params.get("max_age")
    return AuthorizationRequest(
        server=server.name,
        client_id=app.client_id,
        redirect_uri=redirect_uri,
        scopes=tuple(params["scope"].split()),
        state=params["state"],
        nonce=params.get("nonce"),
        response_mode=response_mode,
        code_challenge=params.get("code_challenge"),
        prompt=frozenset(params.get("prompt", "").split()),
        max_age=None if max_age is None else int(max_age),
        login_hint=params.get("login_hint", ""),
    )


def _problem(server: AuthorizationServer, app: App, params: ImmutableMultiDict[str, str]) -> tuple[str, str] | None:
    for name in params:
        if len(params.getlist(name)) > 1:
            return "invalid_request", f"The request has the parameter '{name}' more than once."
    if not _STATE.fullmatch(params.get("state", "")):
        return "invalid_request", _invalid("state")
    if "request" in params or "request_uri" in params:
        name = "request" if "request" in params else "request_uri"
        return f"{name}_not_supported", _invalid(name)
    if params.get("response_mode", "query") not in _RESPONSE_MODES:
        return "invalid_request", _invalid("response_mode")
    if params.get("response_type") != "code":
        return (
            "unsupported_response_type",
            "The response type is not supported by the authorization server. Configured response types: [code]",
        )
    return _scope_problem(server, params) or _pkce_problem(app, params) or _prompt_problem(params)


def _scope_problem(server: AuthorizationServer, params: ImmutableMultiDict[str, str]) -> tuple[str, str] | None:
    scopes = params.get("scope", "").split()
    if not scopes:
        return (
            "invalid_scope",
            "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
        )
    for scope in scopes:
        if scope not in SCOPES and not (server.name == ORG_SERVER and scope.startswith("okta.")):
            return "invalid_scope", "One or more scopes are not configured for the authorization server resource."
    return None


def _pkce_problem(app: App, params: ImmutableMultiDict[str, str]) -> tuple[str, str] | None:
    challenge, method = params.get("code_challenge"), params.get("code_challenge_method")
    if challenge is None and method is None:
        return ("invalid_request", "PKCE code challenge is required by the application.") if app.pkce_required else None
    if method != "S256":
        return "invalid_request", _invalid("code_challenge_method")
    if challenge is None or not _S256_CHALLENGE.fullmatch(challenge):
        return "invalid_request", _invalid("code_challenge")
    return None


def _prompt_problem(params: ImmutableMultiDict[str, str]) -> tuple[str, str] | None:
    prompt = set(params.get("prompt", "").split())
    if prompt and prompt not in _PROMPTS:
        return "invalid_request", _invalid("prompt")
    max_age = params.get("max_age")
    if max_age is not None and not re.fullmatch(r"[0-9]{1,9}", max_age):
        return "invalid_request", _invalid("max_age")
    return None
