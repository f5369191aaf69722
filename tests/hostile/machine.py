"""A device that speaks `docs/protocols/device.md` over HTTP, independent of the real agent, and can be told to lie."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey
from tests.faults.person import FRESH

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Machine:
    """A Linux machine with its key pair; `id` is given by the server at enrolment."""

    url: str
    client: httpx2.Client
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    machine_id: str = field(default_factory=lambda: secrets.token_hex(32))
    hostname: str = "lab-7"
    id: str = ""
    code: dict[str, Any] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=lambda: {"scope": "device_login"})
    """What it asks for when it begins a device authorization."""

    @classmethod
    def at(cls, url: str, address: str) -> "Machine":
        """Stand at an address."""
        return cls(
            url, httpx2.Client(transport=httpx2.HTTPTransport(verify=False, local_address=address, limits=FRESH), timeout=60)
        )

    @property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        return {name: str(value) for name, value in self.key.as_dict(private=False).items() if name in {"kty", "crv", "x", "y"}}

    def signed(self, header: dict[str, Any], claims: Any, key: ECKey | None = None) -> str:
        """Sign whatever it is told to."""
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        return jws.serialize_compact({"alg": "ES256", **header}, payload, key or self.key, registry=registry)

    def enroll(self, key_text: str, **said: Any) -> httpx2.Response:
        """Join with an enrolment key; `said` replaces members of the request."""
        proof = self.signed(
            {"typ": "homeport-enroll+jwt"}, {"aud": self.url, "iat": int(time.time()), "jti": secrets.token_hex(8)}
        )
        facts = {"hostname": self.hostname, "serial_number": "SN-1", "machine_id": self.machine_id, "os": "linux"}
        facts |= {"os_name": "Debian GNU/Linux", "os_version": "12", "arch": "x86_64", "agent_version": "0.1.0"}
        facts |= said.pop("facts", {})
        body = {"enrollment_key": ".".join(key_text.split(".")[:3]), "device_key": self.jwk, "proof": proof, "device": facts}
        answer = self.client.post(f"{self.url}/agent/v1/enroll", json={**body, **said})
        if answer.is_success:
            self.id = answer.json()["device_id"]
        return answer

    def assertion(self, **claims: Any) -> str:
        """A client assertion (RFC 7523); `claims` replace the honest ones."""
        now = int(time.time())
        honest = {"iss": self.id, "sub": self.id, "aud": self.url, "jti": secrets.token_hex(8), "iat": now, "exp": now + 60}
        return self.signed({"typ": "JWT"}, {**honest, **claims})

    def proof(self, method: str, path: str, token: str = "", **claims: Any) -> str:
        """A DPoP proof (RFC 9449); `claims` replace the honest ones."""
        honest = {"htm": method, "htu": f"{self.url}{path}", "iat": int(time.time()), "jti": secrets.token_hex(8)}
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            honest["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self.signed({"typ": "dpop+jwt", "jwk": self.jwk}, {**honest, **claims})

    def post(self, path: str, *, assertion: str = "", proof: str | None = None, **fields: str) -> httpx2.Response:
        """Post a form as this device."""
        form = {"client_id": self.id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion or self.assertion()}
        headers = {"DPoP": self.proof("POST", path) if proof is None else proof}
        return self.client.post(f"{self.url}{path}", data={**form, **fields}, headers=headers)

    def begin(self) -> None:
        """Begin a device authorization."""
        answer = self.post("/oauth/device_authorization", **self.asks)
        assert answer.status_code == 200, answer.text
        self.code = answer.json()

    @property
    def user_code(self) -> str:
        """The code on the screen."""
        return self.code["user_code"]

    def poll(self, number: str | None = None, **fields: str) -> httpx2.Response:
        """Ask for the token of the sign-in."""
        typed = {} if number is None else {"verification_number": number}
        return self.post(
            "/oauth/token", **{"grant_type": DEVICE_CODE_GRANT, "device_code": self.code["device_code"], **typed, **fields}
        )

    def ask(self, method: str, path: str, token: str, *, proof: str | None = None, **request: Any) -> httpx2.Response:
        """Ask an endpoint of /agent/v1 with a token."""
        bare = path.partition("?")[0]
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof or self.proof(method, bare, token)}
        return self.client.request(method, f"{self.url}{path}", headers=headers, **request)

    def fetch_order(self, token: str, *, proof: str | None = None) -> httpx2.Response:
        """Fetch the one order a sign-in earned."""
        return self.ask("POST", "/agent/v1/order", token, proof=proof)

    def agent_token(self) -> str:
        """A token of scope agent."""
        answer = self.post("/oauth/token", grant_type="client_credentials", scope="agent")
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]
