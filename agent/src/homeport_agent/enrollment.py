"""Enrolment: the device makes its key pair, proves it, and pins whose orders count."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from homeport_agent.accounts.files import AccountFiles
from homeport_agent.client import Client, ServerClock, refusal_of
from homeport_agent.durable import make_private_folder, read_json, write_atomically, write_json
from homeport_agent.facts import enrollment_facts
from homeport_agent.jose import JoseError, ec_public_jwk, ed25519_public_key, sign_es256, thumbprint
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import AGENT_USER, Root
from homeport_agent.transport import Answer, Transport, checked_address

_KEY_PARTS = 4
_ENROLLED = (200, 201)


@dataclass(frozen=True)
class EnrollmentKey:
    """The line an administrator hands out: ``hpe1.<id>.<secret>.<fingerprint>``."""

    credential: str
    fingerprint: str

    @classmethod
    def parse(cls, text: str) -> "EnrollmentKey":
        """Read the line; a Refusal that does not repeat it."""
        parts = text.strip().split(".")
        if len(parts) != _KEY_PARTS or parts[0] != "hpe1" or not all(parts):
            raise Refusal(
                Reason.ENROLLMENT_KEY_INVALID,
                "This is no enrolment key: one line that begins with hpe1. is expected. Copy it again from the device page.",
            )
        return cls(".".join(parts[:3]), parts[3])

    def __repr__(self) -> str:
        return "EnrollmentKey(…)"


@dataclass(frozen=True)
class Enrollment:
    """What the device keeps after enrolment."""

    server: str
    issuer: str
    device_id: str
    status: str


def read_enrollment(root: Root) -> Enrollment | None:
    """Read the device's enrolment; None before it."""
    content = read_json(root.agent_state / "device.json")
    return Enrollment(**content) if content else None


def require_enrollment(root: Root) -> Enrollment:
    """Read the device's enrolment, or a Refusal that says how to enrol."""
    enrollment = read_enrollment(root)
    if enrollment is None:
        raise Refusal(
            Reason.NOT_ENROLLED, "This device is not enrolled. Run homeport-agent enroll with a key from your administrator."
        )
    return enrollment


def device_key(root: Root) -> ec.EllipticCurvePrivateKey:
    """Read the device's key, made at first use, mode 0600."""
    path = root.agent_state / "device-key.pem"
    try:
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        make_private_folder(root.agent_state)
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write_atomically(path, pem)
        return key
    except ValueError as error:
        raise Refusal(Reason.STATE_UNREADABLE, f"{path} is damaged. Remove it and enrol again.") from error
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise Refusal(Reason.STATE_UNREADABLE, f"{path} holds another kind of key. Remove it and enrol again.")
    return loaded


def make_client(root: Root, transport: Transport | None = None) -> Client:
    """Make the client of an enrolled device."""
    enrollment = require_enrollment(root)
    return Client(enrollment.issuer, enrollment.device_id, device_key(root), transport or Transport())


def hand_over(root: Root) -> None:
    """Give the network half's files to its own user, where there is one; the pinned key stays root's."""
    agent = AccountFiles(root).account(AGENT_USER)
    if agent is None or os.geteuid() != 0:
        return
    for path in (root.agent_state, *root.agent_state.iterdir()):
        os.chown(path, agent.uid, agent.gid, follow_symlinks=False)


@dataclass
class Enroller:
    """Enrols one root at one server."""

    root: Root
    transport: Transport
    clock: ServerClock
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(16)

    def enroll(self, server: str, key_text: str) -> str:
        """Enrol, or say that it is done already; what happened, in a sentence or two."""
        server = checked_address(server)
        self.root.require_complete()
        enrolled = read_enrollment(self.root)
        if enrolled and server not in {enrolled.server, enrolled.issuer}:
            raise Refusal(
                Reason.ENROLLED_ELSEWHERE,
                f"This device is enrolled at {enrolled.server} already. Remove it there and delete {self.root.agent_state} and "
                f"{self.root.accounts_state} before it enrols elsewhere.",
            )
        if enrolled:
            return f"This device is enrolled at {enrolled.server} already, as {enrolled.device_id}. Nothing was changed."
        key = EnrollmentKey.parse(key_text)
        answer = self._post(server, key)
        if answer.status not in _ENROLLED:
            raise refusal_of(answer, "The server did not enrol this device")
        return self._keep(server, key, answer.document)

    def _post(self, server: str, key: EnrollmentKey) -> Answer:
        answer = self._post_once(server, key)
        if answer.document.get("reason") == "proof_invalid" and self.clock.learn(answer):
            answer = self._post_once(server, key)
        return answer

    def _post_once(self, server: str, key: EnrollmentKey) -> Answer:
        own = device_key(self.root)
        claims = {"aud": server, "iat": self.clock.now(), "jti": self.new_id()}
        body = {
            "enrollment_key": key.credential,
            "device_key": ec_public_jwk(own),
            "proof": sign_es256(own, {"typ": "homeport-enroll+jwt"}, claims),
            "device": enrollment_facts(self.root),
        }
        return self.transport.post_json(f"{server}/agent/v1/enroll", body)

    def _keep(self, server: str, key: EnrollmentKey, document: dict[str, Any]) -> str:
        order_root, device_id, issuer = (document.get(name) for name in ("order_root", "device_id", "issuer"))
        try:
            ed25519_public_key(order_root)
        except JoseError as error:
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's answer holds no order root. Check the address.") from error
        if not isinstance(order_root, dict) or thumbprint(order_root) != key.fingerprint:
            raise Refusal(
                Reason.ORDER_ROOT_MISMATCH,
                f"{server} is not the server this enrolment key was made for, so the device does not trust it. "
                "Check the address, or ask for a new key.",
            )
        if not isinstance(device_id, str) or not isinstance(issuer, str):
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's answer names no device. Check the address.")
        public = {name: order_root[name] for name in ("kty", "crv", "x")}
        make_private_folder(self.root.accounts_state)
        pinned = read_json(self.root.accounts_state / "pin.json")
        if pinned and pinned["order_root"] != public:
            raise Refusal(
                Reason.ENROLLED_ELSEWHERE,
                f"The accounts of this device obey another server. Delete {self.root.accounts_state} if that is over.",
            )
        write_json(self.root.accounts_state / "pin.json", {"device_id": device_id, "order_root": public})
        # Last, because this file is what makes the device enrolled.
        status = str(document.get("status", "active"))
        kept = Enrollment(server, checked_address(issuer), device_id, status)
        write_json(self.root.agent_state / "device.json", vars(kept))
        hand_over(self.root)
        waiting = " It waits for an administrator's approval." if status == "pending" else ""
        return f"This device is enrolled at {server}, as {device_id}.{waiting}"
