"""Odd input where SQLite is lenient and PostgreSQL is not: no field of a page or a protocol leads to a 500 there either."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.hostile.machine import DEVICE_CODE_GRANT
from tests.hostile.scene import Scene
from tests.hostile.world import World

TEXTS = {
    "zero byte": "a\0b",
    "half of a pair, as text": "\\ud800\\u0000",
    "long": "x" * 5_000,
    "quotes and wildcards": "%_'\";--\\",
    "a number no column holds": "99999999999999999999999999",
}


@pytest.fixture
def scene(tmp_path, programs, empty_database) -> Iterator[Scene]:
    world = World.open(tmp_path, programs, database=empty_database.sqlalchemy_url)
    opened = Scene.open(world)
    yield opened
    opened.close()
    world.close()


def test_no_field_leads_to_a_500_on_postgresql(scene):
    admin = scene.world.administrator()
    found = [(name, what) for name, text in TEXTS.items() for what in _everywhere(scene, admin, text)]
    assert not found
    assert "unexpected_error" not in scene.world.server.output


def _everywhere(scene: Scene, admin, text: str) -> list[str]:
    """Send the text to every field; return the requests that failed."""
    person, machine = scene.person, scene.machine
    words = dict.fromkeys(("q", "page", "sort", "state", "reason", "user_id", "event_type", "status", "os", "address"), text)
    named = {"name": text, "email": text, "firstname": text, "lastname": text, "username": text, "role": text}
    provider = {"url": text, "client_id": text, "client_secret": text, "email_domains": text, "version": text}
    report = {"order_id": text[:36], "outcome": "done", "steps": [{"step": text}]}
    facts = {"hostname": text[:200], "os_name": text[:100], "serial_number": text[:100]}
    answers = [
        person.post("/device", {"user_code": text}),
        person.post("/signin", {"email": text, "password": text}),
        person.post("/signin", {"email": f"a{text}@acme.example", "password": text}),
        person.get("/oauth/callback/x", params={"state": text, "code": text, "error": text}),
        machine.post("/oauth/token", grant_type=DEVICE_CODE_GRANT, device_code=text, verification_number=text),
        machine.ask("POST", "/agent/v1/reports", machine.agent_token(), json={"receipts": [report], "device": facts}),
        *(admin.get(f"/admin/{place}", params=words) for place in ("users", "devices", "sign-ins", "events", "administrators")),
        *(
            admin.get(f"/admin/{place}/{quote(text[:50].replace('/', ''), safe='')}")
            for place in ("users", "devices", "sign-ins", "identity-providers", "administrators")
        ),
        admin.post("/admin/users/add", named),
        admin.post("/admin/administrators/add", named),
        admin.post("/admin/api-keys/add", {"name": text, "days": text, "networks": text}),
        admin.post("/admin/devices/add", {"name": text, "max_uses": text, "days": text}),
        admin.post(f"/admin/identity-providers/{scene.world.provider_id}", {**named, **provider}),
    ]
    missed = [one.url.path for one in answers if one.request.method == "POST" and one.status_code in {404, 405}]
    assert not missed, "these addresses take no form any more"
    return [f"{one.request.method} {one.url.path}: {one.status_code}" for one in answers if one.status_code >= 500]
