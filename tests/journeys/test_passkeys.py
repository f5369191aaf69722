"""Passkeys in a real browser, with Chromium's own virtual authenticator."""

from playwright.sync_api import Page, expect
from tests.journeys.user_portal import UserPortal

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def with_authenticator(page: Page):
    """Give the page's browser a device that verifies its person by itself (WebAuthn level 2, section 11.2)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return session, made["authenticatorId"]


def add_passkey(page: Page, account: str) -> None:
    page.goto(account)
    page.get_by_role("link", name="Add Passkey").click()
    page.get_by_label("Name").fill("Journey")
    page.get_by_role("button", name="Make Passkey").click()
    expect(page.locator("#passkeys")).to_contain_text("Journey")


def test_a_person_and_an_administrator_register_a_passkey_and_sign_in_with_it(portal, new_context):
    server = portal.installation.server
    mine = UserPortal(new_context().new_page(), portal.installation)
    mine.page.goto(mine.link_from(portal, "katherine"))
    mine.chooses_a_password()
    with_authenticator(mine.page)
    add_passkey(mine.page, f"{server}/user/security")
    mine.page.locator(".shell-account > summary").click()
    mine.page.get_by_role("button", name="Sign out").click()
    mine.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(mine.page.get_by_role("heading", level=1)).to_have_text("Hello, Katherine Johnson")

    session, _ = with_authenticator(portal.page)
    portal.page.goto(f"{server}/admin/account/passkeys/add")
    portal.confirm_if_asked()
    add_passkey(portal.page, f"{server}/admin/account")
    portal.page.goto(f"{server}/admin")
    portal.page.locator(".shell-account > summary").click()
    portal.page.get_by_role("button", name="Sign out").click()
    portal.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(portal.page.get_by_role("navigation", name="Main")).to_be_visible()
    portal.page.goto(f"{server}/admin/account")
    portal.confirm_if_asked()
    portal.page.locator("#passkeys").get_by_role("button", name="Remove").click()
    portal.confirm_if_asked()
    session.send("WebAuthn.disable")
