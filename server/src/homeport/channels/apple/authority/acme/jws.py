"""Signed requests: flattened JSON JWS with the header fields of RFC 8555, section 6.2."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from homeport.channels.apple.authority.acme.model import LIMIT, Problem, ProblemKind
from homeport.foundation.kernel.texts import is_whole

ALGORITHMS = ("ES256", "ES384", "RS256")
LONGEST_HEADER = 4096
LONGEST_VALUE = 1024
LEAST_BITS, MOST_BITS = 2048, 4096
_CURVES = {"ES256": "P-256", "ES384": "P-384"}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_PARTS = {"protected", "payload", "signature"}
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a request says before its signature was looked at. Either `jwk` or `kid` is there, never both."""

    token: bytes
    algorithm: str
    nonce: str
    url: str
    jwk: dict[str, Any] | None
    kid: str

    def verified(self, jwk: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the payload, None for POST-as-GET (section 6.3); raise Problem unless the key signed it."""
        try:
            payload = jws.deserialize_compact(self.token, imported(jwk, self.algorithm), registry=_REGISTRY).payload
        except (JoseError, ValueError, TypeError) as error:
            raise Problem(ProblemKind.MALFORMED, "The request is not signed by the key that it names.") from error
        return _object(payload, "payload") if payload else None


def read(body: bytes) -> Unverified:
    """Return what a request says; raise Problem for anything that is not as section 6.2 wants it."""
    if len(body) > LIMIT:
        raise _malformed("The request is too long.")
    outer = _object(body, "request")
    if set(outer) != _PARTS or not all(isinstance(value, str) for value in outer.values()):
        raise _malformed("The request is not a flattened JWS with protected, payload and signature.")
    header = _object(_decoded(outer["protected"], LONGEST_HEADER), "protected header")
    algorithm, nonce, url, kid, jwk = (header.get(name) for name in ("alg", "nonce", "url", "kid", "jwk"))
    if algorithm not in ALGORITHMS:
        raise Problem(ProblemKind.BAD_SIGNATURE_ALGORITHM, f"The algorithms are {', '.join(ALGORITHMS)}.")
    if not (_is_text(nonce) and _is_text(url)) or "crit" in header or "b64" in header:
        raise _malformed("The protected header must have nonce and url, and no extension.")
    if (jwk is None) == (kid is None) or not isinstance(jwk, dict | None) or not (kid is None or _is_text(kid)):
        raise _malformed("The protected header must have either jwk or kid.")
    try:
        token = ".".join(outer[part] for part in ("protected", "payload", "signature")).encode("ascii")
    except UnicodeEncodeError as error:
        raise _malformed("The request is not base64url.") from error
    return Unverified(token, str(algorithm), str(nonce), str(url), jwk, str(kid or ""))


def imported(jwk: Mapping[str, Any], algorithm: str) -> ECKey | RSAKey:
    """Return a public key that fits the algorithm; raise Problem for any other."""
    bad = Problem(ProblemKind.BAD_PUBLIC_KEY, "The key is not a public key of P-256, P-384 or RSA with 2048 to 4096 bits.")
    curve = _CURVES.get(algorithm)
    names = ("kty", "n", "e") if curve is None else ("kty", "crv", "x", "y")
    public: dict[str, str | list[str]] = {name: str(jwk.get(name, "")) for name in names}
    if "d" in jwk or public["kty"] != ("RSA" if curve is None else "EC") or public.get("crv") != curve:
        raise bad
    try:
        if curve is not None:
            return ECKey.import_key(public)
        key = RSAKey.import_key(public)
        if LEAST_BITS <= key.public_key.key_size <= MOST_BITS:
            return key
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        raise bad from error
    raise bad


def from_base64url(text: str) -> bytes:
    """Return what unpadded base64url stands for (RFC 7515, appendix C); raise Problem."""
    if not _BASE64URL.fullmatch(text):
        raise _malformed("The request is not base64url.")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise _malformed("The request is not base64url.") from error


def _decoded(text: str, longest: int) -> bytes:
    if len(text) > longest:
        raise _malformed("The protected header is too long.")
    return from_base64url(text)


def _object(raw: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"The {name} is not JSON.") from error
    if not isinstance(value, dict):
        raise _malformed(f"The {name} is not a JSON object.")
    if not is_whole(value):
        raise _malformed(f"The {name} holds half a character.")
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE and value.isascii() and value.isprintable()


def _malformed(detail: str) -> Problem:
    return Problem(ProblemKind.MALFORMED, detail)
