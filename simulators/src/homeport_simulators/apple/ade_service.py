"""Apple's Automated Device Enrollment service: sessions by OAuth 1.0a, an inventory with cursors, profiles, and faults on demand.

Signatures are judged by oauthlib's server side. What Apple does that a client must survive can be asked for by `faults`.
"""

import base64
import itertools
import json
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DEFAULT_LIMIT, MOST = 100, 1000
CURSOR_LIFE = timedelta(days=7)
SESSION_CALLS = 3
"""After so many calls a session's token is replaced by another one, in a header of the answer."""


class Refusal(Exception):  # noqa: N818 - Apple's answer, not an error of ours
    """An answer that is no 200: status and body."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(body)
        self.status, self.body = status, body


@dataclass
class Cursor:
    """Where a client stands: in a full fetch, at a row of a list that was frozen; in a sync, at a change."""

    position: int
    serials: tuple[str, ...] | None
    issued_at: datetime
    changes: int = 0


@dataclass
class AdeService:
    """One server of one organization in Apple Business Manager."""

    server_name: str = "Homeport"
    org_name: str = "Acme"
    server_uuid: str = field(default_factory=lambda: secrets.token_hex(16).upper())
    now: Any = field(default=lambda: datetime.now(UTC))
    consumer_key: str = field(default_factory=lambda: f"CK_{secrets.token_hex(20)}")
    consumer_secret: str = field(default_factory=lambda: f"CS_{secrets.token_urlsafe(30)}")
    access_token: str = field(default_factory=lambda: f"AT_{secrets.token_urlsafe(30)}")
    access_secret: str = field(default_factory=lambda: f"AS_{secrets.token_urlsafe(30)}")
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    nonces: set[tuple[str, str]] = field(default_factory=set)
    faults: dict[str, int] = field(default_factory=dict)
    """A fault and how many times it still happens."""
    answers: dict[str, str] = field(default_factory=dict)
    """What an assignment answers for a serial number instead of SUCCESS."""
    calls: list[str] = field(default_factory=list)
    """Every call, as method and path."""
    assigned: list[tuple[str, ...]] = field(default_factory=list)
    """The serial numbers of each assignment that was asked for."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # What an administrator does in Apple Business Manager

    def add(self, *serials: str, model: str = "MacBook Pro", family: str = "Mac", op_type: str = "added") -> None:
        """Assign devices to this server; a device that was here before can show as `modified`."""
        for serial in serials:
            self.devices[serial] = {
                "serial_number": serial,
                "model": model,
                "description": f"{model} SPACE GRAY",
                "color": "SPACE GRAY",
                "asset_tag": "",
                "os": "OSX" if family == "Mac" else "iOS",
                "device_family": family,
                "profile_status": "empty",
                "device_assigned_by": "admin@acme.example",
                "device_assigned_date": self._stamp(),
            }
            self._changed(serial, op_type)

    def remove(self, serial: str) -> None:
        """Take a device away from this server."""
        self._changed(serial, "deleted")
        self.devices.pop(serial, None)

    def token(self) -> dict[str, str]:
        """Return the server token as Apple writes it."""
        return {
            "consumer_key": self.consumer_key,
            "consumer_secret": self.consumer_secret,
            "access_token": self.access_token,
            "access_secret": self.access_secret,
            "access_token_expiry": (self.now() + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def p7m(self, certificate: bytes, *, ber: bool = True, wrapped: bool = True, **changed: str) -> bytes:
        """Return the server token, encrypted to a certificate (PEM), as the file that an administrator downloads.

        `ber` gives indefinite lengths, as Apple's own published sample has; `wrapped` puts the message lines around the JSON.
        """
        document = json.dumps({**self.token(), **changed}, indent=1)
        if wrapped:
            document = f"-----BEGIN MESSAGE-----\n{document}\n-----END MESSAGE-----\n"
        plain = f"Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{document}"
        with tempfile.TemporaryDirectory() as folder:
            recipient = Path(folder) / "recipient.pem"
            recipient.write_bytes(certificate)
            command = ["openssl", "cms", "-encrypt", "-binary", "-aes128", "-outform", "DER"]
            command += [*(["-stream", "-indef"] if ber else []), str(recipient)]
            done = subprocess.run(command, input=plain.encode(), capture_output=True, check=True)  # noqa: S603 - fixed words
        body = base64.encodebytes(done.stdout)
        head = (
            'MIME-Version: 1.0\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n'
            'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
            "Content-Transfer-Encoding: base64\r\n\r\n"
        )
        return head.encode() + body.replace(b"\n", b"\r\n")

    # What a client calls

    def open_session(self) -> str:
        """Make a session token; the signature was judged before."""
        if self.strikes("terms"):
            raise Refusal(403, "T_C_NOT_SIGNED")
        if self.strikes("denied"):
            raise Refusal(403, "ACCESS_DENIED")
        token = f"{next(self.numbers)}-{secrets.token_urlsafe(18)}"
        self.sessions[token] = 0
        return token

    def enter(self, token: str, protocol: str) -> str | None:
        """Judge a session token; return a fresh one when it is to be replaced."""
        if self.strikes("session_expired") or token not in self.sessions:
            self.sessions.pop(token, None)
            raise Refusal(403, "FORBIDDEN") if self.strikes("forbidden") else Refusal(401, "UNAUTHORIZED")
        if self.strikes("terms"):
            raise Refusal(403, "T_C_NOT_SIGNED")
        if self.strikes("throttled"):
            if int(protocol or "0") < 9:  # noqa: PLR2004 - Apple's protocol version that knows it
                raise Refusal(503, "")
            raise Refusal(429, json.dumps({"code": "THROTTLED", "retry_after_seconds": 120}))
        if self.strikes("broken"):
            raise Refusal(500, "<html>upstream error</html>")
        self.sessions[token] += 1
        if self.sessions[token] < SESSION_CALLS:
            return None
        del self.sessions[token]
        fresh = f"{next(self.numbers)}-{secrets.token_urlsafe(18)}"
        self.sessions[fresh] = 0
        return fresh

    def account(self) -> dict[str, Any]:
        """`GET /account`."""
        return {
            "server_name": self.server_name,
            "server_uuid": self.server_uuid,
            "org_name": self.org_name,
            "org_email": "it@acme.example",
            "org_phone": "",
            "org_address": "",
            "admin_id": "admin@acme.example",
            "urls": [{"uri": "/profile/devices", "http_method": ["POST"], "limit": {"default": 1000, "maximum": 1000}}],
        }

    def fetch(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /server/devices`: the whole inventory, without op_type."""
        limit = self._limit(body)
        if not body.get("cursor"):
            serials: tuple[str, ...] = tuple(self.devices)
            cursor = Cursor(0, serials, self.now(), len(self.changes))
        else:
            cursor = self._cursor(body["cursor"])
            if cursor.serials is None or cursor.position >= len(cursor.serials):
                raise Refusal(400, '"EXHAUSTED_CURSOR"')
            serials = cursor.serials
        page = serials[cursor.position : cursor.position + limit]
        moved = Cursor(cursor.position + len(page), serials, self.now(), cursor.changes)
        found = [self._shown(self.devices[serial]) for serial in page if serial in self.devices]
        return self._page(moved, found, more=moved.position < len(serials))

    def sync(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /devices/sync`: what changed since the cursor."""
        limit = self._limit(body)
        if not body.get("cursor"):
            raise Refusal(400, "CURSOR_REQUIRED")
        cursor = self._cursor(body["cursor"])
        start = cursor.changes if cursor.serials is not None else cursor.position
        page = self.changes[start : start + limit]
        moved = Cursor(start + len(page), None, self.now())
        return self._page(moved, [self._shown(one) for one in page], more=moved.position < len(self.changes))

    def details(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /devices`."""
        return {
            "devices": {
                serial: {**self._shown(self.devices[serial]), "response_status": "SUCCESS"}
                if serial in self.devices
                else {"response_status": "NOT_ACCESSIBLE"}
                for serial in body.get("devices", [])
            }
        }

    def define(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /profile`: a profile, which never changes afterwards."""
        if not body.get("profile_name"):
            raise Refusal(400, "CONFIG_NAME_REQUIRED")
        if not (body.get("url") or body.get("configuration_web_url")):
            raise Refusal(400, "CONFIG_URL_REQUIRED")
        uuid = secrets.token_hex(16).upper()
        self.profiles[uuid] = {key: value for key, value in body.items() if key != "devices"}
        return {"profile_uuid": uuid, "devices": self._assign(uuid, body.get("devices", []))}

    def assign(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /profile/devices`."""
        uuid = body.get("profile_uuid", "")
        if uuid not in self.profiles:
            raise Refusal(400, "PROFILE_NOT_FOUND")
        return {"profile_uuid": uuid, "devices": self._assign(uuid, body.get("devices", []))}

    def unassign(self, body: dict[str, Any]) -> dict[str, Any]:
        """`DELETE /profile/devices`."""
        for serial in body.get("devices", []):
            if serial in self.devices:
                self.devices[serial]["profile_status"] = "removed"
                self.devices[serial].pop("profile_uuid", None)
        return {"devices": dict.fromkeys(body.get("devices", []), "SUCCESS")}

    # What a Mac does at its first boot

    def boot(self, serial: str) -> dict[str, Any] | None:
        """Hand a Mac its profile, which it keeps from then on; None when none is assigned."""
        device = self.devices.get(serial)
        profile = self.profiles.get(device.get("profile_uuid", "")) if device else None
        if device is None or profile is None:
            return None
        device.update(profile_status="pushed", profile_push_time=self._stamp())
        return profile

    def strikes(self, fault: str) -> bool:
        """Tell whether a fault happens now, and count it down."""
        left = self.faults.get(fault, 0)
        if left:
            self.faults[fault] = left - 1
        return bool(left)

    def _assign(self, uuid: str, serials: list[str]) -> dict[str, str]:
        if serials:
            self.assigned.append(tuple(serials))
        outcome = {}
        for serial in serials:
            answer = self.answers.get(serial, "SUCCESS") if serial in self.devices else "NOT_ACCESSIBLE"
            if answer == "SUCCESS":
                self.devices[serial].update(profile_uuid=uuid, profile_status="assigned", profile_assign_time=self._stamp())
            outcome[serial] = answer
        return outcome

    def _changed(self, serial: str, op_type: str) -> None:
        device = self.devices.get(serial, {"serial_number": serial})
        self.changes.append({**device, "op_type": op_type, "op_date": self._stamp()})

    def _shown(self, device: dict[str, Any]) -> dict[str, Any]:
        """Return a device as it is sent; a change shows what the device is now."""
        now = self.devices.get(device.get("serial_number", ""), {})
        return {**device, **now}

    def _cursor(self, name: str) -> Cursor:
        if self.strikes("cursor_invalid") or name not in self.cursors:
            raise Refusal(400, "INVALID_CURSOR")
        cursor = self.cursors[name]
        if self.strikes("cursor_expired") or self.now() - cursor.issued_at > CURSOR_LIFE:
            raise Refusal(400, '"EXPIRED_CURSOR"')
        return cursor

    def _page(self, cursor: Cursor, found: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
        name = base64.b64encode(secrets.token_bytes(18)).decode()
        self.cursors[name] = cursor
        return {"cursor": name, "devices": found, "fetched_until": self._stamp(), "more_to_follow": more}

    @staticmethod
    def _limit(body: dict[str, Any]) -> int:
        limit = int(body.get("limit", DEFAULT_LIMIT))
        if not 0 < limit <= MOST:
            raise Refusal(400, "INVALID_LIMIT")
        return limit

    def _stamp(self) -> str:
        return str(self.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
