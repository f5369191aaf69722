"""The pages of a person who signs in on a machine: approval, Okta's sign-in, the number, refusals."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect
from tests.journeys.installation import ORGANIZATION, Installation


@dataclass(frozen=True)
class Person:
    """Somebody with a browser and an account at Okta."""

    page: Page
    installation: Installation

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def types_the_code(self, code: str) -> None:
        """Type the code of a machine at /device."""
        self.page.goto(f"{self.installation.server}/device")
        self.heading("Connect a machine")
        self.page.get_by_label("Code").fill(code)
        self.press("Continue")

    def continues(self) -> None:
        """Say that the machine is the one in front of them, and come to Okta's page."""
        self.heading("Is this the machine in front of you?")
        self.press("Continue with Okta")
        expect(self.page).to_have_url(re.compile(re.escape(self.installation.okta.issuer)))

    def signs_in_at_okta(self, login: str) -> None:
        """Fill in Okta's own page."""
        self.page.get_by_label("Username").fill(login)
        self.page.get_by_label("Password").fill(self.installation.okta.password)
        self.press("Sign in")

    def reads_the_number(self) -> str:
        self.heading("Your number")
        return self.page.locator("#verification-number").inner_text().strip()

    def is_refused(self, title: str, *words: str) -> str:
        """See a refusal with its cause and what to do; return the id that it shows."""
        self.heading(title)
        for word in (ORGANIZATION, *words):
            expect(self.page.get_by_role("main")).to_contain_text(word)
        expect(self.page.get_by_role("main")).to_contain_text("What to do")
        return self.page.locator("#reference").inner_text().strip()
