"""Provider metadata (OpenID Connect Discovery 1.0, RFC 8414) with the members Okta publishes."""

from typing import Any

from homeport_simulators.okta.org import ORG_SERVER, AuthorizationServer, Org

SCOPES = ("openid", "email", "profile", "address", "phone", "offline_access", "groups")
CLAIMS = [
    "iss",
    "ver",
    "sub",
    "aud",
    "iat",
    "exp",
    "jti",
    "auth_time",
    "amr",
    "idp",
    "nonce",
    "name",
    "nickname",
    "preferred_username",
    "given_name",
    "middle_name",
    "family_name",
    "email",
    "email_verified",
    "profile",
    "zoneinfo",
    "locale",
    "address",
    "phone_number",
    "picture",
    "website",
    "gender",
    "birthdate",
    "updated_at",
    "at_hash",
    "c_hash",
]
CLIENT_AUTHENTICATION = ["client_secret_basic", "client_secret_post"]


def metadata(org: Org, server: AuthorizationServer) -> dict[str, Any]:
    """Return the honest metadata document of one authorization server."""
    document: dict[str, Any] = {
        "issuer": server.issuer,
        "authorization_endpoint": server.endpoint("authorize"),
        "token_endpoint": server.endpoint("token"),
        "userinfo_endpoint": server.endpoint("userinfo"),
        "jwks_uri": server.endpoint("keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "claims_supported": CLAIMS,
        "code_challenge_methods_supported": ["S256"],
        "end_session_endpoint": server.endpoint("logout"),
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    if server.name == ORG_SERVER:
        document["claims_supported"] = [*CLAIMS, "groups"]
    if org.settings.advertise_iss:
        document["authorization_response_iss_parameter_supported"] = True
    return document
