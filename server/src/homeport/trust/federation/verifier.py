"""Verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7). Nothing else can make a `VerifiedIdentity`, and no check has a switch."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Never

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.model import Refusal
from homeport.trust.federation.strict_json import parse_object

ALGORITHMS = ("RS256", "PS256", "ES256")
"""What we accept; the token's `alg` only chooses among these."""
LEEWAY = timedelta(seconds=120)
MAX_TOKEN = 64_000
MAX_HEADER = 4_096
MAX_SUBJECT = 255
MAX_TEXT = 255
MOST_WORDS = 10
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,24}")
MAX_AUDIENCES = 20
MAX_MOMENT = 32_503_680_000
"""The year 3000; far enough, and still leeway can be added."""
MIN_RSA_BITS, MAX_RSA_BITS = 2_048, 8_192

_FORBIDDEN_HEADERS = ("crit", "jwk", "jku", "x5u", "x5c", "b64", "zip")
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\Z")
"""An empty signature has the form of a JWS; the algorithm or the signature check says what is wrong with it."""
_SUBJECT = re.compile(r"[!-~]+( *[!-~]+)*\Z")
_SEAL = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdentity:
    """Who the provider says this is, after every check. Only this module can make one; `seal` is its proof.

    `email` is as the provider wrote it, or None. `email_verified` is None when the provider did not say, and True only for JSON's own
    true. The names are for people to read and decide nothing.
    """

    issuer: str
    subject: str
    issued_at: datetime
    email: str | None = None
    email_verified: bool | None = None
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    preferred_username: str | None = None
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()
    """How the person proved who they are, in the words of RFC 8176, as far as the ID token says (`amr`)."""
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("A VerifiedIdentity comes only from trust.federation.verifier.verify.")

    def __init_subclass__(cls) -> Never:
        raise TypeError("VerifiedIdentity has no subclasses.")

    def __reduce__(self) -> Never:
        raise TypeError("A VerifiedIdentity is not stored or sent.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the ID token of this one sign-in must say. `max_age` is in seconds and set when it was sent with the request."""

    issuer: str
    client_id: str
    nonce: str
    now: datetime
    access_token: str | None = None
    max_age: int | None = None


@dataclass(slots=True)
class Examination:
    """What `verify` found on its way, for a connection test to show; it decides nothing."""

    passed: list[str] = field(default_factory=list)
    """Names out of CHECKS; the one after the last is the one that failed."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """The payload, once its signature held."""


CHECKS = (
    "Form, algorithm, key and signature",
    "Issuer (iss)",
    "Audience (aud, azp)",
    "Times (exp, iat, nbf)",
    "Nonce (nonce)",
    "Subject (sub)",
    "Access token hash (at_hash)",
    "Age of the sign-in (auth_time)",
)
"""What `verify` looks at, in its order."""


class _Refused(Exception):  # noqa: N818 - private to this file; leaves as a Refusal
    def __init__(self, reason: ReasonCode, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason, detail)


def verify(token: str, keys: KeySet, expected: Expectation, examination: Examination | None = None) -> VerifiedIdentity | Refusal:
    """Check everything and return the identity, or the first check that failed; tell the `examination`, if there is one, what passed."""
    names, seen = iter(CHECKS), examination or Examination()
    try:
        seen.claims = claims = _signed_claims(token, keys)
        seen.passed.append(next(names))
        _check_issuer(claims, expected)
        seen.passed.append(next(names))
        _check_audience(claims, expected)
        seen.passed.append(next(names))
        issued_at = _check_times(claims, expected)
        seen.passed.append(next(names))
        _check_nonce(claims, expected)
        seen.passed.append(next(names))
        subject = _check_subject(claims)
        seen.passed.append(next(names))
        _check_access_token_hash(claims, expected)
        seen.passed.append(next(names))
        authenticated_at = _check_authentication_time(claims, expected)
        seen.passed.append(next(names))
    except _Refused as refused:
        return refused.refusal
    email, email_verified = _email(claims)
    return VerifiedIdentity(
        issuer=expected.issuer,
        subject=subject,
        issued_at=issued_at,
        email=email,
        email_verified=email_verified,
        name=_text(claims, "name"),
        given_name=_text(claims, "given_name"),
        family_name=_text(claims, "family_name"),
        preferred_username=_text(claims, "preferred_username"),
        authenticated_at=authenticated_at,
        methods=_words(claims, "amr"),
        seal=_SEAL,
    )


def with_userinfo(identity: VerifiedIdentity, claims: Mapping[str, Any]) -> VerifiedIdentity | Refusal:
    """Add what userinfo says and the ID token did not, if it is about the same subject (OpenID Connect Core, section 5.3.2)."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _same(subject, identity.subject):
        return Refusal(ReasonCode.USERINFO_SUBJECT_DIFFERS, "`sub` is missing." if subject is None else "`sub` is another.")
    email, email_verified = (identity.email, identity.email_verified) if identity.email is not None else _email(claims)
    if identity.email_verified is False:
        email_verified = False
    return VerifiedIdentity(
        issuer=identity.issuer,
        subject=identity.subject,
        issued_at=identity.issued_at,
        email=email,
        email_verified=email_verified,
        name=identity.name or _text(claims, "name"),
        given_name=identity.given_name or _text(claims, "given_name"),
        family_name=identity.family_name or _text(claims, "family_name"),
        preferred_username=identity.preferred_username or _text(claims, "preferred_username"),
        authenticated_at=identity.authenticated_at,
        methods=identity.methods,
        seal=_SEAL,
    )


def _signed_claims(token: str, keys: KeySet) -> dict[str, Any]:
    """Return the payload that one of the keys signed; nothing in it was judged yet."""
    if len(token) > MAX_TOKEN:
        raise _Refused(ReasonCode.ID_TOKEN_MALFORMED, f"It is longer than {MAX_TOKEN} characters.")
    if not _COMPACT.match(token):
        raise _Refused(ReasonCode.ID_TOKEN_MALFORMED, "It has not the form of a compact JWS: three base64url parts.")
    header = _header(token.partition(".")[0])
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise _Refused(ReasonCode.ALGORITHM_NOT_ALLOWED, f"`alg` is {_shown(algorithm)}.")
    for name in _FORBIDDEN_HEADERS:
        if name in header:
            raise _Refused(ReasonCode.HEADER_NOT_ALLOWED, f"The header holds `{name}`.")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise _Refused(ReasonCode.ID_TOKEN_MALFORMED, "`kid` is no string.")
    for key in _usable_keys(keys, kid, algorithm):
        payload = _payload(token, algorithm, key)
        if payload is not None:
            return _object(payload, MAX_TOKEN)
    raise _Refused(ReasonCode.SIGNATURE_INVALID, f"`alg` is {algorithm}, `kid` is {_shown(kid)}.")


def _usable_keys(keys: KeySet, kid: str | None, algorithm: str) -> list[RSAKey | ECKey]:
    candidates = keys.candidates(kid, algorithm)
    if not candidates:
        present = ", ".join(map(_shown, keys.key_ids())) or "no keys"
        raise _Refused(ReasonCode.KEY_UNKNOWN, f"`kid` is {_shown(kid)}; the key set has {present}.")
    imported = [key for key in map(_import, candidates) if key is not None]
    if not imported:
        raise _Refused(
            ReasonCode.KEY_UNKNOWN, f"The key {_shown(kid)} cannot be used: damaged, weaker than 2048 bits, or not P-256."
        )
    return imported


def _header(part: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise _Refused(ReasonCode.ID_TOKEN_MALFORMED, "Its header is not base64url.") from error
    return _object(raw, MAX_HEADER)


def _object(raw: bytes, limit: int) -> dict[str, Any]:
    try:
        return parse_object(raw, max_bytes=limit)
    except ValueError as error:
        raise _Refused(ReasonCode.ID_TOKEN_MALFORMED, str(error)) from error


def _import(key: Mapping[str, Any]) -> RSAKey | ECKey | None:
    """Import the public members only; None when the key is damaged or weak."""
    try:
        if key["kty"] == "RSA":
            modulus, exponent = _number(key["n"]), _number(key["e"])
            if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS or not 3 <= exponent < 1 << 32:  # noqa: PLR2004 - 3 is RSA's smallest exponent
                return None
            return RSAKey.import_key({"kty": "RSA", "n": key["n"], "e": key["e"]})
        if key.get("crv") != "P-256":
            return None
        return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": key["x"], "y": key["y"]})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _number(text: str) -> int:
    return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), "big")


def _payload(token: str, algorithm: str, key: RSAKey | ECKey) -> bytes | None:
    """Return the payload if this key made the signature with this algorithm."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length, registry.max_payload_length = MAX_HEADER, MAX_TOKEN
    try:
        return jws.deserialize_compact(token, key, algorithms=[algorithm], registry=registry).payload
    except (JoseError, ValueError, TypeError):
        return None


def _check_issuer(claims: Mapping[str, Any], expected: Expectation) -> None:
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise _Refused(ReasonCode.CLAIM_MISSING, "`iss` is missing or no string.")
    if not _same(issuer, expected.issuer):
        raise _Refused(ReasonCode.ISSUER_WRONG, f"`iss` is {_shown(issuer)}, expected {expected.issuer}.")


def _check_audience(claims: Mapping[str, Any], expected: Expectation) -> None:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not audiences or not all(isinstance(one, str) for one in audiences):
        raise _Refused(ReasonCode.CLAIM_MISSING, "`aud` is missing, or neither a string nor a list of strings.")
    if len(audiences) > MAX_AUDIENCES or expected.client_id not in audiences:
        raise _Refused(ReasonCode.AUDIENCE_WRONG, f"`aud` is {_shown(audience)}, expected {expected.client_id}.")
    party = claims.get("azp")
    if ("azp" not in claims and len(audiences) == 1) or party == expected.client_id:
        return
    raise _Refused(ReasonCode.AUTHORIZED_PARTY_WRONG, f"`aud` is {_shown(audience)}, `azp` is {_shown(party)}.")


def _check_times(claims: Mapping[str, Any], expected: Expectation) -> datetime:
    expires_at = _moment(claims, "exp")
    issued_at = _moment(claims, "iat")
    if expires_at is None or issued_at is None:
        raise _Refused(ReasonCode.CLAIM_MISSING, f"`{'exp' if expires_at is None else 'iat'}` is missing.")
    not_before = _moment(claims, "nbf")
    if expected.now >= expires_at + LEEWAY:
        raise _Refused(ReasonCode.TOKEN_EXPIRED, f"`exp` is {expires_at.isoformat()}, now is {expected.now.isoformat()}.")
    for name, moment in (("iat", issued_at), ("nbf", not_before)):
        if moment is not None and moment > expected.now + LEEWAY:
            raise _Refused(
                ReasonCode.TOKEN_NOT_YET_VALID, f"`{name}` is {moment.isoformat()}, now is {expected.now.isoformat()}."
            )
    return issued_at


def _check_nonce(claims: Mapping[str, Any], expected: Expectation) -> None:
    nonce = claims.get("nonce")
    if not expected.nonce or not isinstance(nonce, str) or not _same(nonce, expected.nonce):
        raise _Refused(ReasonCode.NONCE_WRONG, "`nonce` is missing." if nonce is None else "`nonce` is another.")


def _check_subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not _SUBJECT.match(subject):
        raise _Refused(ReasonCode.SUBJECT_MISSING, "`sub` is missing, empty, too long, or no printable ASCII string.")
    return subject


def _check_access_token_hash(claims: Mapping[str, Any], expected: Expectation) -> None:
    """OpenID Connect Core, section 3.1.3.6; all our algorithms use SHA-256."""
    if "at_hash" not in claims:
        return
    stated = claims["at_hash"]
    if not isinstance(stated, str) or expected.access_token is None:
        raise _Refused(ReasonCode.ACCESS_TOKEN_HASH_WRONG, "`at_hash` is no string, or no access token came with it.")
    digest = hashlib.sha256(expected.access_token.encode()).digest()[:16]
    if not _same(stated, base64.urlsafe_b64encode(digest).decode().rstrip("=")):
        raise _Refused(ReasonCode.ACCESS_TOKEN_HASH_WRONG, "`at_hash` is not the hash of the access token.")


def _check_authentication_time(claims: Mapping[str, Any], expected: Expectation) -> datetime | None:
    authenticated_at = _moment(claims, "auth_time")
    if expected.max_age is None:
        return authenticated_at
    if authenticated_at is None:
        raise _Refused(ReasonCode.AUTHENTICATION_TOO_OLD, "`auth_time` is missing although `max_age` was sent.")
    if authenticated_at > expected.now + LEEWAY:
        raise _Refused(
            ReasonCode.TOKEN_NOT_YET_VALID, f"`auth_time` is {authenticated_at.isoformat()}, now is {expected.now.isoformat()}."
        )
    if expected.now - authenticated_at > timedelta(seconds=expected.max_age) + LEEWAY:
        raise _Refused(
            ReasonCode.AUTHENTICATION_TOO_OLD, f"`auth_time` is {authenticated_at.isoformat()}, `max_age` was {expected.max_age}."
        )
    return authenticated_at


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    """Read a NumericDate (RFC 7519, section 2); true and false are no numbers."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_MOMENT:
        raise _Refused(ReasonCode.CLAIM_MISSING, f"`{name}` is no moment in seconds since 1970.")
    return datetime.fromtimestamp(value, UTC)


def _email(claims: Mapping[str, Any]) -> tuple[str | None, bool | None]:
    """Return the address and whether it is verified; what is neither true nor absent counts as not verified."""
    verified: bool | None = claims["email_verified"] is True if "email_verified" in claims else None
    email = claims.get("email")
    if not isinstance(email, str) or not 0 < len(email) <= MAX_TEXT:
        return None, verified
    return email, verified


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """Return a claim that people read, without control characters and not too long."""
    value = claims.get(name)
    if not isinstance(value, str):
        return None
    return "".join(character for character in value if character.isprintable())[:MAX_TEXT].strip() or None


def _words(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the short words of a claim that is a list; what is none is left out."""
    value = claims.get(name)
    found = [one for one in value if isinstance(one, str) and _WORD.fullmatch(one)] if isinstance(value, list) else []
    return tuple(found[:MOST_WORDS])


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _shown(value: object) -> str:
    """Return a stranger's value for a detail: quoted, short, printable."""
    return ascii(value)[:120]
