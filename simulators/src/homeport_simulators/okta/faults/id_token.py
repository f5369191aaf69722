"""Faults in what the ID token claims."""

from collections.abc import Callable
from typing import Any

from homeport_simulators.okta.faults.book import FaultBook
from homeport_simulators.okta.grants import Identity
from homeport_simulators.okta.jws import at_hash

Claims = dict[str, Any]
Arguments = dict[str, Any]

OTHER_CLIENT = "0oaAnotherClient0000"


def _generic(claims: Claims, arguments: Arguments) -> Claims:
    return {name: value for name, value in (claims | arguments["set"]).items() if name not in arguments["remove"]}


def _without(*names: str) -> Callable[[Claims, Arguments], Claims]:
    return lambda claims, _: {name: value for name, value in claims.items() if name not in names}


def _with(**changes: Any) -> Callable[[Claims, Arguments], Claims]:
    return lambda claims, _: claims | changes


def _expired(claims: Claims, _arguments: Arguments) -> Claims:
    return claims | {"iat": claims["iat"] - 7200, "exp": claims["iat"] - 3600}


def _ahead(claims: Claims, arguments: Arguments) -> Claims:
    return claims | {name: claims[name] + arguments["seconds"] for name in ("iat", "exp")}


_CHANGES: dict[str, Callable[[Claims, Arguments], Claims]] = {
    "wrong_issuer": lambda claims, arguments: claims | {"iss": arguments["issuer"]},
    "wrong_audience": _with(aud=OTHER_CLIENT),
    "several_audiences_without_azp": lambda claims, _: _without("azp")(claims | {"aud": [claims["aud"], OTHER_CLIENT]}, {}),
    "wrong_azp": _with(azp=OTHER_CLIENT),
    "expired": _expired,
    "issued_in_future": _ahead,
    "not_yet_valid": lambda claims, arguments: claims | {"nbf": claims["iat"] + arguments["seconds"]},
    "wrong_nonce": _with(nonce="nonce-of-another-sign-in"),
    "no_nonce": _without("nonce"),
    "no_sub": _without("sub"),
    "empty_sub": _with(sub=""),
    "wrong_at_hash": _with(at_hash=at_hash("another-access-token")),
    "old_auth_time": lambda claims, arguments: claims | {"auth_time": claims["auth_time"] - arguments["seconds"]},
    "no_auth_time": _without("auth_time"),
    "claims": _generic,
}


def altered(book: FaultBook, claims: Claims) -> Claims:
    """Return the claims with every due fault in them; the generic one has the last word."""
    for name, change in _CHANGES.items():
        arguments = book.take(name)
        if arguments is not None:
            claims = change(claims, arguments)
    return claims


def identity(book: FaultBook) -> Identity:
    """Return who the person shall seem to be, for the ID token and for userinfo later."""
    changes: dict[str, Any] = {}
    removed: tuple[str, ...] = ()
    if book.take("email_unverified") is not None:
        changes["email_verified"] = False
    if arguments := book.take("other_email"):
        changes["email"] = arguments["email"]
    if arguments := book.take("other_sub"):
        changes["sub"] = arguments["sub"]
    if book.take("no_email") is not None:
        removed = ("email", "email_verified")
    return Identity(set=changes, remove=removed)
