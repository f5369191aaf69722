"""Every fault the provider can be told to commit: its name, where it shows, a sentence, its arguments with their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One line of the catalogue; `free_form` arguments are taken as they come."""

    name: str
    area: str
    sentence: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    free_form: bool = False


_SLOW = {"seconds": 15}
_ELSEWHERE = {"url": "https://elsewhere.example/"}

CATALOGUE = (
    Fault("claims", "ID token", "Sets and removes any claims.", {"set": {}, "remove": []}),
    Fault("wrong_issuer", "ID token", "`iss` is another issuer.", {"issuer": "https://another.okta.example"}),
    Fault("wrong_audience", "ID token", "`aud` is another client."),
    Fault("several_audiences_without_azp", "ID token", "`aud` is a list with another client in it, and `azp` is absent."),
    Fault("wrong_azp", "ID token", "`azp` is another client."),
    Fault("expired", "ID token", "`exp` is an hour ago, `iat` two hours."),
    Fault("issued_in_future", "ID token", "`iat` lies ahead.", {"seconds": 3600}),
    Fault("not_yet_valid", "ID token", "`nbf` lies ahead.", {"seconds": 3600}),
    Fault("wrong_nonce", "ID token", "`nonce` is not the one that was asked for."),
    Fault("no_nonce", "ID token", "`nonce` is absent."),
    Fault("no_sub", "ID token", "`sub` is absent."),
    Fault("empty_sub", "ID token", "`sub` is an empty string."),
    Fault("wrong_at_hash", "ID token", "`at_hash` belongs to another access token."),
    Fault("old_auth_time", "ID token", "`auth_time` is long ago.", {"seconds": 86400}),
    Fault("no_auth_time", "ID token", "`auth_time` is absent."),
    Fault("email_unverified", "identity", "`email_verified` is false, in the ID token and at userinfo."),
    Fault("no_email", "identity", "`email` and `email_verified` are absent, in the ID token and at userinfo."),
    Fault("other_email", "identity", "`email` is somebody else's, in both places.", {"email": "someone.else@acme.example"}),
    Fault("other_sub", "identity", "`sub` is another user's, in both places.", {"sub": "00uAnotherUser000000"}),
    Fault("alg_none", "signature", "The ID token has `alg` none and no signature."),
    Fault("alg_hs256_with_client_secret", "signature", "The ID token is signed with HS256 and the client secret."),
    Fault("alg_hs256_with_public_key", "signature", "The ID token is signed with HS256 and the public key's PEM as the secret."),
    Fault("bad_signature", "signature", "One bit of the signature is turned."),
    Fault("signature_stripped", "signature", "The header says RS256, the signature is empty."),
    Fault("unknown_kid", "signature", "The ID token is signed with a key that is not published, under its own `kid`."),
    Fault("no_kid", "signature", "The header has no `kid`; the signature is good."),
    Fault("key_in_jwk_header", "signature", "A foreign key signs and travels in the `jwk` header."),
    Fault("key_at_jku_header", "signature", "A foreign key signs and is served at the header's `jku`."),
    Fault("crit_header", "signature", "The header has a critical extension nobody knows; the signature is good."),
    Fault("other_key_same_kid", "signature", "A foreign key signs under the published `kid`."),
    Fault("keys_empty", "keys", "The key set is empty."),
    Fault("keys_duplicate_kid", "keys", "A foreign key stands first in the key set, under the `kid` of the signing key."),
    Fault("keys_html", "keys", "The key set is an HTML page."),
    Fault("keys_500", "keys", "The keys endpoint answers 500."),
    Fault("keys_50mb", "keys", "The key set has 50 MB.", {"declared": False}),
    Fault("keys_slow", "keys", "The keys endpoint answers late.", _SLOW),
    Fault("token_500", "token", "The token endpoint answers 500."),
    Fault("token_html", "token", "The token endpoint answers an HTML page."),
    Fault("token_slow", "token", "The token endpoint answers late.", _SLOW),
    Fault(
        "token_429", "token", "The token endpoint answers 429 as Okta does; `Retry-After` only if asked for.", {"retry_after": 0}
    ),
    Fault("token_invalid_grant", "token", "The token endpoint refuses a good code."),
    Fault("token_invalid_client", "token", "The token endpoint refuses good credentials."),
    Fault("token_no_id_token", "token", "The answer has no ID token."),
    Fault("token_not_a_jwt", "token", "The ID token is a string that is no JWT."),
    Fault("token_id_token_number", "token", "The ID token is a number."),
    Fault("token_type_wrong", "token", "`token_type` is `mac`."),
    Fault("token_50mb", "token", "The answer has 50 MB.", {"declared": False}),
    Fault("token_redirect", "token", "The token endpoint answers 307, which would carry the secret elsewhere.", _ELSEWHERE),
    Fault("userinfo_other_sub", "userinfo", "`sub` is not the ID token's."),
    Fault("userinfo_no_sub", "userinfo", "`sub` is absent."),
    Fault("userinfo_500", "userinfo", "Userinfo answers 500."),
    Fault("userinfo_slow", "userinfo", "Userinfo answers late.", _SLOW),
    Fault("userinfo_html", "userinfo", "Userinfo answers an HTML page."),
    Fault("userinfo_signed", "userinfo", "Userinfo answers a signed JWT, which no one asked for."),
    Fault("discovery_500", "discovery", "Discovery answers 500."),
    Fault("discovery_404", "discovery", "Discovery answers 404."),
    Fault("discovery_html", "discovery", "Discovery answers an HTML page."),
    Fault("discovery_other_issuer", "discovery", "`issuer` is another one.", {"issuer": "https://another.okta.example"}),
    Fault("discovery_50mb", "discovery", "The document has 50 MB, its length declared or not.", {"declared": False}),
    Fault("discovery_gzip_bomb", "discovery", "The document has 50 MB, sent as a few kB of gzip."),
    Fault("discovery_redirect_loop", "discovery", "Discovery redirects to itself."),
    Fault("discovery_redirect_elsewhere", "discovery", "Discovery redirects to another address.", _ELSEWHERE),
    Fault("discovery_slow_headers", "discovery", "Discovery says nothing for a while, then answers.", _SLOW),
    Fault("discovery_slow_body", "discovery", "The body comes a byte at a time.", {"seconds_per_byte": 0.25}),
    Fault("discovery_hang", "discovery", "Discovery accepts the request and never answers."),
    Fault("discovery_no_code_flow", "discovery", "Only the implicit flow is offered."),
    Fault("discovery_no_s256", "discovery", "PKCE is offered as `plain` only."),
    Fault(
        "discovery_http_endpoints", "discovery", "All endpoints are plain http on another host.", {"host": "acme.okta.example"}
    ),
    Fault(
        "discovery_private_endpoint",
        "discovery",
        "One endpoint is an address of an inner network.",
        {"member": "token_endpoint", "url": "http://169.254.169.254/oauth2/v1/token"},
    ),
    Fault("discovery_missing", "discovery", "Members are absent.", {"members": ["token_endpoint"]}),
    Fault("discovery_set", "discovery", "Members have the values given in `with`.", {}, free_form=True),
    Fault("discovery_bad_json", "discovery", "The document ends in the middle."),
    Fault("discovery_not_object", "discovery", "The document is a JSON list."),
    Fault("discovery_wrong_content_type", "discovery", "The document is sent as `text/plain`."),
    Fault(
        "redirect_error",
        "redirect",
        "An error comes back instead of a code.",
        {"error": "server_error", "error_description": "The simulator was told to fail."},
    ),
    Fault("redirect_no_code", "redirect", "The redirect has no `code`."),
    Fault("redirect_no_state", "redirect", "The redirect has no `state`."),
    Fault("redirect_wrong_state", "redirect", "`state` is not the one that was sent."),
    Fault("redirect_wrong_iss", "redirect", "`iss` names another issuer.", {"issuer": "https://another.okta.example"}),
    Fault("redirect_no_iss", "redirect", "`iss` is absent although metadata may promise it."),
    Fault("redirect_duplicate_code", "redirect", "The redirect has two `code` parameters."),
    Fault("redirect_code_of_other_client", "redirect", "The code was issued to another client."),
    Fault("skew", "clock", "The provider's clock is off, in tokens and in the `Date` header, until lifted.", {"seconds": 600}),
)

BY_NAME = {fault.name: fault for fault in CATALOGUE}


def arguments_of(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fault's arguments, defaults filled in; raises ValueError with a sentence when they do not fit."""
    fault = BY_NAME.get(name)
    if fault is None:
        raise ValueError(f"There is no fault named {name}; the names are in the catalogue.")
    if fault.free_form:
        return dict(given)
    for argument, value in given.items():
        if argument not in fault.arguments:
            known = ", ".join(fault.arguments) or "none"
            raise ValueError(f"The fault {name} has no argument {argument}; it has: {known}.")
        default = fault.arguments[argument]
        numbers = isinstance(default, int | float) and not isinstance(default, bool)
        wanted = (int, float) if numbers else type(default)
        if not isinstance(value, wanted) or (numbers and isinstance(value, bool)):
            raise ValueError(f"The argument {argument} of {name} must be like {default!r}.")
    return dict(fault.arguments) | dict(given)


def as_markdown() -> str:
    """Return the catalogue as the table of the docs page."""
    lines = ["| fault | where | what happens | `with` |", "|---|---|---|---|"]
    for fault in CATALOGUE:
        arguments = ", ".join(f"`{name}` ({_shown(value)})" for name, value in fault.arguments.items())
        arguments = "the members themselves" if fault.free_form else arguments
        lines.append(f"| `{fault.name}` | {fault.area} | {fault.sentence} | {arguments} |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return str(value) if value not in ({}, []) else "empty"
