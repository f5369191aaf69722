"""Faults in how the ID token is signed."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from homeport_simulators.okta.faults.book import FaultBook
from homeport_simulators.okta.jws import compact
from homeport_simulators.okta.keys import KeyRing

Claims = dict[str, Any]
FOREIGN_KEYS = "/elsewhere/keys"  # below the issuer; an honest client never asks there

Forge = Callable[[Claims, KeyRing, str], str]


def honest(claims: Claims, keys: KeyRing) -> str:
    """Return the ID token as Okta signs it."""
    return compact({"kid": keys.current.kid, "alg": "RS256"}, claims, keys.current.sign)


def _hmac_with(key: bytes) -> Callable[[bytes], bytes]:
    return lambda message: hmac.new(key, message, hashlib.sha256).digest()


def _nothing(_message: bytes) -> bytes:
    return b""


def _none(claims: Claims, _keys: KeyRing, _secret: str) -> str:
    return compact({"alg": "none"}, claims, _nothing)


def _client_secret(claims: Claims, keys: KeyRing, secret: str) -> str:
    return compact({"kid": keys.current.kid, "alg": "HS256"}, claims, _hmac_with(secret.encode()))


def _public_key(claims: Claims, keys: KeyRing, _secret: str) -> str:
    return compact({"kid": keys.current.kid, "alg": "HS256"}, claims, _hmac_with(keys.current.public_pem()))


def _turned_bit(claims: Claims, keys: KeyRing, _secret: str) -> str:
    def sign(message: bytes) -> bytes:
        signature = keys.current.sign(message)
        return signature[:100] + bytes([signature[100] ^ 1]) + signature[101:]

    return compact({"kid": keys.current.kid, "alg": "RS256"}, claims, sign)


def _stripped(claims: Claims, keys: KeyRing, _secret: str) -> str:
    return compact({"kid": keys.current.kid, "alg": "RS256"}, claims, _nothing)


def _unknown_kid(claims: Claims, keys: KeyRing, _secret: str) -> str:
    return compact({"kid": keys.foreign.kid, "alg": "RS256"}, claims, keys.foreign.sign)


def _no_kid(claims: Claims, keys: KeyRing, _secret: str) -> str:
    return compact({"alg": "RS256"}, claims, keys.current.sign)


def _key_in_header(claims: Claims, keys: KeyRing, _secret: str) -> str:
    header = {"kid": keys.foreign.kid, "alg": "RS256", "jwk": keys.foreign.public_jwk()}
    return compact(header, claims, keys.foreign.sign)


def _key_elsewhere(claims: Claims, keys: KeyRing, _secret: str) -> str:
    header = {"kid": keys.foreign.kid, "alg": "RS256", "jku": f"{claims['iss']}{FOREIGN_KEYS}"}
    return compact(header, claims, keys.foreign.sign)


def _critical(claims: Claims, keys: KeyRing, _secret: str) -> str:
    header = {"kid": keys.current.kid, "alg": "RS256", "crit": ["urn:example:unheard-of"], "urn:example:unheard-of": True}
    return compact(header, claims, keys.current.sign)


def _other_key(claims: Claims, keys: KeyRing, _secret: str) -> str:
    return compact({"kid": keys.current.kid, "alg": "RS256"}, claims, keys.foreign.sign)


_FORGERIES: dict[str, Forge] = {
    "alg_none": _none,
    "alg_hs256_with_client_secret": _client_secret,
    "alg_hs256_with_public_key": _public_key,
    "bad_signature": _turned_bit,
    "signature_stripped": _stripped,
    "unknown_kid": _unknown_kid,
    "no_kid": _no_kid,
    "key_in_jwk_header": _key_in_header,
    "key_at_jku_header": _key_elsewhere,
    "crit_header": _critical,
    "other_key_same_kid": _other_key,
}


def signed(book: FaultBook, claims: Claims, keys: KeyRing, client_secret: str) -> str:
    """Return the ID token, forged if a fault is due; a token has one signature, so one fault at a time."""
    for name, forge in _FORGERIES.items():
        if book.take(name) is not None:
            return forge(claims, keys, client_secret)
    return honest(claims, keys)


def key_set(book: FaultBook, keys: KeyRing) -> list[dict[str, Any]]:
    """Return the published keys, as the due faults show them."""
    published = [key.public_jwk() for key in keys.published]
    if book.take("keys_empty") is not None:
        return []
    if book.take("keys_duplicate_kid") is not None:
        return [keys.foreign.public_jwk() | {"kid": keys.current.kid}, *published]
    return published
