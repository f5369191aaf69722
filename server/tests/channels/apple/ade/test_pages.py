"""The pages of Apple Business Manager: one administrator's way from the public key to what a Mac will do."""

import asyncio
import html
import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from tests.support.house import ADMIN

from homeport.bootstrap.web import application
from homeport.directory.admins.model import READ_ONLY, ROLES
from homeport.foundation.kernel.actor import Actor, ActorKind

READER = Actor(ActorKind.ADMINISTRATOR, "r", "r", ROLES[READ_ONLY], role=READ_ONLY)


@pytest.fixture
def browser(connected):
    app = application(connected.house.home)
    app.state.actor = ADMIN
    app.state.authenticate_session = lambda _request: app.state.actor
    return TestClient(app, base_url=connected.house.settings.public_url)


def words(answer, status=200):
    assert answer.status_code == status, answer.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def test_from_the_public_key_to_what_a_mac_will_do(connected, browser):
    house = connected.house
    house.do(lambda act: act.ade.disconnect(ADMIN))
    assert "1. Public key" in words(browser.get("/admin/apple"))
    certificate = browser.post("/admin/apple/public-key")
    assert "homeport-public-key.pem" in certificate.headers["content-disposition"]
    assert browser.post("/admin/apple/public-key").content == certificate.content, "a second download made another key"
    assert "Choose the file" in words(browser.post("/admin/apple/token", files={}), 400)
    assert "This is not a server token" in words(browser.post("/admin/apple/token", files={"token": b"hello"}), 400)
    token = connected.apple.p7m(certificate.content)
    assert "The server token was saved" in words(browser.post("/admin/apple/token", files={"token": ("x.p7m", token)}))
    connected.apple.add("C02AAAA1", "C02AAAA2")
    asyncio.run(connected.sync())
    shown = words(browser.get("/admin/apple"))
    assert "2 of 2" in shown
    assert "Homeport Organization at Apple Acme" in shown
    assert "C02AAAA1" in words(browser.get("/admin/apple/devices?q=aaaa1"))
    assert "Assigned" in words(browser.get("/admin/apple/devices?status=assigned"))
    house.user("Ada.Lovelace" if not house.sql("SELECT 1 FROM users") else "Grace.Hopper")
    page = words(browser.get("/admin/apple/devices/C02AAAA1", params={"user": "ada.lovelace"}))
    for sentence in ("The present one", "Not possible", "ada-lovelace", "Standard", "Let in", "The person cannot change it."):
        assert sentence in page
    group = house.do(lambda act: act.device_groups.create(ADMIN, f"Lab {next(house.numbers)}"))
    house.do(lambda act: act.access.limit_group(ADMIN, group.id, limited=True))
    settings = house.do(lambda act: act.apple_settings.get(ADMIN))
    house.do(lambda act: act.apple_settings.save(ADMIN, replace(settings, device_group_id=group.id)))
    assert "Not let in" in words(browser.get("/admin/apple/devices/C02AAAA1", params={"user": "ada.lovelace"}))
    settings = house.do(lambda act: act.apple_settings.get(ADMIN))
    house.do(lambda act: act.apple_settings.save(ADMIN, replace(settings, device_group_id=None)))
    assert "No user has this user name" in words(browser.get("/admin/apple/devices/C02AAAA1?user=nobody"))
    connected.apple.faults["terms"] = 1
    asyncio.run(connected.sync())
    assert "accept them in Apple Business Manager" in words(browser.get("/admin/apple"))
    assert "Open this page again" in words(browser.post("/admin/apple/sync"))
    assert "Yes, Disconnect" in words(browser.get("/admin/apple/disconnect"))


def test_a_reader_sees_no_form_that_they_may_not_send_and_an_unknown_serial_number_is_a_page(connected, browser):
    browser.app.state.actor = READER
    for path in ("/admin/apple", "/admin/apple/settings"):
        assert '<form method="post"' not in browser.get(path).text.partition("<main")[2]
    assert browser.post("/admin/apple/sync").status_code == 403
    assert "is in the inventory" in words(browser.get("/admin/apple/devices/NOPE"), 404)
    assert connected.server() is not None
