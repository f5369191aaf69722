"""Compact JWS (RFC 7515) with exactly two algorithms, JWK thumbprints (RFC 7638); nothing is negotiable."""

import base64
import hashlib
import json
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
_P256_BYTES = 32
_ED25519_BYTES = 32


class JoseError(ValueError):
    """A key or a JWS is not of the one form that is accepted."""


class SignatureError(JoseError):
    """The form is right and the signature is not."""


def encode_base64url(raw: bytes) -> str:
    """Encode without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode strictly: one text for each value, so that an altered character never means the same bytes."""
    if not _BASE64URL.match(text):
        raise JoseError("a character is not base64url")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise JoseError("the length is not that of base64url") from error
    if encode_base64url(raw) != text:
        raise JoseError("the last character has stray bits")
    return raw


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise JoseError("a member appears twice")
    return result


def _refuse_constant(name: str) -> Any:
    raise JoseError(f"{name} is no JSON number")


def parse_json_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object; duplicate members, NaN and other values are errors."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise JoseError("not a JSON object") from error
    if not isinstance(value, dict):
        raise JoseError("not a JSON object")
    return value


def thumbprint(jwk: dict[str, Any]) -> str:
    """SHA-256 thumbprint of a public key (RFC 7638 section 3)."""
    names = ("crv", "kty", "x", "y") if jwk.get("kty") == "EC" else ("crv", "kty", "x")
    canonical = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"), sort_keys=True)
    return encode_base64url(hashlib.sha256(canonical.encode()).digest())


def ec_public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """Public JWK of a P-256 key."""
    numbers = key.public_key().public_numbers()
    coordinates = {name: encode_base64url(getattr(numbers, name).to_bytes(_P256_BYTES, "big")) for name in ("x", "y")}
    return {"kty": "EC", "crv": "P-256", **coordinates}


def ed25519_public_key(jwk: Any) -> Ed25519PublicKey:
    """Read an Ed25519 public JWK (RFC 8037)."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or not isinstance(jwk.get("x"), str):
        raise JoseError("not an Ed25519 public key")
    raw = decode_base64url(jwk["x"])
    if len(raw) != _ED25519_BYTES:
        raise JoseError("not an Ed25519 public key")
    return Ed25519PublicKey.from_public_bytes(raw)


def _signing_input(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(encode_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))


def sign_es256(key: ec.EllipticCurvePrivateKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Make a compact JWS with ES256 (RFC 7518 section 3.4)."""
    signing_input = _signing_input({"alg": "ES256", **header}, claims)
    r, s = decode_dss_signature(key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signing_input}.{encode_base64url(r.to_bytes(_P256_BYTES, 'big') + s.to_bytes(_P256_BYTES, 'big'))}"


def sign_ed25519(key: Ed25519PrivateKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Make a compact JWS with Ed25519 (RFC 9864)."""
    signing_input = _signing_input({"alg": "Ed25519", **header}, claims)
    return f"{signing_input}.{encode_base64url(key.sign(signing_input.encode()))}"


def _split(compact: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    parts = compact.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        raise JoseError("not a compact JWS")
    header, claims = (parse_json_object(decode_base64url(part)) for part in parts[:2])
    return header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), decode_base64url(parts[2])


def read_unverified(compact: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWS whose signature nobody has checked yet; JoseError when the form is wrong."""
    header, claims, _, _ = _split(compact)
    return header, claims


def verify_ed25519(key: Ed25519PublicKey, compact: str, *, typ: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWS that ``key`` signed, of exactly the type ``typ``, without critical extensions."""
    header, claims, signing_input, signature = _split(compact)
    if header.get("alg") != "Ed25519" or header.get("typ") != typ or "crit" in header:
        raise SignatureError("another algorithm or type")
    try:
        key.verify(signature, signing_input)
    except InvalidSignature as error:
        raise SignatureError("the signature does not fit") from error
    return header, claims


def verify_es256(key: ec.EllipticCurvePublicKey, compact: str, *, typ: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWS that the P-256 ``key`` signed."""
    header, claims, signing_input, signature = _split(compact)
    if header.get("alg") != "ES256" or header.get("typ") != typ or "crit" in header or len(signature) != 2 * _P256_BYTES:
        raise SignatureError("another algorithm or type")
    r, s = (int.from_bytes(half, "big") for half in (signature[:_P256_BYTES], signature[_P256_BYTES:]))
    try:
        key.verify(encode_dss_signature(r, s), signing_input, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise SignatureError("the signature does not fit") from error
    return header, claims
