"""A device as `docs/protocols/device.md` describes it, for tests that ask the server in their own process; it can be told to lie."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import ECKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Device:
    """One device with its key pair; the server gives it its `id`."""

    url: str
    clock: Any
    name: str = "lab-7"
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    id: str = ""

    @property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        return {name: str(value) for name, value in self.key.as_dict(private=False).items() if name in {"kty", "crv", "x", "y"}}

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def signed(self, header: dict[str, Any], claims: Any, key: ECKey | None = None) -> str:
        """Sign whatever it is told to."""
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        text = f"{_encoded(json.dumps({'alg': 'ES256', **header}).encode())}.{_encoded(payload)}"
        return f"{text}.{_encoded(jws.JWSRegistry.algorithms['ES256'].sign(text.encode(), key or self.key))}"

    def enrollment(self, key_text: str) -> dict[str, Any]:
        """The body of an enrolment."""
        claims = {"aud": self.url, "iat": self.now, "jti": secrets.token_hex(8)}
        return {
            "enrollment_key": ".".join(key_text.split(".")[:3]),
            "device_key": self.jwk,
            "proof": self.signed({"typ": "homeport-enroll+jwt"}, claims),
            "device": {"hostname": self.name, "machine_id": hashlib.sha256(self.name.encode()).hexdigest(), "os": "linux"},
        }

    def assertion_claims(self, *without: str, **changed: Any) -> dict[str, Any]:
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": self.url,
            "jti": secrets.token_hex(8),
            "iat": self.now,
            "exp": self.now + 120,
        }
        return {name: value for name, value in {**claims, **changed}.items() if name not in without}

    def proof_claims(self, url: str, method: str, *without: str, token: str = "", **changed: Any) -> dict[str, Any]:
        claims = {"htm": method, "htu": url, "iat": self.now, "jti": secrets.token_hex(8)}
        if token:
            claims["ath"] = _encoded(hashlib.sha256(token.encode()).digest())
        return {name: value for name, value in {**claims, **changed}.items() if name not in without}

    def proof(self, path: str, method: str = "POST", token: str = "", **changed: Any) -> str:
        """A DPoP proof (RFC 9449)."""
        return self.signed(
            {"typ": "dpop+jwt", "jwk": self.jwk}, self.proof_claims(f"{self.url}{path}", method, token=token, **changed)
        )

    def form(self, **fields: Any) -> dict[str, str]:
        """A form with which it authenticates; a field that is None is left out."""
        honest = {
            "client_id": self.id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.signed({"typ": "JWT"}, self.assertion_claims()),
        }
        return {name: value for name, value in {**honest, **fields}.items() if value is not None}

    def ask_token(self, client: Any, *, dpop: str | None = None, **fields: Any) -> Any:
        """POST /oauth/token."""
        headers = {"DPoP": self.proof("/oauth/token") if dpop is None else dpop}
        return client.post("/oauth/token", data=self.form(**fields), headers=headers)

    def poll(self, client: Any, device_code: str, number: str | None = None) -> Any:
        """Ask for the token that a device code earns."""
        return self.ask_token(client, grant_type=DEVICE_CODE_GRANT, device_code=device_code, verification_number=number)

    def agent_token(self, client: Any) -> str:
        """A token of scope agent."""
        answer = self.ask_token(client, grant_type="client_credentials", scope="agent")
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def authorize(self, client: Any, **fields: Any) -> Any:
        """POST /oauth/device_authorization."""
        return client.post("/oauth/device_authorization", data=self.form(**{"scope": "device_login", **fields}))

    def call(self, client: Any, method: str, path: str, token: str, *, dpop: str | None = None, **options: Any) -> Any:
        """Ask /agent/v1 with a token and a proof."""
        proof = self.proof(path, method, token) if dpop is None else dpop
        return client.request(method, path, headers={"Authorization": f"DPoP {token}", "DPoP": proof}, **options)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def certificate_of(device: Device) -> tuple[bytes, bytes]:
    """A certificate of the device's own key, signed with it, as PEM and as DER."""
    key = device.key.private_key
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device.name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    certificate = made.sign(key, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM), certificate.public_bytes(Encoding.DER)
