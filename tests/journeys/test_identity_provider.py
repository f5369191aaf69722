"""DIRECTORY INTEGRATIONS > Identity Providers: what fails to be saved, what may be changed, and what deleting ends."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect
from tests.journeys.approval import Person
from tests.journeys.installation import install
from tests.journeys.looks import looks_right_everywhere
from tests.journeys.machine import set_up
from tests.journeys.portal import Portal
from tests.support.processes import Programs

pytestmark = pytest.mark.xdist_group("identity provider")
KATHERINE = "katherine.johnson@acme.example"


@pytest.fixture(scope="module")
def organization(tmp_path_factory):
    """An installation of this file's own, because its provider comes and goes."""
    with Programs() as programs:
        yield install(tmp_path_factory.mktemp("organization"), programs), []


@pytest.fixture
def portal(organization, new_context) -> Iterator[Portal]:
    """The administrator, signed in; the first test sets the account up, the others go on in its session: a code is good once."""
    installation, kept = organization
    portal = Portal(new_context(storage_state=kept[-1] if kept else None).new_page(), installation)
    if kept:
        portal.page.goto(f"{installation.server}/admin")
        if "/signin" in portal.page.url:
            portal.sign_in()
    else:
        portal.accept_link(installation.link())
    yield portal
    kept.append(portal.page.context.storage_state())


@pytest.fixture
def connected(portal) -> Portal:
    """The administrator on the provider's page."""
    if not portal.installation.has_provider():
        portal.installation.connect_okta()
    portal.open("Identity Providers")
    portal.follow("Okta")
    return portal


@pytest.fixture
def without_provider(portal) -> Portal:
    """The administrator where there is neither a provider nor a draft of one."""
    portal.installation.remove_providers()
    portal.open("Identity Providers")
    return portal


def test_set_up_page_and_confirmation_fit_and_can_be_read(without_provider):
    portal = without_provider
    looks_right_everywhere(portal.page)
    portal.installation.okta.register_redirect_uri(portal.begin_okta())
    looks_right_everywhere(portal.page)
    portal.fill_in_okta()
    portal.press("Save")
    looks_right_everywhere(portal.page)
    portal.follow("Cancel")
    portal.shows("Saved, not confirmed yet")
    looks_right_everywhere(portal.page)


@pytest.mark.parametrize(
    ("wrong", "check", "said"),
    [
        ({"url": "https://nowhere.invalid"}, "Discovery document", "nowhere.invalid"),
        ({"secret": "not-the-secret"}, "Client credentials", "invalid_client"),
    ],
    ids=["url", "secret"],
)
def test_what_is_wrong_is_not_saved_and_says_which_check_failed(without_provider, wrong, check, said):
    portal = without_provider
    portal.installation.okta.register_redirect_uri(portal.begin_okta())
    portal.fill_in_okta(name="Our Okta", **wrong)
    portal.press("Save")
    expect(portal.page.get_by_role("alert").first).to_contain_text("The identity provider was not saved")
    failed = check_named(portal, check)
    expect(failed).to_contain_text("Failed")
    expect(failed).to_contain_text(said)
    expect(portal.field("Identity Provider Name")).to_have_value("Our Okta")
    expect(portal.field("Okta IdP URL")).to_have_value(wrong.get("url", portal.installation.okta.issuer))
    expect(portal.field("Client ID")).to_have_value(portal.installation.okta.client_id)
    expect(portal.field("Client Secret")).to_have_value("")
    looks_right_everywhere(portal.page)
    portal.press("Discard this draft")
    portal.shows("No identity provider yet")


def test_a_missing_redirect_uri_is_found_before_anybody_signs_in(without_provider):
    portal = without_provider
    portal.begin_okta()
    portal.installation.okta.register_redirect_uri("https://elsewhere.example/callback")
    portal.fill_in_okta()
    portal.press("Save")
    expect(check_named(portal, "Redirect URI")).to_contain_text("Failed")


def test_the_menu_says_why_there_is_no_second_provider(connected, page_faults):
    connected.open("Identity Providers")
    connected.page.get_by_text("Add Identity Provider").click()
    connected.shows("Okta is connected already. This version works with one identity provider at a time.")
    expect(connected.page.get_by_role("button", name="Okta")).to_have_count(0)
    page_faults.expect("status 409: POST .*/identity-providers/add")
    assert connected.posts("/admin/identity-providers/add", kind="OKTA")[0] == 409


def test_a_new_name_is_saved_at_once_and_the_secret_stays(connected):
    connected.field("Identity Provider Name").fill("Okta EU")
    connected.press("Save")
    connected.shows("Identity Provider Name: Okta → Okta EU")
    connected.heading("Okta EU")
    connected.field("Identity Provider Name").fill("Okta")
    connected.press("Save")
    connected.shows("Identity Provider Name: Okta EU → Okta")


def test_another_issuer_asks_for_the_password_and_for_confirmation(connected):
    signed_in_long_ago(connected.installation)
    issuer = f"{connected.installation.okta.issuer}/oauth2/default"
    connected.field("Okta IdP URL").fill(f"{issuer}/.well-known/openid-configuration")
    connected.field("Client Secret").fill(connected.installation.okta.client_secret)
    connected.press("Save")
    connected.heading("Change Okta")
    connected.shows(f"The issuer changes from {connected.installation.okta.issuer} to {issuer}")
    connected.shows("will never match the new one")
    connected.field("I understand the impacts above").check()
    connected.press("Yes, Continue")
    expect(connected.page).to_have_url(re.compile("/signin/confirm"))
    connected.confirm_if_asked()
    connected.heading("Change Okta")
    connected.field("I understand the impacts above").check()
    connected.press("Yes, Continue")
    connected.heading("Okta")
    expect(connected.card("Authentication")).to_contain_text(issuer)


def test_deleting_says_who_loses_what_and_ends_open_sign_ins(connected, programs, tmp_path, new_context):
    installation = connected.installation
    connected.allow_linux()
    connected.add_user("katherine", KATHERINE, "Katherine", "Johnson")
    machine = set_up(tmp_path, "lab-9", programs)
    machine.enroll(installation.server, connected.make_enrollment_key("Room 9"))
    prompt = machine.sign_in()
    person = Person(new_context().new_page(), installation)
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.continues()

    connected.open("Identity Providers")
    connected.follow("Okta")
    connected.follow("Delete IdP")
    connected.heading("Delete Okta")
    for loss in ("0 users linked to Okta", "1 user cannot get an account on a new device", "Open sign-ins are refused at once"):
        connected.shows(loss)
    connected.press("Yes, Delete")
    connected.confirm_if_asked()
    connected.shows("No identity provider yet")

    assert prompt.hears("refused")["reason"] == "provider_gone"
    person.signs_in_at_okta(KATHERINE)
    person.is_refused("You were not signed in", "identity provider was removed")
    assert machine.root.passwd_line("katherine") is None


def check_named(portal: Portal, name: str) -> Locator:
    """The line of one check, after saving."""
    term = portal.page.get_by_role("term").filter(has_text=re.compile(rf"^{name}$"))
    return portal.page.locator("#checks dl.terms > div").filter(has=term)


def signed_in_long_ago(installation) -> None:
    """Let the administrators have given their passwords some time ago; the server's own clock stays as it is."""
    with contextlib.closing(sqlite3.connect(installation.folder / "homeport.sqlite", timeout=60)) as database, database:
        database.execute("UPDATE admin_sessions SET authenticated_at = '2020-01-01T00:00:00.000000+00:00'")
