"""What never ran on a real machine is nowhere called enabled without the word “unverified” beside it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient
from tests.support.house import ADMIN

from homeport.bootstrap.web import application
from homeport.directory.admins.model import READ_ONLY, Administrator, actor_of
from homeport.directory.devices.model import VERIFIED, OSFamily, ProvisioningSetting
from homeport.foundation.kernel.actor import system

UNTRIED = {OSFamily.MACOS: "macOS", OSFamily.WINDOWS: "Windows"}
SETTING = "/api/v2/devices/settings/signinwithjumpcloud"
ENABLED = re.compile(r"\bEnabled\b|\bare enabled\b|\bis enabled\b")


class Places(HTMLParser):
    """The text of each row, each item and each notice of a page, and of the label of each box."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, _attributes):
        if tag in {"tr", "li", "label", "dd", "p"}:
            self.open.append((tag, []))

    def handle_data(self, data):
        for _, texts in self.open:
            texts.append(data)

    def handle_endtag(self, tag):
        if self.open and self.open[-1][0] == tag:
            self.found.append(" ".join(" ".join(self.open.pop()[1]).split()))


@pytest.fixture(scope="module")
def browser(shared_house):
    shared_house.empty()
    for family in UNTRIED:
        shared_house.do(lambda act, family=family: act.provisioning.set(ADMIN, ProvisioningSetting(family, enabled=True)))
    now = shared_house.clock.now()
    me = Administrator(shared_house.entropy.new_id(), "me@example.com", "Me", "", READ_ONLY, "x", False, 1, now, now)
    shared_house.do(lambda act: act.administrators.administrators.add(me))
    actor = replace(actor_of(me, ADMIN.origin), permissions=system("test").permissions, session_id="s", authenticated_at=now)
    app = application(shared_house.home)
    app.state.authenticate_session = app.state.authenticate_key = lambda _request: actor
    return TestClient(app, base_url=shared_house.settings.public_url)


def test_only_linux_counts_as_verified():
    assert set(OSFamily) - VERIFIED == set(UNTRIED)


def test_no_row_of_a_page_says_enabled_of_an_untried_system_without_unverified(shared_house, browser):
    provider = f"/admin/identity-providers/{shared_house.connect().id}"
    paths = {provider, "/admin", *(f"/admin/provisioning/{family.value}" for family in OSFamily)}
    paths |= {path for path in links_of(browser.get("/admin").text) if path.startswith("/admin")}
    assert len(paths) > 12, "the pages were not found"
    said = []
    for path in sorted(paths):
        page = browser.get(path)
        assert page.status_code == 200, path
        own = next((name for family, name in UNTRIED.items() if path.endswith(f"/provisioning/{family.value}")), "")
        for text in Places(page.text).found:
            if ENABLED.search(text) and (own or any(name in text for name in UNTRIED.values())):
                assert "nverified" in text, f"{path} says only: {text}"
                said.append(path)
    assert provider in said, "the provider's page does not show what is enabled"
    assert {f"/admin/provisioning/{family.value}" for family in UNTRIED} <= set(said)


def links_of(page):
    return set(re.findall(r'href="([^"#?]+)"', page))


def test_the_api_and_its_description_say_it_too(browser):
    for setting in browser.get(SETTING).json()["settings"]:
        assert setting["verified"] is (setting["osFamily"] == "LINUX"), setting
    described = browser.get("/api/openapi.json").json()
    answer = described["components"]["schemas"]["SignInSetting"]
    assert "unverified" in answer["description"]
    assert "verified" in answer["required"]
    assert "unverified" in described["paths"][SETTING]["put"]["description"]
