"""What the provider says about a person, in the ID token and at userinfo."""

from typing import Any

from homeport_simulators.okta.directory import User
from homeport_simulators.okta.org import Org


def person(org: Org, user: User, scopes: tuple[str, ...]) -> dict[str, Any]:
    """Return the claims these scopes open (OpenID Connect Core section 5.4), `sub` always among them."""
    claims: dict[str, Any] = {"sub": user.id}
    if "profile" in scopes:
        claims |= {
            "name": user.display_name,
            "given_name": user.first_name,
            "family_name": user.last_name,
            "preferred_username": user.login,
            "locale": "en_US",
            "zoneinfo": "America/Los_Angeles",
            "updated_at": int(user.updated_at.timestamp()),
        }
    if "email" in scopes:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    if "groups" in scopes:
        claims["groups"] = org.directory.groups_of(user)
    if "profile" in scopes:
        claims |= user.claims
    return claims


def thin(claims: dict[str, Any]) -> dict[str, Any]:
    """Return what an app with a thin ID token gets; the rest is only at userinfo."""
    return {name: value for name, value in claims.items() if name in {"sub", "name", "preferred_username"}}
