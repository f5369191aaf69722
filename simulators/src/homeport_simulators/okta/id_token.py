"""The ID token (OpenID Connect Core section 2) as Okta writes it."""

from typing import Any

from homeport_simulators.okta import claims as person_claims
from homeport_simulators.okta.apps import App
from homeport_simulators.okta.directory import User
from homeport_simulators.okta.grants import TOKEN_LIFETIME, Code, Identity
from homeport_simulators.okta.jws import at_hash
from homeport_simulators.okta.org import AuthorizationServer, Org


def honest_claims(
    org: Org, server: AuthorizationServer, app: App, user: User, code: Code, *, access_token: str, identity: Identity
) -> dict[str, Any]:
    """Return the claims of a good ID token for this code."""
    now = org.clock.timestamp()
    person = identity.apply(person_claims.person(org, user, code.request.scopes))
    claims: dict[str, Any] = {
        "ver": 1,
        "jti": "ID." + org.ids.token(),
        "iss": server.issuer,
        "aud": app.client_id,
        "iat": now,
        "exp": now + int(TOKEN_LIFETIME.total_seconds()),
        "auth_time": int(code.auth_time.timestamp()),
        "amr": ["pwd"],
        "idp": org.id,
        "at_hash": at_hash(access_token),
        **(person_claims.thin(person) if app.thin_id_token else person),
    }
    if code.request.nonce is not None:
        claims["nonce"] = code.request.nonce
    return claims
