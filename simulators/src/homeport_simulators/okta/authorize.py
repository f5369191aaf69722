"""The authorization endpoint: who asks, who is there, may they."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from homeport_simulators.okta import sessions
from homeport_simulators.okta.apps import App
from homeport_simulators.okta.authorization_request import RequestRefusedError, check, find_app
from homeport_simulators.okta.authorization_response import code_response, refusal
from homeport_simulators.okta.directory import User
from homeport_simulators.okta.grants import AuthorizationRequest, Session
from homeport_simulators.okta.org import CUSTOM_SERVER, AuthorizationServer, Org


class AuthorizationEndpoint:
    """`/v1/authorize` of one authorization server."""

    def __init__(self, org: Org, server: AuthorizationServer) -> None:
        self._org = org
        self._server = server

    async def answer(self, request: Request) -> Response:
        """Check the request, then send the person to sign in, to consent, or back with a code."""
        params = await request.form() if request.method == "POST" else request.query_params
        try:
            app = find_app(self._org, params)  # type: ignore[arg-type]  # files in the form are no parameter anyone reads
            asked = check(self._server, app, params)  # type: ignore[arg-type]  # the same
        except RequestRefusedError as refused:
            return refusal(self._org, self._server, refused)
        session = sessions.current(self._org, request)
        if session is None or self._must_sign_in(asked, session):
            if "none" in asked.prompt:
                return refuse(
                    self._org, asked, "login_required", "The client specified not to prompt, but the user is not logged in."
                )
            transaction = self._org.ids.token()
            self._org.grants.transactions[transaction] = asked
            return RedirectResponse(f"{self._org.issuer}/signin?transaction={transaction}", 302)
        return proceed(self._org, asked, session)

    def _must_sign_in(self, asked: AuthorizationRequest, session: Session) -> bool:
        if "login" in asked.prompt:
            return True
        age = self._org.clock.now() - session.auth_time
        return asked.max_age is not None and age > timedelta(seconds=asked.max_age)


def refuse(org: Org, asked: AuthorizationRequest, error: str, description: str) -> Response:
    """Send an error to the client of a request that was in order."""
    refused = RequestRefusedError(
        error=error,
        description=description,
        redirect_uri=asked.redirect_uri,
        state=asked.state,
        response_mode=asked.response_mode,
    )
    return refusal(org, org.servers[asked.server], refused)


def proceed(org: Org, asked: AuthorizationRequest, session: Session) -> Response:
    """Answer for a person who is signed in: refuse who is not assigned, ask for consent, else issue a code."""
    app = org.apps.by_client_id.get(asked.client_id)
    user = org.directory.users.get(session.user_id)
    if app is None or user is None or not assigned(org, app, user):
        return refuse(org, asked, "access_denied", "User is not assigned to the client application.")
    if asked.server == CUSTOM_SERVER and not org.settings.custom_server_policy:
        return refuse(
            org, asked, "access_denied", "Policy evaluation failed for this request, please check the policy configurations."
        )
    if "consent" in asked.prompt or (app.consent and app.client_id not in session.consented):
        if "none" in asked.prompt:
            return refuse(org, asked, "consent_required", "The client specified not to prompt, but the user has not consented.")
        transaction = org.ids.token()
        org.grants.transactions[transaction] = asked
        return RedirectResponse(f"{org.issuer}/consent?transaction={transaction}", 302)
    return code_response(org, asked, session)


def assigned(org: Org, app: App, user: User) -> bool:
    """Say whether the person may use the app; federation broker mode does away with assignments."""
    if app.federation_broker_mode or user.id in app.assigned_users:
        return True
    return any(user.id in group.members and group.id in app.assigned_groups for group in org.directory.groups.values())
