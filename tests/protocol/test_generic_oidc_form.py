"""The certified provider is connected by an administrator in Chromium, through the portal's form for Generic OIDC, and tested there."""

import pytest
from playwright.sync_api import expect
from tests.journeys.installation import EMAIL, install
from tests.journeys.looks import looks_right_everywhere
from tests.journeys.portal import Portal
from tests.protocol.foreign_provider import ForeignProvider

PEOPLE = {
    "marie": {"email": EMAIL, "email_verified": True, "name": "Marie Curie"},
    "silent": {"email": "says.nothing@acme.example", "name": "Says Nothing"},
}


@pytest.fixture
def provider(tmp_path, programs):
    folder = tmp_path / "foreign"
    folder.mkdir()
    return ForeignProvider(folder, programs, dict(PEOPLE))


@pytest.fixture
def portal(tmp_path, programs, provider, new_context, page_faults):
    page_faults.seen = [fault for fault in page_faults.seen if "fonts.googleapis.com" not in fault]
    installation = install(tmp_path / "homeport", programs, provider.issuer)
    opened = Portal(new_context().new_page(), installation)
    # The foreign pages want a font from the internet; the administrator's browser does not ask for it.
    opened.page.route("**/fonts.googleapis.com/**", lambda route: route.fulfill(body="", content_type="text/css"))
    opened.accept_link(installation.link())
    return opened


def signs_in(portal, login):
    """Sign in on the provider's own pages, and agree there."""
    portal.page.get_by_placeholder("Enter any login").fill(login)
    portal.page.get_by_placeholder("and password").fill("any")
    portal.page.get_by_role("button", name="Sign-in").click()
    portal.page.get_by_role("button", name="Continue").click()


def try_connection(portal, login):
    """Test the connection as somebody; the result is open afterwards."""
    portal.page.context.clear_cookies(domain="127.0.0.1")
    portal.follow("Test connection")
    portal.heading("Test connection with Certified")
    portal.page.get_by_role("button", name="Sign in at Certified").click()
    signs_in(portal, login)
    portal.heading("Connection test")


def confirms(portal):
    portal.field("I understand the impacts above").check()
    portal.press("Yes, Continue")
    portal.confirm_if_asked()


def test_an_administrator_connects_a_certified_provider_and_tests_it_before_and_after_it_counts(portal, provider):
    page = portal.page
    portal.installation.add_people(("Marie", "Curie"), ("Says", "Nothing"))
    portal.open("Identity Providers")
    page.get_by_text("Add Identity Provider").click()
    page.get_by_role("button", name="Generic OIDC").click()
    portal.heading("Add Generic OIDC")
    provider.redirect_uri = page.get_by_role("complementary").locator("code").first.inner_text()
    provider.start()
    looks_right_everywhere(page)

    portal.field("Identity Provider Name").fill("Certified")
    portal.field("Issuer URL").fill(f"{provider.issuer}/.well-known/openid-configuration")
    portal.field("Client ID").fill(provider.client_id)
    portal.field("Client Secret").fill("wrong")
    portal.field("E-mail domains").fill("acme.example")
    portal.press("Save")
    portal.shows("does not accept this client ID with this client secret")
    expect(portal.field("Client ID")).to_have_value(provider.client_id)
    portal.field("Client Secret").fill(provider.client_secret)
    portal.press("Save")
    portal.heading("Enable Federated Device Authentication with Certified")
    draft = page.url

    page.goto(draft)
    try_connection(portal, "marie")
    portal.shows("Marie Curie would be let in")
    portal.shows("What waits for confirmation")
    for claim in ("email_verified", "marie.curie@acme.example"):
        expect(portal.card("Claims")).to_contain_text(claim)
    expect(portal.card("Checks of the ID token").get_by_text("Passed")).to_have_count(8)
    looks_right_everywhere(page)

    page.goto(f"{draft}/confirm")
    confirms(portal)
    portal.heading("Certified")
    looks_right_everywhere(page)
    try_connection(portal, "silent")
    portal.shows("This person would be refused: email_unverified")
    portal.shows("unless it was decided otherwise")

    page.goto(draft)
    portal.field("Accept addresses without email_verified").check()
    portal.press("Save")
    portal.shows("may leave out whether an e-mail address is verified")
    confirms(portal)
    portal.shows("It may be missing: decided by")
    try_connection(portal, "silent")
    portal.shows("Says Nothing would be let in")
    portal.open("Sign-ins")
    portal.shows("Connection test")
    looks_right_everywhere(page)
