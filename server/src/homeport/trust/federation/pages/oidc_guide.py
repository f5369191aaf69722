"""The steps at any OpenID Connect provider, under the words that the specifications use; what Homeport can check is said beside the step."""

from typing import Any

from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.pages.okta_guide import seen
from homeport.trust.federation.relying_party import SCOPE


def steps(redirect_uri: str, judgement: Judgement | None = None) -> list[dict[str, Any]]:
    """Return the guide's items; `judgement` is the outcome of the last save, if there was one."""
    return [
        {
            "title": "Register a client",
            "body": "Providers call it client, application or relying party. Choose OpenID Connect and a confidential client, which "
            "is a web application with a client secret; not a public, native or single-page one.",
        },
        {
            "title": "Grant type: authorization code",
            "body": "Homeport uses no other, so implicit, password and client credentials can stay off. The response type is code.",
            **seen(judgement, "Authorization code flow", "Offered", "Not offered"),
        },
        {
            "title": "Redirect URI",
            "body": "Also called callback URL or reply URL. Enter this address exactly, without a wildcard. Homeport needs no sign-out "
            "address.",
            "copyable": redirect_uri,
            "copyable_label": "Redirect URI",
            **seen(judgement, "Redirect URI", "Registered", "Not registered"),
        },
        {
            "title": "PKCE",
            "body": "Proof Key for Code Exchange (RFC 7636) ties the code to the browser that asked. Homeport sends it always, with the "
            "method S256. Require it for the client if the provider lets you.",
            **seen(judgement, "PKCE", "S256 is offered", "S256 is not offered"),
        },
        {
            "title": "Client authentication",
            "body": "How the client proves itself at the token endpoint: client_secret_basic, which is preferred, or client_secret_post.",
            **seen(judgement, "Client authentication", "Offered", "Neither is offered"),
        },
        {
            "title": "Scopes",
            "body": "Allow these three, and nothing more. email is needed, because the address makes a person's first link.",
            "copyable": SCOPE,
            "copyable_label": "Scopes",
            **seen(judgement, "Scopes", "Offered", "Not offered"),
        },
        {
            "title": "Claims",
            "body": "sub must stay the same for a person for ever and never be given to another. email holds the address. email_verified "
            "must be true for a first link, unless you decide otherwise in the form.",
        },
        {
            "title": "ID token signature",
            "body": "RS256, PS256 or ES256. HS256 and none are never accepted.",
            **seen(judgement, "Signing algorithms", "Offered", "None of them is offered"),
        },
        {
            "title": "Consent",
            "body": "If the provider asks people for consent, switch that off for this client or let it remember the answer, so that "
            "nobody is asked at each sign-in.",
        },
        {
            "title": "Who may sign in",
            "body": "Assign everybody, or the groups who get accounts on devices. Homeport admits only activated users of its own "
            "directory, within the e-mail domains you enter.",
            "status": "warn",
            "seen": "Cannot be checked from here",
        },
        {
            "title": "Issuer, client ID and client secret",
            "body": "Copy them into the form. The issuer is the address under which .well-known/openid-configuration lies; it may have a "
            "path, such as /realms/staff or /application/o/homeport, and a slash at its end makes no difference.",
            **seen(judgement, "Client credentials", "Accepted by the provider", "Not accepted by the provider"),
        },
    ]
