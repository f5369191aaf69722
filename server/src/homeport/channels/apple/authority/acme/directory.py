"""The directory (RFC 8555, section 7.1.1). Revocation and change of keys are left out: a Mac's certificate ends with its enrolment."""

from typing import Any

from homeport.channels.apple.authority.acme.parts import Parts


def document(parts: Parts) -> dict[str, Any]:
    """Return where each request goes."""
    return {
        "newNonce": parts.url("new-nonce"),
        "newAccount": parts.url("new-account"),
        "newOrder": parts.url("new-order"),
        "meta": {"externalAccountRequired": False},
    }
