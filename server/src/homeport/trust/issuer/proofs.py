"""How a device proves itself: client assertions (RFC 7523, `private_key_jwt`) and DPoP proofs (RFC 9449)."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from homeport.foundation.kernel.errors import Unauthenticated

ALGORITHM = "ES256"
LEEWAY = timedelta(seconds=120)
MAX_ASSERTION_LIFETIME = timedelta(seconds=300)
ASSERTION_REMEMBERED = MAX_ASSERTION_LIFETIME + 2 * LEEWAY
"""How long an assertion's `jti` is remembered: as long as one may be taken, from a clock that is ahead to an end just passed."""
PROOF_REMEMBERED = 2 * LEEWAY
"""How long a proof's `jti` is remembered: as long as one may be taken, before the moment it names and after it. Upkeep leaves both an hour more."""
MAX_JWT_BYTES = 4096
_ID = re.compile(r"[0-9A-Za-z-]{1,36}")
_YEAR_9999 = 253_402_300_800
"""The NumericDate after the last that Python's calendar knows."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified proof: its `jti`, still to be checked for replay, and the thumbprint of the key that made it."""

    jti: str
    thumbprint: str


def thumbprint_of(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 thumbprint of a P-256 public key; raise ValueError for anything else."""
    return _key(jwk).thumbprint()


def unverified_issuer(assertion: str) -> str:
    """Return the `iss` of an assertion before it is verified, only to find the key to verify it with; empty when it is no id."""
    try:
        claims = jws.extract_compact(assertion[:MAX_JWT_BYTES].encode()).payload
        issuer = _object(claims).get("iss")
    except (JoseError, ValueError):
        return ""
    return issuer if isinstance(issuer, str) and _ID.fullmatch(issuer) else ""


def verify_assertion(assertion: str, *, jwk: Mapping[str, Any], device_id: str, issuer: str, now: datetime) -> Proof:
    """Verify a client assertion (RFC 7523, section 3): key, issuer and subject, sole audience, lifetime; raise Unauthenticated."""
    header, claims = _verified(assertion, jwk, "client_assertion")
    if header.get("typ", "JWT") not in {"JWT", "client-authentication+jwt"}:
        raise _refused("client_assertion_type", "The client assertion's typ is not JWT.")
    if claims.get("iss") != device_id or claims.get("sub") != device_id:
        raise _refused("client_assertion_subject", "The client assertion's iss and sub must both be the device's id.")
    if claims.get("aud") not in (issuer, [issuer]):
        raise _refused("client_assertion_audience", f"The client assertion's aud must be {issuer} alone.")
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if issued > now + LEEWAY or expires < now - LEEWAY or expires - issued > MAX_ASSERTION_LIFETIME:
        raise _refused(
            "client_assertion_time",
            "The client assertion is too old or dated in the future. Compare the device's clock with the Date header.",
        )
    return Proof(_jti(claims), thumbprint_of(jwk))


def only(headers: Sequence[str]) -> str:
    """Return the request's one DPoP header (RFC 9449, section 4.3, check 1); empty, which no proof is, when there are several."""
    return headers[0] if len(headers) == 1 else ""


def verify_dpop(proof: str, *, method: str, url: str, now: datetime, access_token: str | None = None) -> Proof:
    """Verify a DPoP proof (RFC 9449, section 4.3) against the request; with an access token, also its `ath`; raise Unauthenticated."""
    try:
        jwk = jws.extract_compact(proof[:MAX_JWT_BYTES].encode()).headers().get("jwk")
        thumbprint = thumbprint_of(jwk or {})
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise _refused("dpop_malformed", "The DPoP proof is not a JWT with an EC P-256 public key in its header.") from error
    assert isinstance(jwk, dict)
    header, claims = _verified(proof, jwk, "dpop")
    if header.get("typ") != "dpop+jwt":
        raise _refused("dpop_type", "The DPoP proof's typ is not dpop+jwt.")
    if claims.get("htm") != method or claims.get("htu") != url:
        raise _refused("dpop_target", f"The DPoP proof is for another request than {method} {url}.")
    if abs(_moment(claims, "iat") - now) > LEEWAY:
        raise _refused(
            "dpop_time", "The DPoP proof is too old or dated in the future. Compare the device's clock with the Date header."
        )
    if access_token is not None:
        expected = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=")
        if not hmac.compare_digest(expected, str(claims.get("ath", "")).encode(errors="replace")):
            raise _refused("dpop_ath", "The DPoP proof's ath does not belong to the access token.")
    return Proof(_jti(claims), thumbprint)


def verify_enrollment(proof: str, *, jwk: Mapping[str, Any], public_url: str, now: datetime) -> None:
    """Verify that an enrolling device holds the private key of `jwk`; raise Unauthenticated."""
    header, claims = _verified(proof, jwk, "proof")
    if header.get("typ") != "homeport-enroll+jwt" or claims.get("aud") != public_url:
        raise _refused("proof_invalid", f"The enrolment proof must have typ homeport-enroll+jwt and aud {public_url}.")
    # A machine's clock is often wrong before its first contact, and the enrolment key limits replays; a day catches recordings.
    if abs(_moment(claims, "iat") - now) > timedelta(days=1):
        raise _refused(
            "proof_invalid",
            f"The device's clock is off by more than a day; here it is {now:%Y-%m-%d %H:%M} UTC. Set it and repeat.",
        )


def _verified(token: str, jwk: Mapping[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        if len(token) > MAX_JWT_BYTES:
            raise ValueError("too long")  # noqa: TRY301 - joins the other ways of being malformed
        verified = jws.deserialize_compact(token, _key(jwk), algorithms=[ALGORITHM])
        return dict(verified.headers()), _object(verified.payload)
    except (JoseError, ValueError, TypeError) as error:
        raise _refused(f"{name}_signature", f"The {name} JWT is malformed or not signed by the device's key.") from error


def _key(jwk: Mapping[str, Any]) -> ECKey:
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise ValueError("not a P-256 public key")
    return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": str(jwk.get("x", "")), "y": str(jwk.get("y", ""))})


def _object(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of malformed
    return value


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _YEAR_9999:
        raise _refused("claim_missing", f"The JWT's {name} is missing or no time.")
    return datetime.fromtimestamp(value, tz=UTC)


def _jti(claims: Mapping[str, Any]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 8 <= len(jti) <= 200 or not jti.isprintable():  # noqa: PLR2004 - enough to be unique, short enough to keep
        raise _refused("jti_missing", "The JWT's jti must be a string of 8 to 200 printable characters.")
    return jti


def _refused(reason: str, detail: str) -> Unauthenticated:
    return Unauthenticated(detail, reason=reason)
