"""Refusals as people see them: cause, what to do, and an id under which an administrator finds the reason."""

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

REFUSED = "You were not signed in"


def meets(person, machine, login: str):
    """Let somebody sign in at Okta for a machine; return the prompt."""
    prompt = machine.sign_in()
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.continues()
    person.signs_in_at_okta(login)
    return prompt


def knows(portal, reference: str, reason: str, remedy: str) -> None:
    """See the attempt in the portal, by the id that the person was given."""
    portal.page.goto(f"{portal.installation.server}/admin/sign-ins?q={reference}")
    sees(portal, reference, reason, remedy)


def finds(portal, reference: str, reason: str, remedy: str) -> None:
    """Look for the attempt by hand, from the menu on."""
    portal.open("Sign-ins")
    portal.page.get_by_role("searchbox").fill(reference)
    portal.press("Search")
    sees(portal, reference, reason, remedy)


def sees(portal, reference: str, reason: str, remedy: str) -> None:
    """Open the one attempt that is listed."""
    expect(portal.row(reason)).to_have_count(1)
    portal.row(reason).get_by_role("link").first.click()
    for shown in (reference, reason, remedy):
        portal.shows(shown)


def newcomer(portal, login: str) -> str:
    """Somebody whom only Okta knows."""
    portal.installation.okta.control("POST", "/users", {"login": login, "password": portal.installation.okta.password})
    return login


def test_a_person_unknown_here_is_sent_to_the_administrator(portal, person, machine):
    prompt = meets(person, machine, newcomer(portal, "emmy.noether@acme.example"))
    reference = person.is_refused(REFUSED, "not in this organization", "Give the sign-in id below to your administrator")
    refused = prompt.hears("refused")
    assert (refused["reason"], refused["sign_in_id"]) == ("user_unknown", reference)
    assert prompt.program.wait() == 1
    finds(portal, reference, "user_unknown", "Create the user first")


@pytest.mark.parametrize(
    ("username", "state", "reason", "cause", "remedy"),
    [
        ("rosalind", "Staged", "user_staged", "prepared but not activated", "Activate them"),
        ("chien", "Suspended", "user_suspended", "suspended", "Activate them if they may come back"),
    ],
)
def test_a_person_who_is_not_activated_gets_no_account(portal, person, machine, username, state, reason, cause, remedy):
    login = newcomer(portal, f"{username}@acme.example")
    portal.add_user(username, login, username.title(), "Example", "Staged" if state == "Staged" else "Activated")
    if state == "Suspended":
        portal.follow("Suspend")
        portal.press("Yes, Suspend")
    prompt = meets(person, machine, login)
    reference = person.is_refused(REFUSED, cause)
    assert prompt.hears("refused")["sign_in_id"] == reference
    assert machine.root.passwd_line(username) is None
    knows(portal, reference, reason, remedy)


def test_an_address_of_another_domain_makes_no_link(portal, person, machine):
    prompt = meets(person, machine, newcomer(portal, "mallory@elsewhere.example"))
    reference = person.is_refused(REFUSED, "does not belong to this organization")
    assert prompt.hears("refused")["reason"] == "email_domain_not_allowed"
    knows(portal, reference, "email_domain_not_allowed", "e-mail domains")


def test_a_person_whom_okta_does_not_let_in_is_told_so(portal, person, machine):
    okta = portal.installation.okta
    okta.control("POST", "/faults", {"fault": "redirect_error", "with": {"error": "access_denied", "error_description": "No."}})
    prompt = machine.sign_in()
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.continues()
    person.signs_in_at_okta("katherine.johnson@acme.example")
    reference = person.is_refused(REFUSED, "Your identity provider did not let you in")
    knows(portal, reference, "provider_access_denied", "Its own log tells which rule")


def test_who_did_not_start_it_says_so_and_the_machine_stops(portal, person, machine):
    prompt = machine.sign_in()
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.press("This was not me")
    reference = person.is_refused("This machine was not approved", "You said that this was not you")
    refused = prompt.hears("refused")
    assert (refused["reason"], refused["sign_in_id"]) == ("cancelled", reference)
    knows(portal, reference, "cancelled", "it may have been phishing")


def test_five_wrong_numbers_end_the_attempt(portal, person, machine):
    prompt = meets(person, machine, "katherine.johnson@acme.example")
    number = person.reads_the_number()
    wrong = f"{(int(number) + 1) % 1_000_000:06d}"
    for left in (4, 3, 2, 1):
        prompt.hears("number_wanted")
        prompt.types(wrong)
        assert prompt.hears("number_wrong")["attempts_left"] == left
    prompt.hears("number_wanted")
    prompt.types(wrong)
    refused = prompt.hears("refused")
    assert refused["reason"] == "number_wrong"
    person.heading("This attempt is over")
    expect(person.page.get_by_role("main")).to_contain_text("typed wrong too often")
    expect(person.page.get_by_role("contentinfo")).to_contain_text(refused["sign_in_id"])
    assert machine.root.passwd_line("katherine") is None


def test_a_sign_in_that_took_too_long_is_refused(portal, person, machine):
    prompt = machine.sign_in()
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.continues()
    passes_ten_minutes(portal.installation)
    person.signs_in_at_okta("katherine.johnson@acme.example")
    reference = person.is_refused(REFUSED, "took longer than ten minutes", "Go back to the machine and start again")
    assert prompt.hears("refused")["reason"] in {"expired_token", "signin_expired"}
    knows(portal, reference, "signin_expired", "came back after the sign-in had expired")


def test_opening_the_return_address_again_is_refused(portal, person, machine):
    returned = []
    person.page.on("request", lambda request: returned.append(request.url) if "/oauth/callback/" in request.url else None)
    meets(person, machine, "katherine.johnson@acme.example")
    person.reads_the_number()
    person.page.goto(returned[0])
    reference = person.is_refused(REFUSED, "already used")
    knows(portal, reference, "signin_already_used", "Each state works once")


def test_while_provisioning_is_off_the_page_says_so_and_nothing_is_lost(portal, person, machine):
    prompt = machine.sign_in()
    address = prompt.hears("code")["verification_uri_complete"]
    disables_linux(portal, disabled=True)
    try:
        person.page.goto(address)
        reference = person.is_refused("This machine was not approved", "switched off", "Ask your administrator")
        knows(portal, reference, "provisioning_disabled", "Enable Self Service Account Provisioning for Linux")
    finally:
        disables_linux(portal, disabled=False)
    person.page.goto(address)
    person.heading("Is this the machine in front of you?")


def disables_linux(portal, *, disabled: bool) -> None:
    portal.page.goto(f"{portal.installation.server}/admin/provisioning/linux")
    portal.field("Enabled").set_checked(not disabled)
    portal.press("Save")
    portal.shows("Saved")


def passes_ten_minutes(installation) -> None:
    """Let what is open have been begun ten minutes earlier; the server's own clock stays as it is."""
    over = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="microseconds")
    with contextlib.closing(sqlite3.connect(installation.folder / "homeport.sqlite", timeout=60)) as database, database:
        for table, still_open in (("sign_ins", "ended_at IS NULL"), ("device_authorizations", "state = 'pending'")):
            database.execute(f"UPDATE {table} SET expires_at = ? WHERE {still_open}", (over,))
