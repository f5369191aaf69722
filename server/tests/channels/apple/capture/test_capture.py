"""Messages of Macs are kept with their secrets masked, until a moment, and never at the price of a request."""

import base64
import json
import plistlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.responses import Response
from structlog.testing import capture_logs
from tests.support.logs import known

from homeport.channels.apple.capture.actions import Capture
from homeport.channels.apple.capture.middleware import Capturing
from homeport.channels.apple.capture.model import LONGEST
from homeport.settings import Settings, SettingsError

START = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def planted(number):
    return known("planted", f"planted-{number:02d}-9f3b7c1e5a")


class Clock:
    present = START

    def now(self):
        return self.present


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def capture():
    return Capture(START + timedelta(hours=8), START, announced=True)


@pytest.fixture
def client(tmp_path, capture, clock):
    return TestClient(capturing(tmp_path, capture, clock), raise_server_exceptions=False)


def capturing(folder, capture, clock, **limits):
    app = FastAPI()

    async def answer(request: Request):
        """Answer what the request's header names, as the endpoints would."""
        sent = await request.body()
        cookie = {"set-cookie": f"session={planted(40)}", "location": f"/x?code={planted(41)}", "replay-nonce": planted(42)}
        return Response(sent, 200, headers=cookie, media_type=request.headers.get("x-answer", "text/html"))

    app.add_api_route("/{path:path}", answer, methods=["GET", "PUT", "POST"])
    return Capturing(app, capture, folder / "captures", clock.now, **limits)


def kept(folder):
    return [json.loads(file.read_text()) for file in sorted((folder / "captures").glob("*.json"))]


def token_update():
    inner = plistlib.dumps({"PayloadContent": [{"Challenge": planted(1), "ClientIdentifier": planted(2), "Name": "kept"}]})
    return {
        "MessageType": "TokenUpdate",
        "UDID": "0000-KEPT",
        "PushMagic": planted(3),
        "Token": planted(4).encode(),
        "UnlockToken": planted(5).encode(),
        "BootstrapToken": planted(6).encode(),
        "DigestResponse": planted(7),
        "AwaitingConfiguration": True,
        "Command": {"RequestType": "DeviceLock", "PIN": planted(8), "Payload": inner},
        "AutoSetupAdminAccounts": [{"shortName": "admin", "passwordHash": planted(9).encode(), "Password": planted(10)}],
        "Deep": [[{"UserPassword": planted(11), "RecoveryKey": planted(12)}]],
    }


def test_no_planted_secret_is_in_any_file_and_what_a_vector_needs_is(client, tmp_path):
    headers = {
        "Mdm-Signature": planted(20),
        "Authorization": f"Bearer {planted(21)}",
        "Cookie": f"session={planted(22)}",
        "X-Unknown": planted(23),
        "x-apple-aspen-deviceinfo": "bWFjaGluZSBpbmZv",
        "user-agent": "MDM-OSX/1.0 mdmclient/1234",
    }
    xml = {"content-type": "application/x-apple-aspen-mdm-checkin", "x-answer": "application/xml"}
    client.put(f"/mdm/checkin?code={planted(24)}&operation=kept", content=plistlib.dumps(token_update()), headers=headers | xml)
    protected = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "nonce": planted(25), "url": "kept"}).encode()).decode()
    payload = {"identifiers": [{"type": "permanent-identifier", "value": planted(26)}], "attObj": "kept"}
    inside = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    jws = {"protected": protected.rstrip("="), "payload": inside, "signature": planted(27)}
    jose = {"content-type": "application/jose+json", "x-answer": "application/json"}
    client.post("/mdm/acme/new-order", json=jws, headers=jose)
    client.post(
        "/mdm/acme/order/x", content=json.dumps({"token": planted(28), "identifier": {"value": planted(29)}}), headers=jose
    )
    for odd in (f"<?xml {planted(30)}", f'{{"protected": "{planted(31)}"', f"password={planted(32)}", planted(33)):
        for kind in (
            "application/xml",
            "application/json",
            "application/jose+json",
            "application/x-www-form-urlencoded",
            "text/html",
        ):
            client.post("/apple/enroll", content=odd, headers={"content-type": kind, "x-answer": kind})
    text = "\n".join(file.read_text() for file in (tmp_path / "captures").iterdir())
    assert len(kept(tmp_path)) == 23
    for number in range(50):
        secret = planted(number)
        assert secret not in text, number
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in text, number
    first, order = kept(tmp_path)[:2]
    assert first["request"]["headers"]["x-apple-aspen-deviceinfo"] == "bWFjaGluZSBpbmZv"
    assert first["request"]["headers"]["mdm-signature"] == f"(hidden, {len(planted(20))} characters)"
    assert first["request"]["query"] == {"code": "(hidden)", "operation": "kept"}
    said = plistlib.loads(first["request"]["body"]["plist"].encode())
    assert (said["MessageType"], said["UDID"], said["AwaitingConfiguration"]) == ("TokenUpdate", "0000-KEPT", True)
    assert said["Command"]["Payload"]["PayloadContent"][0] == {
        "Challenge": "(hidden)",
        "ClientIdentifier": "(hidden)",
        "Name": "kept",
    }
    assert order["request"]["body"]["json"]["payload"]["attObj"] == "kept"


def test_nothing_is_kept_before_it_is_announced_after_its_end_or_of_others(client, capture, clock, tmp_path):
    capture.announced = False
    client.put("/mdm/checkin", content=b"x")
    capture.announced = True
    client.get("/admin/link/x")
    clock.present = START + timedelta(hours=8)
    client.put("/mdm/checkin", content=b"x")
    assert not (tmp_path / "captures").exists()
    assert Capture(START + timedelta(days=30), START).end == START + LONGEST, "a moment far away is cut"
    assert not Capture(None, START, announced=True).is_on(START)


def test_a_full_folder_a_full_disk_and_a_folder_that_cannot_be_written_stop_the_keeping_and_no_request(tmp_path, capture, clock):
    for name, limits in (("small", {"most": 900}), ("disk", {"free": 1 << 60}), ("file", {})):
        folder = tmp_path / name
        folder.mkdir()
        if name == "file":
            (folder / "captures").write_text("no folder")
        client = TestClient(capturing(folder, capture, clock, **limits))
        with capture_logs() as logs:
            for _ in range(4):
                assert client.put("/mdm/connect", content=b"<plist/>").status_code == 200
        assert [one["event"] for one in logs] == ["mac_capture_failed"], name
        with suppress(NotADirectoryError):
            assert sum(file.stat().st_size for file in (folder / "captures").iterdir()) <= 900


def test_beginning_and_end_are_in_the_audit_log_once(shared_house):
    capture = Capture(START + timedelta(hours=1), START)

    def look(hours):
        shared_house.do(lambda act: capture.look(act.audit, START + timedelta(hours=hours)))
        return capture.is_on(START + timedelta(hours=hours))

    assert [look(hours) for hours in (0, 0.5, 1, 2)] == [True, True, False, False]
    rows = shared_house.sql("SELECT event_type FROM audit_entries WHERE event_type LIKE 'mac_capture%'")
    assert sorted(name for (name,) in rows) == ["mac_capture_end", "mac_capture_start"]


def test_the_moment_has_to_be_one_with_its_zone(tmp_path):
    assert Settings.read({}, data=tmp_path).capture_end is None
    moment = Settings.read({"HOMEPORT_APPLE_CAPTURE_UNTIL": "2026-11-26T18:00Z"}, data=tmp_path).capture_end
    assert moment == datetime(2026, 11, 26, 18, tzinfo=UTC)
    for wrong in ("tomorrow", "2026-11-26T18:00", "2026-13-01T00:00Z"):
        with pytest.raises(SettingsError, match="with its zone"):
            Settings.read({"HOMEPORT_APPLE_CAPTURE_UNTIL": wrong}, data=tmp_path).check()
