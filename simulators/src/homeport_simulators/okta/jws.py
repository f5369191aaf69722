"""Compact JWS by hand (RFC 7515), so that broken ones can be made as easily as good ones."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from homeport_simulators.okta.keys import SigningKey, base64url


def compact(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Return header, claims and signature in compact form."""
    signing_input = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{signing_input}.{base64url(sign(signing_input.encode('ascii')))}"


def at_hash(access_token: str) -> str:
    """Return the left half of the access token's SHA-256 (OpenID Connect Core section 3.1.3.6)."""
    return base64url(hashlib.sha256(access_token.encode("ascii")).digest()[:16])


def verified_claims(token: str, keys: list[SigningKey]) -> dict[str, Any] | None:
    """Return the claims of a token that one of these keys signed, else nothing."""
    signing_input, _, signature = token.rpartition(".")
    try:
        raw = base64.urlsafe_b64decode(signature + "==")
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(signing_input.split(".")[1] + "=="))
    except (ValueError, IndexError):
        return None
    for key in keys:
        try:
            key.private_key.public_key().verify(raw, signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return claims
    return None
