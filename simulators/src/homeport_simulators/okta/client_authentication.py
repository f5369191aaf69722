"""Client authentication at the token endpoint: `client_secret_basic` and `client_secret_post` (RFC 6749 section 2.3.1)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from homeport_simulators.okta.apps import App
from homeport_simulators.okta.org import Org

TWO_METHODS = (
    "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, "
    "credentials in the post body, or a client_assertion in the post body."
)


@dataclass(eq=False)
class ClientRefusedError(Exception):
    """A client that did not authenticate; Okta answers each of these with 401."""

    error: str
    description: str


def authenticate(org: Org, authorization: str | None, form: Mapping[str, str]) -> App:
    """Return the app that proved itself by exactly one method.

    Okta counts a `client_id` in the body as a credential of its own and refuses it beside Basic.
    """
    if authorization is not None:
        if {"client_id", "client_secret", "client_assertion"} & form.keys():
            raise ClientRefusedError("invalid_request", TWO_METHODS)
        client_id, secret = _basic(authorization)
    else:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not client_id or not secret:
        raise ClientRefusedError(
            "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."
        )
    app = org.apps.by_client_id.get(client_id)
    if app is None:
        raise ClientRefusedError("invalid_client", "Invalid value for 'client_id' parameter.")
    if not app.accepts(secret):
        raise ClientRefusedError("invalid_client", "The client secret supplied for a confidential client is invalid.")
    return app


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except ValueError:
        return "", ""
    client_id, _, secret = decoded.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if scheme.lower() == "basic" else ("", "")
