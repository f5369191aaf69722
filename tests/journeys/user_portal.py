"""The user portal as a person uses it: by the words on its pages."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect
from tests.journeys.installation import Installation
from tests.journeys.portal import Portal

PASSWORD = "seven lamps over the harbour"


@dataclass(frozen=True)
class UserPortal:
    """One person's browser window."""

    page: Page
    installation: Installation

    def link_from(self, portal: Portal, username: str) -> str:
        """Have an administrator make a one-time link on the person's page, and return it."""
        page = portal.page
        page.goto(f"{self.installation.server}/admin/users?q={username}")
        page.locator("a.row-link").first.click()
        section = portal.card("User portal")
        section.get_by_role("link", name=re.compile("Make (Activation|Reset) Link")).click()
        portal.confirm_if_asked()
        portal.press("Make Link")
        return page.locator("#secret").inner_text().strip()

    def chooses_a_password(self, password: str = PASSWORD) -> None:
        """Fill in what the link asks for."""
        self.page.get_by_label("Password", exact=False).first.fill(password)
        self.page.get_by_label("The same password again").fill(password)
        self.page.get_by_role("button", name="Set password and sign in").click()
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in by user name or e-mail address."""
        self.asks_to_sign_in(name, password)
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()

    def asks_to_sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Send name and password; what comes of it is for the test to see."""
        self.page.goto(f"{self.installation.server}/user/signin")
        self.page.get_by_label("User name or e-mail address").fill(name)
        self.page.get_by_label(re.compile(r"^Password")).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
