"""The answer of the authorization endpoint at the client's redirect URI (RFC 6749 section 4.1.2)."""

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from homeport_simulators.okta.authorization_request import RequestRefusedError
from homeport_simulators.okta.faults import answers
from homeport_simulators.okta.grants import CODE_LIFETIME, AuthorizationRequest, Code, Session
from homeport_simulators.okta.org import AuthorizationServer, Org
from homeport_simulators.okta.pages import error_page, page

Fields = list[tuple[str, str]]


def code_response(org: Org, request: AuthorizationRequest, session: Session) -> Response:
    """Issue a code for the signed-in person and send it to the client."""
    server = org.servers[request.server]
    error = answers.redirect_error(org.faults, request.state)
    if error is not None:
        return _send(request.redirect_uri, request.response_mode, _with_iss(org, server, error))
    code = org.ids.token()
    org.grants.codes[code] = Code(
        request=answers.code_request(org.faults, request),
        user_id=session.user_id,
        auth_time=session.auth_time,
        expires_at=org.clock.now() + CODE_LIFETIME,
    )
    fields = _with_iss(org, server, [("code", code), ("state", request.state)])
    return _send(request.redirect_uri, request.response_mode, answers.redirect_fields(org.faults, fields))


def refusal(org: Org, server: AuthorizationServer, refused: RequestRefusedError) -> Response:
    """Send an error to the client, or show it here when there is no redirect URI to trust."""
    if refused.redirect_uri is None:
        return error_page(400, refused.error, refused.description)
    fields = [("error", refused.error), ("error_description", refused.description)]
    if refused.state is not None:
        fields.insert(0, ("state", refused.state))
    return _send(refused.redirect_uri, refused.response_mode, _with_iss(org, server, fields))


def _with_iss(org: Org, server: AuthorizationServer, fields: Fields) -> Fields:
    return [*fields, ("iss", server.issuer)] if org.settings.advertise_iss else fields


def _send(redirect_uri: str, response_mode: str, fields: Fields) -> Response:
    if response_mode == "form_post":
        return page("form_post.html", action=redirect_uri, fields=fields)
    separator = "&" if "?" in redirect_uri else "?"
    headers = {"Cache-Control": "no-cache, no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(redirect_uri + separator + urlencode(fields), 302, headers=headers)
