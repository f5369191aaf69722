"""Many light Macs: each with a certificate of its own, signing in this process rather than by the `openssl` command line.

Their sign-ins in the web view are written down as done and their certificates issued before; what they do is MDM: Authenticate,
TokenUpdate, and polls until there is nothing more to do. A light Mac keeps what a real one would lose its enrolment over: whether it was
released from Setup Assistant, and whether its account was configured before that.
"""

import base64
import plistlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7

from homeport.channels.apple.authority.model import Asked
from homeport.channels.apple.enrollment.model import Enrollment, EnrollmentState
from homeport.foundation.kernel.entropy import hash_token

Send = Callable[[str, dict[str, str], bytes], tuple[int, bytes]]
"""Puts a body at a path of the server; gives status and body."""
TRIES = 20
_SIGNED = (pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities)


@dataclass
class LightMac:
    """One Mac."""

    serial: str
    udid: str
    username: str
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    told: list[str] = field(default_factory=list)
    requests: int = 0
    again: int = 0

    def enrol(self, send: Send) -> None:
        """Enrol, and poll until Setup Assistant may go on and nothing waits."""
        known = {"SerialNumber": self.serial, "DeviceName": self.serial, "ModelName": "MacBook Air", "OSVersion": "15.1"}
        topic = {"Topic": "com.apple.mgmt.External.1"}
        self._say(send, "/mdm/checkin", {"MessageType": "Authenticate", **topic, **known})
        token = {"Token": self.serial.encode(), "PushMagic": f"magic-of-{self.serial}", "AwaitingConfiguration": True}
        self._say(send, "/mdm/checkin", {"MessageType": "TokenUpdate", **topic, **token})
        self.poll(send)

    def poll(self, send: Send) -> None:
        """Ask for commands until there is none; acknowledge each."""
        message: dict[str, Any] = {"Status": "Idle"}
        while body := self._say(send, "/mdm/connect", message):
            command = plistlib.loads(body)
            kind = command["Command"]["RequestType"]
            self.told.append(kind)
            message = {"Status": "Acknowledged", "CommandUUID": command["CommandUUID"], **self._answer(kind)}

    @property
    def lost(self) -> str:
        """What it did not get, or got in a wrong order; empty when all is well."""
        for kind in ("AccountConfiguration", "DeviceConfigured", "DeviceInformation"):
            if self.told.count(kind) != 1:
                return f"{kind} came {self.told.count(kind)} times"
        if self.told.index("AccountConfiguration") > self.told.index("DeviceConfigured"):
            return "it was released before its account was configured"
        return ""

    def _answer(self, kind: str) -> dict[str, Any]:
        return {"QueryResponses": {"OSVersion": "15.1", "DeviceName": self.serial}} if kind == "DeviceInformation" else {}

    def _say(self, send: Send, path: str, message: dict[str, Any]) -> bytes:
        body = plistlib.dumps({"UDID": self.udid, **message})
        signed = pkcs7.PKCS7SignatureBuilder().set_data(body).add_signer(self.certificate, self.key, hashes.SHA256())
        signature = base64.b64encode(signed.sign(Encoding.DER, list(_SIGNED))).decode()
        for number in range(TRIES):
            status, answer = send(path, {"Mdm-Signature": signature, "Content-Type": "application/xml"}, body)
            self.requests += 1
            if status == 200:
                return answer
            if status not in {502, 503, 504}:
                break
            self.again += 1  # a Mac repeats what a busy server did not take
            time.sleep(0.2 * (number + 1))
        raise AssertionError(f"{self.serial} was answered {status} to {message.get('MessageType') or message['Status']}")


def crowd(actions: Any, user: Any, key: rsa.RSAPrivateKey, numbers: range) -> list[LightMac]:
    """Write down that a person signed in at so many Macs, and issue their certificates, for one key to keep it quick."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    now, made = actions.mac_management.clock.now(), []
    for number in numbers:
        serial, udid, session = f"C02CROWD{number:05d}", f"22222222-3333-4444-8555-{number:012d}", f"crowd-{number}"
        done = Enrollment(
            id=session,
            cookie_hash=hash_token(session),
            serial=serial,
            state=EnrollmentState.ISSUED,
            created_at=now,
            expires_at=now,
            udid=udid,
            verified=True,
            user_id=user.id,
            issuer="https://acme.okta.example",
            subject=f"subject-of-{user.username}",
            username=user.username,
            full_name="Ada Lovelace",
            admin=True,
        )
        actions.apple_enrollments.store.add(done)
        word = actions.apple_authority.challenge(session, serial)
        made.append(LightMac(serial, udid, user.username, actions.apple_authority.issue(word, Asked(public)), key))
    return made
