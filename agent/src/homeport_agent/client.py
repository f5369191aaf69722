"""The device's conversation with its server: private_key_jwt (RFC 7523), DPoP (RFC 9449), the server's time."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from homeport_agent.jose import ec_public_jwk, encode_base64url, sign_es256
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.transport import SECONDS, Answer, Transport, checked_address

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60
_EARLY_SECONDS = 30
_CLOCK_ERRORS = {"invalid_client", "invalid_dpop_proof", "proof_invalid"}
_CLOCK_NOTICEABLE = 2.0
_OK = 200
_NO_CONTENT = 204
_UNAUTHORIZED = 401


@dataclass
class ServerClock:
    """The device's clock, and how far the server's is from it."""

    clock: Callable[[], float] = time.time
    offset: float = 0.0

    def now(self) -> int:
        """Seconds since 1970 as the server would say."""
        return int(self.clock() + self.offset)

    def learn(self, answer: Answer) -> bool:
        """Take over the server's time; True when it makes a noticeable difference."""
        if answer.date is None:
            return False
        offset = answer.date - self.clock()
        differs = abs(offset - self.offset) > _CLOCK_NOTICEABLE
        if differs:
            self.offset = offset
        return differs


@dataclass
class Client:
    """One enrolled device's client; ``device_id`` is its OAuth client id."""

    issuer: str
    device_id: str
    key: ec.EllipticCurvePrivateKey
    transport: Transport = field(default_factory=Transport)
    clock: ServerClock = field(default_factory=ServerClock)
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(16)
    _metadata: dict[str, Any] = field(default_factory=dict, init=False)
    _token: str = field(default="", init=False, repr=False)
    _token_until: float = field(default=0.0, init=False)

    def endpoint(self, name: str) -> str:
        """Find an endpoint of the issuer by its metadata name (RFC 8414)."""
        if not self._metadata:
            answer = self.transport.get(f"{self.issuer}/.well-known/openid-configuration")
            document = answer.document
            if answer.status != _OK or document.get("issuer") != self.issuer:
                raise Refusal(
                    Reason.SERVER_ANSWER_INVALID,
                    f"{self.issuer} did not answer as the server this device is enrolled at (status {answer.status}). "
                    "Check the server, then try again.",
                )
            self._metadata = document
        url = self._metadata.get(name)
        if not isinstance(url, str):
            raise Refusal(Reason.SERVER_ANSWER_INVALID, f"The server does not say where its {name} is. It may need an update.")
        return checked_address(url)

    def post_authenticated(self, endpoint: str, fields: dict[str, str], *, dpop: bool) -> Answer:
        """Send a form with the device's assertion; once more with the server's time when the clock was the trouble."""
        url = self.endpoint(endpoint)
        answer = self._post_once(url, fields, dpop=dpop)
        if answer.document.get("error") in _CLOCK_ERRORS and self.clock.learn(answer):
            answer = self._post_once(url, fields, dpop=dpop)
        return answer

    def _post_once(self, url: str, fields: dict[str, str], *, dpop: bool) -> Answer:
        now = self.clock.now()
        claims = {
            "iss": self.device_id,
            "sub": self.device_id,
            "aud": self.issuer,
            "jti": self.new_id(),
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        form = {
            **fields,
            "client_id": self.device_id,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": sign_es256(self.key, {"typ": "JWT"}, claims),
        }
        return self.transport.post_form(url, form, headers={"DPoP": self.proof("POST", url)} if dpop else None)

    def proof(self, method: str, url: str, access_token: str = "") -> str:
        """Make a DPoP proof for one request (RFC 9449 section 4.2)."""
        parts = urlsplit(url)
        claims: dict[str, Any] = {
            "htm": method,
            "htu": f"{parts.scheme}://{parts.netloc}{parts.path}",
            "iat": self.clock.now(),
            "jti": self.new_id(),
        }
        if access_token:
            claims["ath"] = encode_base64url(hashlib.sha256(access_token.encode()).digest())
        return sign_es256(self.key, {"typ": "dpop+jwt", "jwk": ec_public_jwk(self.key)}, claims)

    def agent_request(self, method: str, path: str, value: Any = None, *, seconds: float = SECONDS) -> Answer:
        """Call the agent API with a token of scope ``agent``, made or renewed as needed."""
        answer = self.with_token(method, path, value, token=self._agent_token(), seconds=seconds)
        if answer.status == _UNAUTHORIZED:
            self.clock.learn(answer)
            self._token = ""
            answer = self.with_token(method, path, value, token=self._agent_token(), seconds=seconds)
        return answer

    def with_token(self, method: str, path: str, value: Any, *, token: str, seconds: float = SECONDS) -> Answer:
        """Call the agent API with ``token``, bound to this device's key."""
        url = f"{self.issuer}{path}"
        headers = {"Authorization": f"DPoP {token}", "DPoP": self.proof(method, url, token)}
        if method == "GET":
            return self.transport.get(url, headers=headers, seconds=seconds)
        return self.transport.post_json(url, value, headers=headers, seconds=seconds)

    def _agent_token(self) -> str:
        if self._token and self.clock.clock() < self._token_until:
            return self._token
        answer = self.post_authenticated("token_endpoint", {"grant_type": "client_credentials", "scope": "agent"}, dpop=True)
        document = answer.document
        if answer.status != _OK:
            raise refusal_of(answer, "The server did not accept this device")
        token = document.get("access_token")
        if not isinstance(token, str) or str(document.get("token_type", "")).lower() != "dpop":
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's token answer lacks a DPoP token. It may need an update.")
        seconds = document.get("expires_in")
        self._token = token
        self._token_until = self.clock.clock() + (seconds if isinstance(seconds, int) else _ASSERTION_SECONDS) - _EARLY_SECONDS
        return token

    def report(self, body: dict[str, Any]) -> None:
        """Send a report (device.md section 5); a refusal when the server did not take it."""
        answer = self.agent_request("POST", "/agent/v1/reports", body)
        if answer.status not in {_OK, _NO_CONTENT}:
            raise refusal_of(answer, "The server did not take the report")


def refusal_of(answer: Answer, what: str) -> Refusal:
    """Read the refusal that an error answer means; understands OAuth's and RFC 9457's members."""
    document = answer.document
    reason = document.get("reason") or document.get("error") or Reason.SERVER_ANSWER_INVALID
    said = document.get("error_description") or document.get("detail") or document.get("title")
    message = (
        said if isinstance(said, str) else f"{what} (status {answer.status}). Try again; if it stays, ask your administrator."
    )
    sign_in_id = document.get("sign_in_id")
    return Refusal(str(reason), message, sign_in_id=sign_in_id if isinstance(sign_in_id, str) else None)
