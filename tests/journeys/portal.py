"""The admin portal as an administrator uses it: by the words on its pages."""

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect
from tests.journeys.installation import EMAIL, PASSWORD, Installation
from tests.support.factor import Authenticator

SECONDS = 60
PHONES: dict[tuple[str, str], Authenticator] = {}
"""The authenticator app of each administrator of each server."""


@dataclass(frozen=True)
class Portal:
    """One administrator's browser window."""

    page: Page
    installation: Installation

    # Getting in

    def accept_link(self, link: str, password: str = PASSWORD, *, email: str = EMAIL, again: str | None = None) -> None:
        """Open a one-time link and set up the account."""
        self.page.goto(link)
        if self.field("E-mail address").is_editable():
            self.field("E-mail address").fill(email)
        first, last = email.partition("@")[0].title().split(".")
        self.field("First name").fill(first)
        self.field("Last name").fill(last)
        self.field("Password").fill(password)
        self.field("The same password again").fill(password if again is None else again)
        self.press("Set up and sign in")
        self.page.wait_for_load_state()
        if self.page.url.endswith("/second-factor"):
            self.set_up_factor(email)
            self.page.get_by_role("link", name="I kept them", exact=True).click()

    def set_up_factor(self, email: str = EMAIL) -> list[str]:
        """Scan the secret, type the first code, and return the recovery codes."""
        secret = self.page.locator("#copy-secret").inner_text()
        phone = PHONES[self.installation.server, email] = Authenticator(secret)
        self.field("Code").fill(phone.code())
        self.press("Confirm")
        return self.page.locator("#secret").inner_text().split()

    def give_code_if_asked(self, email: str = EMAIL) -> None:
        """Type the code of the second factor when this page asks for one."""
        self.page.wait_for_load_state()
        if self.field("Code").count():
            self.field("Code").fill(PHONES[self.installation.server, email].code())

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> None:
        """Sign in with e-mail address and password."""
        self.page.goto(f"{self.installation.server}/signin")
        self.field("E-mail address").fill(email)
        self.field("Password").fill(password)
        self.press("Sign in")
        self.page.wait_for_load_state()
        if self.page.url.endswith("/signin/code"):
            self.give_code_if_asked(email)
            self.press("Sign in")
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()

    def confirm_if_asked(self) -> None:
        """Give password and code again when the portal wants them for a sensitive act."""
        if "/signin/confirm" in self.page.url:
            self.field("Password").fill(PASSWORD)
            self.give_code_if_asked()
            self.press("Confirm")

    # Parts of a page

    def field(self, label: str) -> Locator:
        """The field with exactly this label; the star of a required one does not count."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}(\s*\*)?\s*$"))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        self.page.wait_for_load_state()

    def follow(self, name: str) -> None:
        """Follow the link in the page's content."""
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_load_state()

    def open(self, entry: str) -> None:
        """Open an entry of the menu."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=entry, exact=True).click()
        self.heading(entry)

    def heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)
        self.page.wait_for_load_state()  # what stands below it may be on its way

    def card(self, title: str) -> Locator:
        """The section with this title."""
        return self.page.locator("section.card").filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def row(self, text: str) -> Locator:
        """The table row with this text."""
        return self.page.get_by_role("row").filter(has_text=text)

    def shows(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def comes_to_show(self, place: Locator, text: str | re.Pattern[str]) -> None:
        """Reload until a device has reported and the page says so."""
        over, pause = time.monotonic() + SECONDS, 200
        while time.monotonic() < over:
            if place.filter(has_text=text).count():
                return
            self.page.wait_for_timeout(pause)
            pause = min(2 * pause, 1000)  # showing a page takes from the device what it needs to report
            self.page.reload()
        expect(place).to_contain_text(text)

    def posts(self, path: str, **fields: str) -> tuple[int, str]:
        """Send a form that no page offers, from this page and with its cookies; return the status and the answer."""
        script = """async ([path, fields]) => {
            const answer = await fetch(path, {method: "POST", body: new URLSearchParams(fields)});
            return [answer.status, await answer.text()];
        }"""
        status, text = self.page.evaluate(script, [path, fields])
        return status, text

    # What administrators do

    def begin_okta(self) -> str:
        """Open the set-up page of a new Okta provider; return the redirect URI that it shows."""
        self.open("Identity Providers")
        self.page.get_by_text("Add Identity Provider").click()
        self.page.get_by_role("button", name="Okta").click()
        self.confirm_if_asked()
        self.heading("Add Okta")
        return self.page.get_by_role("complementary").locator("code").first.inner_text()

    def fill_in_okta(self, *, url: str = "", secret: str = "", name: str = "Okta", domains: str = "acme.example") -> None:
        """Fill in the form; what is not given is right."""
        okta = self.installation.okta
        self.field("Identity Provider Name").fill(name)
        self.field("Okta IdP URL").fill(url or okta.issuer)
        self.field("Client ID").fill(okta.client_id)
        self.field("Client Secret").fill(secret or okta.client_secret)
        self.field("E-mail domains").fill(domains)

    def add_okta(self) -> None:
        """Connect Okta from the menu to the confirmation."""
        self.installation.okta.register_redirect_uri(self.begin_okta())
        self.fill_in_okta()
        self.press("Save")
        self.field("I understand the impacts above").check()
        self.press("Yes, Continue")
        self.confirm_if_asked()
        self.heading("Okta")

    def allow_linux(self, *, who: str = "Several people", permission: str = "Standard") -> None:
        """Enable Self Service Account Provisioning for Linux."""
        self.page.goto(f"{self.installation.server}/admin/provisioning/linux")
        self.field("Enabled").check()
        self.page.get_by_role("radio", name=permission, exact=True).check()
        self.field(who).check()
        self.press("Save")
        self.shows("Saved")

    def make_enrollment_key(self, name: str, devices: int = 1) -> str:
        """Make an enrolment key and read it from the page; a session of some minutes gives the password first."""
        self.open("Add a Device")
        self._ask_for_a_key(name, devices)
        if "/signin/confirm" in self.page.url:
            self.confirm_if_asked()
            self._ask_for_a_key(name, devices)
        return self.page.locator("#enrollment-key").inner_text()

    def _ask_for_a_key(self, name: str, devices: int) -> None:
        self.field("Name").fill(name)
        self.field("Number of devices").fill(str(devices))
        self.press("Make Enrolment Key")
        self.page.locator("#enrollment-key").or_(self.field("Password")).first.wait_for()

    def add_user(self, username: str, email: str, firstname: str, lastname: str, state: str = "Activated") -> None:
        """Add a person; the page of the new user is open afterwards."""
        self.page.goto(f"{self.installation.server}/admin/users/add")
        self.field("First name").fill(firstname)
        self.field("Last name").fill(lastname)
        self.field("E-mail address").fill(email)
        self.field("User name").fill(username)
        self.field(state).check()
        self.press("Add User")
        self.heading(f"{firstname} {lastname}")

    def open_user(self, username: str) -> None:
        self.open("Users")
        self.follow(username)

    def open_device(self, name: str) -> None:
        self.open("Devices")
        self.follow(name)
