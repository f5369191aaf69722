"""How a Mac gets its device certificate over ACME (RFC 8555), with a key for which its hardware vouches; signed by `openssl`."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from homeport_simulators.apple import der
from homeport_simulators.apple.attestation import AttestationAuthority
from homeport_simulators.apple.openssl import OpenSsl
from homeport_simulators.apple.wire import Answer

_POINT = 64
_COORDINATE = 32
_REFUSED = 400


class Sends(Protocol):
    """Whatever carries a request: the network, or the server in the same process."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return status, headers and body."""
        ...


class AcmeRefused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The authority refused; `kind` is the last word of the problem's type."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail", "")))
        self.kind = str(problem.get("type", "")).rpartition(":")[2]


def base64url(raw: bytes) -> str:
    """Return unpadded base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(slots=True)
class Acme:
    """ACME over one folder: the account's key is `account.key`, the certificate arrives as `NAME.pem`.

    `serial` and `udid` are what the hardware says, whatever the profile says. Without `enclave` it vouches for nothing.
    """

    tool: OpenSsl
    wire: Sends
    serial: str
    udid: str
    enclave: AttestationAuthority | None = None
    nonce: str = ""
    kid: str = ""
    start: dict[str, Any] = field(default_factory=dict)

    def enroll(self, payload: Mapping[str, Any], name: str = "device") -> None:
        """Get a certificate for the payload `com.apple.security.acme` of a profile; raise AcmeRefused when there is none."""
        order, url = self.order(payload)
        self.make_key(name, int(payload.get("KeySize", 384)))
        challenge = self.challenge(order)
        attest = bool(payload.get("Attest")) and self.enclave is not None
        self.respond(challenge, self.statement(name, challenge["token"]) if attest else b"")
        self.finalize(order, name)
        self.collect(url, name)

    def order(self, payload: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Register the account's key and order a certificate for the profile's identifier; return the order and its address."""
        _, _, said = self.wire.send("GET", str(payload["DirectoryURL"]), {}, b"")
        self.start = json.loads(said)
        _, headers, _ = self.wire.send("HEAD", self.start["newNonce"], {}, b"")
        self.nonce = _lower(headers)["replay-nonce"]
        if not self.kid:
            self.tool.make_curve_key("account", "P-256")
            headers, _ = self.post(self.start["newAccount"], {"termsOfServiceAgreed": True})
            self.kid = headers["location"]
        wanted = {"identifiers": [{"type": "permanent-identifier", "value": payload["ClientIdentifier"]}]}
        headers, body = self.post(self.start["newOrder"], wanted)
        return json.loads(body), headers["location"]

    def make_key(self, name: str, size: int = 384) -> None:
        """Make the key that the certificate is for."""
        self.tool.make_curve_key(name, f"P-{size}")

    def challenge(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Return the order's challenge."""
        _, body = self.post(order["authorizations"][0], None)
        found: dict[str, Any] = json.loads(body)["challenges"][0]
        return found

    def statement(self, name: str, token: str) -> bytes:
        """Return what the hardware says of a key."""
        assert self.enclave is not None
        return self.enclave.attest(self.tool, name, serial=self.serial, udid=self.udid, token=token)

    def respond(self, challenge: Mapping[str, Any], statement: bytes) -> None:
        """Answer the challenge; raise AcmeRefused when the authority does not take the attestation."""
        _, body = self.post(challenge["url"], {"attObj": base64url(statement)})
        found = json.loads(body)
        if found["status"] != "valid":
            raise AcmeRefused(found["error"])

    def finalize(self, order: Mapping[str, Any], name: str) -> None:
        """Ask for the certificate of a key, by names that a Mac would choose."""
        words = ("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={self.serial}", "-sha384", "-outform", "DER")
        self.post(order["finalize"], {"csr": base64url(self.tool.run(*words))})

    def collect(self, url: str, name: str) -> None:
        """Fetch the certificate of an order that is valid."""
        _, body = self.post(url, None)
        _, chain = self.post(json.loads(body)["certificate"], None)
        self.tool.path(f"{name}.pem").write_bytes(
            chain.partition(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
        )

    def post(self, url: str, payload: Mapping[str, Any] | None, *, nonce: str = "") -> tuple[dict[str, str], bytes]:
        """Send a signed request and return headers, in small letters, and body; raise AcmeRefused."""
        identity: dict[str, Any] = {"kid": self.kid} if self.kid else {"jwk": self._jwk()}
        header = {"alg": "ES256", "nonce": nonce or self.nonce, "url": url, **identity}
        body = self.signed(header, b"" if payload is None else json.dumps(payload).encode())
        status, headers, answer = self.wire.send("POST", url, {"Content-Type": "application/jose+json"}, body)
        found = _lower(headers)
        self.nonce = found.get("replay-nonce", self.nonce)
        if status >= _REFUSED:
            raise AcmeRefused(json.loads(answer))
        return found, answer

    def signed(self, header: Mapping[str, Any], payload: bytes) -> bytes:
        """Return a flattened JWS, signed by the account's key."""
        protected, inside = base64url(json.dumps(header).encode()), base64url(payload)
        made = self.tool.run("dgst", "-sha256", "-sign", "account.key", data=f"{protected}.{inside}".encode())
        _, pair, _, _ = der.read(made)
        _, first, _, rest = der.read(pair)
        _, second, _, _ = der.read(rest)
        raw = b"".join(int.from_bytes(number, "big").to_bytes(_COORDINATE, "big") for number in (first, second))
        return json.dumps({"protected": protected, "payload": inside, "signature": base64url(raw)}).encode()

    def _jwk(self) -> dict[str, str]:
        point = self.tool.run("pkey", "-in", "account.key", "-pubout", "-outform", "DER")[-_POINT:]
        return {"kty": "EC", "crv": "P-256", "x": base64url(point[:_COORDINATE]), "y": base64url(point[_COORDINATE:])}


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
