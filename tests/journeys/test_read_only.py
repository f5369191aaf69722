"""The role Read Only sees everything and changes nothing: no buttons, no secrets, and a 403 that names the permission."""

import httpx2
import pytest
from playwright.sync_api import expect
from tests.journeys.portal import Portal

READER = "lise.meitner@acme.example"
MISSING = "identity_providers:write"


@pytest.fixture
def reader(portal, new_context) -> Portal:
    """An administrator with the role Read Only, invited by the other one, who may make API keys."""
    portal.open("Administrators")
    reading = Portal(new_context().new_page(), portal.installation)
    if portal.page.get_by_role("link", name=READER).count():
        reading.sign_in(READER)
        return reading
    portal.follow("Invite Administrator")
    portal.confirm_if_asked()
    portal.field("E-mail address").fill(READER)
    portal.field("Read Only").check()
    portal.press("Make Link")
    reading.accept_link(portal.page.locator("#secret").inner_text(), email=READER)
    portal.open("Administrators")
    portal.follow(READER)
    portal.field("May make API keys").check()
    portal.press("Save")
    portal.confirm_if_asked()
    portal.shows("May make API keys")
    return reading


def test_the_provider_is_shown_without_secrets_and_without_buttons(reader):
    okta = reader.installation.okta
    reader.open("Identity Providers")
    expect(reader.page.get_by_text("Add Identity Provider")).to_have_count(0)
    reader.follow("Okta")
    for shown in (okta.issuer, okta.client_id, "acme.example", "Only an Administrator with Billing can change this"):
        reader.shows(shown)
    content = reader.page.get_by_role("main")
    assert content.get_by_role("textbox").count() == 0
    assert content.get_by_role("button", name="Save").count() == 0
    assert content.get_by_role("link", name="Delete IdP").count() == 0
    assert okta.client_secret not in reader.page.content()


def test_forms_are_refused_with_the_missing_permission_named(reader, page_faults):
    reader.open("Identity Providers")
    reader.follow("Okta")
    here = reader.page.url.removeprefix(reader.installation.server)
    page_faults.expect("status 403: POST")
    for path in ("/admin/identity-providers/add", here, f"{here}/confirm", f"{here}/delete", f"{here}/discard"):
        status, said = reader.posts(path, kind="OKTA", understood="on", name="Mine")
        assert (status, MISSING in said) == (403, True), f"{path} answered {status}: {said}"
    for path, permission in (("/admin/users/add", "users:write"), ("/admin/devices/add", "enrollment_keys:write")):
        status, said = reader.posts(path, username="eve", email="eve@acme.example", name="Mine", max_uses="1", days="7")
        assert (status, permission in said) == (403, True), f"{path} answered {status}: {said}"
    reader.page.goto(f"{reader.installation.server}{here}/delete")
    reader.heading("Not allowed")
    reader.shows(MISSING)


def test_an_api_key_of_a_reader_is_refused_with_the_missing_permission_named(reader):
    reader.open("API Keys")
    reader.page.get_by_role("main").get_by_role("link", name="Add API Key").click()
    reader.confirm_if_asked()
    reader.field("Name").fill("nightly look")
    reader.press("Add API Key")
    key = {"x-api-key": reader.page.locator("#secret").inner_text()}
    address = f"{reader.installation.server}/api/v2/identity-providers"
    listed = httpx2.get(address, headers=key, timeout=60).json()
    assert [one["name"] for one in listed["identityProviders"]] == ["Okta"]
    assert reader.installation.okta.client_secret not in str(listed)
    one = f"{address}/{listed['identityProviders'][0]['id']}"
    body = {"name": "Mine", "type": "OKTA", "oidc": {"clientId": "mine", "clientSecret": "mine", "url": "mine.okta.com"}}
    for method, target in (("POST", address), ("PUT", one), ("DELETE", one)):
        answer = httpx2.request(method, target, headers=key, json=None if method == "DELETE" else body, timeout=60)
        assert answer.status_code == 403, f"{method} answered {answer.status_code}: {answer.text}"
        assert MISSING in answer.text
