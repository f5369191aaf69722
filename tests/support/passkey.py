"""An authenticator for tests: it keeps private keys and signs what WebAuthn (level 2) says; nothing is checked, so it can lie."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftAuthenticator:
    """One passkey of one device. `flags` is what it says of its person."""

    origin: str = "https://id.example.com"
    rp_id: str = "id.example.com"
    flags: int = PRESENT | VERIFIED
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: token_bytes(16))
    user_handle: bytes = b""
    counter: int = 0

    def create(self, options: dict[str, Any]) -> str:
        """Answer `navigator.credentials.create` (section 5.1.3) as the page sends it."""
        self.user_handle = to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + public
        data = self._data(self.flags | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._sent({"clientDataJSON": self._client("webauthn.create", options), "attestationObject": to_text(attestation)})

    def get(self, options: dict[str, Any], **changed: str) -> str:
        """Answer `navigator.credentials.get` (section 5.1.4) as the page sends it."""
        self.counter += 1
        data, client = self._data(self.flags), self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(to_bytes(client)).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"authenticatorData": to_text(data), "signature": to_text(signature), "userHandle": to_text(self.user_handle)}
        return self._sent({"clientDataJSON": client, **response, **changed})

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> str:
        return to_text(json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode())

    def _sent(self, response: dict[str, str]) -> str:
        shown = to_text(self.credential_id)
        return json.dumps({"id": shown, "rawId": shown, "type": "public-key", "clientExtensionResults": {}, "response": response})
