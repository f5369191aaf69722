"""Odd input in every field: answered with a sentence, never with a 500, never with a change."""

import json

import pytest
from tests.hostile.scene import reason_of
from tests.hostile.tables import Difference, read_tables

HARMLESS = ("rate_limits", "audit_", "seen_jtis", "sign_ins added", "sign_in_steps added", "signin_throttles", "devices.")
TEXTS = {
    "empty": "",
    "zero byte": "a\0b",
    "line breaks": "a\r\nX-Injected: b\n",
    "right to left": "\u202eabc",
    "half of a pair, as text": "\\ud800",
    "a thousand accents": "a" + "\u0301" * 1000,
    "long": "x" * 100_000,
    "quotes": "'\";--<>&{}%$`",
    "format": "%s%n{0}{{7*7}}${7*7}",
    "path": "../../../../etc/passwd",
    "digits of another script": "\u0661\u0662\u0663",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_odd_text_in_every_public_field_is_answered_plainly(scene, text):
    person, machine, url = scene.person, scene.machine, scene.world.url
    before = read_tables(scene.world.folder / "data/homeport.sqlite")
    answers = [
        person.post("/device", {"user_code": text}),
        person.post("/device/cancel", {"user_code": text}),
        person.post("/signin", {"email": text, "password": text, "next": text}),
        person.post("/admin/link/x", {"email": text, "firstname": text, "lastname": text, "password": text, "again": text}),
        machine.post("/oauth/token", grant_type=text, scope=text, device_code=text, verification_number=text),
        machine.post("/oauth/device_authorization", scope=text),
        machine.post("/oauth/token", assertion=f"{text}.{text}.{text}"),
        machine.client.post(f"{url}/agent/v1/enroll", json={"enrollment_key": text, "device_key": {"kty": text}, "proof": text, "device": {}}),
        machine.ask("POST", "/agent/v1/reports", machine.agent_token(), json={"receipts": [{"order_id": text, "outcome": text}]}),
    ]  # fmt: skip
    if len(text) < 2000:
        parameters = {"user_code": text, "code": text, "state": text, "next": text, "version": text}
        answers += [person.get(path, params=parameters) for path in ("/device", "/oauth/callback/x", "/signin", "/health")]
    assert {answer.status_code for answer in answers} <= {200, 303, 400, 401, 403, 404, 413, 429}
    assert all("X-Injected" not in answer.headers for answer in answers)
    changed = set(Difference(before, read_tables(scene.world.folder / "data/homeport.sqlite")).kinds())
    assert not {kind for kind in changed if not kind.startswith(HARMLESS) and kind != "access_tokens added"}


BODIES = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "a number of ten thousand digits": b'{"receipts": ' + b"9" * 10_000 + b"}",
    "half of a pair": b'{"accounts": [{"user_id": "\\ud800", "state": "active"}]}',
    "no UTF-8": b'{"device": {"hostname": "\xff\xfe"}}',
    "a list": b"[]",
    "nothing": b"",
    "null": b"null",
    "too many receipts": json.dumps({"receipts": [{"order_id": "x", "outcome": "done"}] * 300}).encode(),
    "a member twice": b'{"receipts": [], "receipts": [{}]}',
}


@pytest.mark.parametrize("path", ["/agent/v1/enroll", "/agent/v1/reports"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_odd_json_is_bad_input(scene, path, body):
    token = scene.machine.agent_token()
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": scene.machine.proof("POST", path, token),
        "Content-Type": "application/json",
    }
    answer = scene.machine.client.post(f"{scene.world.url}{path}", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "utf-16", "zlib", "punycode", "UTF-8 "])
@pytest.mark.parametrize("path", ["/device", "/signin", "/oauth/token"])
def test_form_in_another_charset_is_not_read(scene, path, charset):
    body = '--X\r\nContent-Disposition: form-data; name="user_code"\r\n\r\n\\ud800\r\n--X--\r\n'
    headers = {
        "Content-Type": f'multipart/form-data; boundary=X; charset="{charset}"',
        "Origin": scene.world.url,
        "Sec-Fetch-Site": "same-origin",
    }
    answer = scene.person.client.post(f"{scene.world.url}{path}", content=body, headers=headers)
    assert answer.status_code == 415 if charset != "UTF-8 " else answer.status_code < 500


@pytest.mark.parametrize(
    "path", ["/device", "/oauth/token", "/agent/v1/enroll", "/agent/v1/reports", "/api/systemusers", "/signin"]
)
def test_body_without_a_declared_length_is_limited_too(scene, path):
    def pieces():
        for _ in range(40):
            yield b"user_code=" + b"x" * 50_000 + b"&"

    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": scene.world.url, "Sec-Fetch-Site": "same-origin"}
    answer = scene.person.client.post(f"{scene.world.url}{path}", content=pieces(), headers=headers)
    assert answer.status_code in {401, 413}


@pytest.mark.parametrize("header", [{"User-Agent": b"\xff\xfe" * 2000}, {"Cookie": b"__Host-homeport-signin=\xff\xfe; =; ;;"}])
def test_odd_headers_are_recorded_and_refused_like_any_other(scene, header):
    answer = scene.person.client.get(f"{scene.world.url}/oauth/callback/x?state=unknown", headers=header)
    assert reason_of(answer) == "state_unknown"
