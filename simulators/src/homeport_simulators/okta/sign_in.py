"""The pages a person meets: sign-in, consent, the provider's home with its way out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from homeport_simulators.okta import sessions
from homeport_simulators.okta.authorization_response import code_response
from homeport_simulators.okta.authorize import proceed, refuse
from homeport_simulators.okta.grants import AuthorizationRequest
from homeport_simulators.okta.org import Org
from homeport_simulators.okta.pages import error_page, page


class SignInPages:
    """The provider's own pages, server-rendered; every one works without script."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def _form(self, asked: AuthorizationRequest, transaction: str, *, username: str, failed: bool) -> Response:
        app = self._org.apps.by_client_id.get(asked.client_id)
        label = app.label if app else asked.client_id
        status = 401 if failed else 200
        return page("sign_in.html", status, app_label=label, transaction=transaction, username=username, failed=failed)

    def _stale(self) -> Response:
        return error_page(400, "transaction_expired", "This sign-in is over or was never started here.")

    async def show_form(self, request: Request) -> Response:
        """Show username and password; the username comes from `login_hint`."""
        transaction = request.query_params.get("transaction", "")
        asked = self._org.grants.transactions.get(transaction)
        if asked is None:
            return self._stale()
        return self._form(asked, transaction, username=asked.login_hint, failed=False)

    async def sign_in(self, request: Request) -> Response:
        """Check the password; a good one starts a session and continues the client's request."""
        form = await request.form()
        transaction, username = str(form.get("transaction", "")), str(form.get("username", ""))
        asked = self._org.grants.transactions.get(transaction)
        if asked is None:
            return self._stale()
        user = self._org.directory.authenticate(username, str(form.get("password", "")))
        if user is None:
            return self._form(asked, transaction, username=username, failed=True)
        del self._org.grants.transactions[transaction]
        session = sessions.start(self._org, user)
        response = proceed(self._org, asked, session)
        sessions.set_cookie(self._org, response, session)
        return response

    async def show_consent(self, request: Request) -> Response:
        """Show what the app asks for."""
        transaction = request.query_params.get("transaction", "")
        asked = self._org.grants.transactions.get(transaction)
        session = sessions.current(self._org, request)
        app = self._org.apps.by_client_id.get(asked.client_id) if asked else None
        if asked is None or session is None or app is None:
            return self._stale()
        user = self._org.directory.users[session.user_id]
        return page("consent.html", app_label=app.label, name=user.display_name, scopes=asked.scopes, transaction=transaction)

    async def consent(self, request: Request) -> Response:
        """Take the person's decision."""
        form = await request.form()
        asked = self._org.grants.transactions.pop(str(form.get("transaction", "")), None)
        session = sessions.current(self._org, request)
        if asked is None or session is None:
            return self._stale()
        if form.get("decision") != "allow":
            return refuse(self._org, asked, "access_denied", "The resource owner or authorization server denied the request.")
        session.consented.add(asked.client_id)
        return code_response(self._org, asked, session)

    async def home(self, request: Request) -> Response:
        """Say who is signed in and offer the way out."""
        session = sessions.current(self._org, request)
        user = self._org.directory.users[session.user_id] if session else None
        return page("home.html", name=user.display_name if user else "", login=user.login if user else "")

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        response = RedirectResponse(f"{self._org.issuer}/", 303)
        sessions.end(self._org, request, response)
        return response
