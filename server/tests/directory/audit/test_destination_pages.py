"""The pages of the event destinations, asked as an administrator would."""

import html
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from tests.support.house import ADMIN

from homeport.bootstrap.web import application


@pytest.fixture
def browser(shared_house):
    shared_house.empty()
    app = application(shared_house.home)
    app.state.authenticate_session = lambda _request: replace(
        ADMIN, session_id="s", authenticated_at=shared_house.clock.now()
    )  # fmt: skip
    return TestClient(app, base_url=shared_house.settings.public_url, follow_redirects=False)


def test_a_destination_is_added_tested_paused_changed_and_deleted(browser, shared_house):
    path = "/admin/event-destinations"
    assert "Nothing is sent anywhere" in browser.get(path).text
    assert browser.get(f"{path}/add").status_code == 200
    typed = {"kind": "webhook", "name": "SIEM", "address": "http://siem.example.com/", "start": "start"}
    wrong = browser.post(f"{path}/add", data=typed)
    assert (wrong.status_code, "must begin with https://" in wrong.text, 'value="SIEM"' in wrong.text) == (400, True, True)
    made = browser.post(f"{path}/add", data={**typed, "address": "https://127.0.0.1:9/hook"})
    assert "whsec_" in made.text
    taken = browser.post(f"{path}/add", data={**typed, "address": "https://127.0.0.1:9/hook"})
    assert "already" in taken.text
    [(key,)] = shared_house.sql("SELECT id FROM event_destinations")
    assert "SIEM" in browser.get(path).text
    assert "1 entry" in browser.get(f"{path}/{key}").text
    tested = browser.post(f"{path}/{key}/test")
    assert "not a public address (loopback)" in html.unescape(tested.text)
    assert browser.post(f"{path}/{key}/pause").status_code == 303
    assert "Paused" in browser.get(f"{path}/{key}").text
    assert browser.post(f"{path}/{key}/resume").status_code == 303
    assert browser.get(f"{path}/{key}/secret").status_code == 200
    assert "whsec_" in browser.post(f"{path}/{key}/secret").text
    assert "entries that it has not got yet" in browser.get(f"{path}/{key}/delete").text
    assert browser.post(f"{path}/{key}/delete").status_code == 303
    written = [row[0] for row in shared_house.sql("SELECT event_type FROM audit_entries ORDER BY id")]
    assert written == [
        f"event_destination_{deed}" for deed in ("create", "test", "update", "update", "secret_renew", "delete")
    ]  # fmt: skip
