"""Signing keys: which one signs, which ones are published, and the JWKS endpoint."""

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from homeport_simulators.okta.ids import Ids


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515 appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _base64url_integer(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """An RSA key with its `kid`."""

    kid: str
    private_key: rsa.RSAPrivateKey

    def public_jwk(self) -> dict[str, Any]:
        """Return the public half with the members Okta publishes (RFC 7517)."""
        numbers = self.private_key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "alg": "RS256",
            "kid": self.kid,
            "use": "sig",
            "e": _base64url_integer(numbers.e),
            "n": _base64url_integer(numbers.n),
        }

    def public_pem(self) -> bytes:
        """Return the public half as PEM, the form that algorithm-confusion attacks use as an HMAC key."""
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private_key.public_key().public_bytes(encoding, form)

    def sign(self, message: bytes) -> bytes:
        """Return the RS256 signature (RFC 7518 section 3.3)."""
        return self.private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())


class KeyRing:
    """The keys of one authorization server: `current` signs, `published` is what the JWKS shows."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.current = self.new_key()
        self.published = [self.current]

    def new_key(self, kid: str | None = None) -> SigningKey:
        """Make a key that is neither used nor published."""
        return SigningKey(
            kid=kid or self._ids.token(), private_key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )

    @cached_property
    def foreign(self) -> SigningKey:
        """A key that is never published, for forgeries."""
        return self.new_key()

    def announce(self) -> SigningKey:
        """Publish a key that signs only from the next rotation on, as Okta does weeks before."""
        key = self.new_key()
        self.published.append(key)
        return key

    def rotate(self, *, withdraw_old: bool) -> SigningKey:
        """Sign with the announced key, else with a new one; keep older keys published unless they are withdrawn."""
        old = self.current
        self.current = self.published[-1] if self.published[-1] is not old else self.announce()
        if withdraw_old:
            self.published = [self.current]
        return self.current
