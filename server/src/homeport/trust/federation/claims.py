"""An ID token's claims as a connection test shows and keeps them: what tells who somebody is stays readable, all else is masked."""

from collections.abc import Mapping
from typing import Any

from homeport.trust.federation.recorder import masked

MAX_CLAIMS = 60
MAX_SHOWN = 200
SHOWN = frozenset(
    {
        *("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "auth_time", "acr", "amr", "ver", "idp", "tid"),
        *(
            "email",
            "email_verified",
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "locale",
            "zoneinfo",
            "updated_at",
        ),
    }
)
"""Claims that are shown as they are; a provider can put anything into the others, so only their kind and size is shown."""
RECOGNIZED = frozenset({"nonce", "at_hash", "c_hash", "sid", "jti"})
"""Claims of which equal ones can be told, and nothing else."""


def shown_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return what may be kept and shown of each claim, by its name."""
    found = {str(name)[:64]: _shown(name, value) for name, value in list(claims.items())[:MAX_CLAIMS]}
    if len(claims) > MAX_CLAIMS:
        found["…"] = f"{len(claims) - MAX_CLAIMS} more"
    return found


def _shown(name: str, value: object) -> str:
    if name in SHOWN:
        return _plain(value)[:MAX_SHOWN]
    if name in RECOGNIZED and isinstance(value, str):
        return masked(value)
    if isinstance(value, str):
        return f"not shown: text of {len(value)} characters"
    if isinstance(value, list | dict):
        kind = "list" if isinstance(value, list) else "object"
        return f"not shown: {kind} of {len(value)}"
    return f"not shown: {type(value).__name__}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value[:10])
    return "null" if value is None else str(value)
