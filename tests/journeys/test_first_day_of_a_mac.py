"""A new Mac's first day: from the server token to the confirmed account, with Apple's service, a Mac and an Okta that are stand-ins.

The web view is a Chromium whose first request carries the Mac's description of itself; the Mac is `homeport_simulators.apple.mac`,
which shares no code with the server and signs with the `openssl` command line.
"""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.journeys.access import can_be_used_by_keyboard, has_no_fault
from tests.journeys.approval import Person
from tests.journeys.installation import Installation, install
from tests.journeys.looks import looks_right_everywhere, pictured
from tests.journeys.portal import Portal
from tests.support.processes import Programs

from homeport_simulators.apple.ade_service import AdeService
from homeport_simulators.apple.mac import DeviceAuthority, Mac
from homeport_simulators.apple.openssl import OpenSsl
from homeport_simulators.apple.push_authority import PushAuthority
from homeport_simulators.apple.serve import running

SECOND = "C02FIRSTDAY2"
SERIAL, UDID = "C02FIRSTDAY1", "11111111-2222-4333-8444-000000000001"
TOPIC = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555"
CHAIN = ("Serial number", "MachineInfo", "Sign-in", "Certificate", "UDID", "Local account")


def connect_apple(portal: Portal, apple: AdeService) -> None:
    """Do what the how-to says: push certificate, public key, server token."""
    portal.open("MDM (Apple)")
    portal.follow("Push Certificate")
    with portal.page.expect_download() as asked:
        portal.press("Download Request")
    now = datetime.now(UTC)
    certificate = PushAuthority.make(now).sign(asked.value.path().read_bytes(), TOPIC, now)
    portal.follow("Upload Certificate")
    portal.confirm_if_asked()
    pem = {"name": "MDM.pem", "mimeType": "application/x-pem-file", "buffer": certificate}
    portal.field("Certificate").set_input_files(pem)
    portal.press("Upload Certificate")
    portal.shows(TOPIC)
    portal.open("MDM (Apple)")
    with portal.page.expect_download() as handed:
        portal.press("Download Public Key")
    token = apple.p7m(handed.value.path().read_bytes())
    portal.field("Server token").set_input_files({"name": "token.p7m", "mimeType": "application/pkcs7-mime", "buffer": token})
    portal.press("Upload Token")
    portal.shows("The server token was saved")


def open_web_view(page: Page, url: str, mac: Mac) -> None:
    """Open the address as Setup Assistant does: the first request says what the Mac is, no other one does."""

    def first(route: Route) -> None:
        route.continue_(headers={**route.request.headers, **mac.aspen_header()})

    page.route(url, first, times=1)
    page.goto(url)


@pytest.fixture
def authority(tmp_path: Path) -> DeviceAuthority:
    return DeviceAuthority.make(tmp_path / "apple")


def new_mac(folder: Path, authority: DeviceAuthority) -> Mac:
    folder.mkdir()
    authority.issue(OpenSsl(folder), UDID)
    return Mac(SERIAL, UDID, folder)


def sign_in(page: Page, installation: Installation, url: str, mac: Mac, login: str) -> bytes:
    """Go through the web view as its person; return the profile that ends it."""
    open_web_view(page, url, mac)
    person = Person(page, installation)
    person.heading("Set up this Mac")
    pictured(page, "2-web-view")
    size = page.viewport_size
    looks_right_everywhere(page)
    has_no_fault(page)
    can_be_used_by_keyboard(page)
    page.set_viewport_size(size)
    expect(page.get_by_role("main")).to_contain_text(SERIAL)
    person.press("Continue with Okta")
    with page.expect_download() as profile:
        person.signs_in_at_okta(login)
    return profile.value.path().read_bytes()


def test_a_new_mac_ends_with_a_locked_standard_account_of_the_person_who_signed_in(
    tmp_path: Path, programs: Programs, new_context, authority: DeviceAuthority
) -> None:
    apple = AdeService()
    apple.add(SERIAL, SECOND)
    with running(apple) as (address, _):
        installation = install(
            tmp_path / "homeport",
            programs,
            address,
            HOMEPORT_APPLE_SERVICE=address,
            HOMEPORT_APPLE_PUSH_SERVICE="off",
            HOMEPORT_APPLE_DEVICE_AUTHORITIES=str(authority.certificate),
        )
        portal = Portal(new_context().new_page(), installation)
        portal.accept_link(installation.link())
        installation.connect_okta()
        installation.add_people(("Ada", "Lovelace"), ("Grace", "Hopper"))
        connect_apple(portal, apple)
        portal.comes_to_show(portal.page.get_by_role("main"), "2 of 2")
        pictured(portal.page, "1-connected")
        portal.follow("Inventory")
        portal.follow(SERIAL)
        portal.shows("It leads Setup Assistant to Homeport.")
        pictured(portal.page, "4-what-will-happen")
        has_no_fault(portal.page)

        handed = apple.boot(SERIAL)
        assert handed["await_device_configured"] is True
        mac = new_mac(tmp_path / "mac", authority)
        web_view = new_context(accept_downloads=True).new_page()
        web_view.goto(handed["configuration_web_url"])
        Person(web_view, installation).is_refused("This Mac did not say what it is", "Only its first request does")
        looks_right_everywhere(web_view)
        has_no_fault(web_view)
        web_view.set_viewport_size({"width": 800, "height": 600})
        profile = sign_in(web_view, installation, handed["configuration_web_url"], mac, "ada.lovelace@acme.example")
        mac.install_enrollment(profile, awaiting=handed["await_device_configured"])
        assert mac.poll()[:2] == ["AccountConfiguration", "DeviceConfigured"]
        account = mac.create_account("somebody-else")
        assert (account.name, account.full_name, account.admin) == ("ada", "Ada Lovelace", False)
        mac.log_in(account)
        assert "UserList" in mac.poll()

        portal.open("Devices")
        portal.row(SERIAL).get_by_role("link").first.click()
        evidence = portal.card("Chain of evidence")
        pictured(portal.page, "3-device", evidence)
        has_no_fault(portal.page)
        expect(portal.card("Automated Device Enrollment")).to_contain_text("Confirmed")
        chain = evidence.get_by_role("table", name="Chain of evidence").locator("tbody tr")
        expect(chain.locator("td:first-child")).to_have_text(list(CHAIN))
        for link, words in zip(CHAIN, (SERIAL, "Mac14,2", installation.okta.issuer, "", UDID, "ada"), strict=True):
            expect(chain.filter(has=portal.page.get_by_role("cell", name=link, exact=True))).to_contain_text(words)

        told = boots_in_the_terminal(address, tmp_path / "apple", installation.okta.password)
        assert f"{SECOND} is set up: the account grace belongs to grace.hopper@acme.example." in told
        portal.open("Devices")
        portal.row(SECOND).get_by_role("link").first.click()
        expect(portal.card("Automated Device Enrollment")).to_contain_text("Confirmed")


def boots_in_the_terminal(address: str, folder: Path, password: str) -> str:
    """Boot the second Mac with the command that the demo prints; return what it told."""
    words = [sys.executable, "-m", "homeport_simulators", "mac", "--apple", address, "--folder", str(folder)]
    more = ["--serial", SECOND, "--user", "grace.hopper@acme.example", "--password", password]
    done = subprocess.run([*words, *more], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
