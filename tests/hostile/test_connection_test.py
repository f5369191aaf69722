"""Test connection at a real server and the simulated Okta: it tells everything and writes nothing but its own record."""

import re

import pytest
from tests.hostile.person import bent
from tests.hostile.tables import Difference, read_tables
from tests.hostile.world import ADMIN

from homeport.trust.federation.verifier import CHECKS

ITS_RECORD = {"sign_ins added", "sign_in_steps added", "audit_entries added"}
THE_SERVERS_OWN = {
    "audit_entries.batch",
    "audit_batches added",
    "rate_limits added",
    "rate_limits.full_again_at",
    "admin_sessions.last_seen_at",
    *(f"provider_fetches.{name}" for name in ("succeeded_at", "failed_at", "failure")),
}
"""What requests, the sealer and upkeep do beside us."""


@pytest.fixture
def admin(world, scene):
    """An administrator whose browser is signed in."""
    return world.administrator()


def words(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def try_connection(world, admin, person, provider_id="", bend=lambda address: address):
    """Test the connection as this person; return the result page's words, and what happened to the tables."""
    page = f"/admin/identity-providers/{provider_id or world.provider_id}/test"
    admin.email, admin.password = person.email, person.password
    before = read_tables(world.folder / "data/homeport.sqlite")
    sent = admin.post(page, {})
    assert sent.status_code == 303, sent.text
    back = admin.get(bend(admin.sign_in(sent.headers["location"])))
    assert back.status_code == 303, back.text
    assert back.headers["location"].startswith(f"{page}/")
    text = words(admin.get(back.headers["location"]))
    return text, Difference(before, read_tables(world.folder / "data/homeport.sqlite"))


def wrote_nothing_else(difference):
    beyond = set(difference.kinds()) - ITS_RECORD - THE_SERVERS_OWN
    assert not beyond, sorted(beyond)
    (row,) = difference.added("sign_ins")
    assert row["purpose"] == "connection_test"
    assert {entry["resource_id"] for entry in difference.added("audit_entries")} == {row["id"]}
    assert {step["sign_in_id"] for step in difference.added("sign_in_steps")} == {row["id"]}
    return row


def test_a_good_test_shows_claims_checks_and_the_user_and_links_nobody(world, scene, admin):
    text, difference = try_connection(world, admin, scene.person)
    row = wrote_nothing_else(difference)
    assert (row["state"], row["user_id"]) == ("completed", scene.person.user_id)
    assert "would be let in" in text
    assert "the first sign-in would make the link" in text
    assert scene.person.email in text
    for check in CHECKS:
        assert re.search(re.escape(check) + r" Passed", text), check
    assert row["nonce"] == ""
    assert world.sql("SELECT count(*) AS n FROM federated_identities WHERE user_id = ?", scene.person.user_id) == [{"n": 0}]


def test_a_test_of_a_linked_person_does_not_note_the_link_as_used(world, scene, admin):
    scene.approved()
    text, difference = try_connection(world, admin, scene.person)
    assert wrote_nothing_else(difference)["state"] == "completed"
    assert "The link to this user is there already" in text


def test_a_stranger_would_be_refused_and_the_page_says_why(world, scene, admin):
    text, difference = try_connection(world, admin, scene.another_person(state=None))
    assert wrote_nothing_else(difference)["reason"] == "user_unknown"
    assert "This person would be refused: user_unknown" in text
    assert "No user has the address" in text


def test_a_bad_token_shows_the_failed_check_and_what_was_not_reached(world, scene, admin):
    world.fault("wrong_nonce")
    text, difference = try_connection(world, admin, scene.person)
    assert wrote_nothing_else(difference)["reason"] == "nonce_wrong"
    assert "Times (exp, iat, nbf) Passed" in text
    assert re.search(r"Nonce \(nonce\) Failed +nonce_wrong", text)
    assert "Subject (sub) Not reached" in text


def test_what_the_provider_reports_is_told_on_the_result_page(world, scene, admin):
    text, difference = try_connection(
        world, admin, scene.person, bend=lambda back: bent(back, drop="code", error="access_denied", error_description="No")
    )
    assert wrote_nothing_else(difference)["reason"] == "provider_access_denied"
    assert "provider_access_denied" in text


def test_a_test_comes_back_once_and_only_to_its_browser(world, scene, admin):
    kept = []
    try_connection(world, admin, scene.person, bend=lambda back: kept.append(back) or back)
    again = admin.get(kept[0])
    assert again.headers["X-Homeport-Reason"] == "signin_already_used"
    assert scene.person.get(kept[0]).headers["X-Homeport-Reason"] == "browser_mismatch"


def test_changes_that_wait_are_tested_before_they_count_and_a_later_change_ends_the_test(world, scene, admin):
    page = f"/admin/identity-providers/{world.provider_id}"
    scene.undo.append(lambda: world.act(lambda act: act.identity_providers.discard(ADMIN, world.provider_id)))
    form = {
        "name": "Custom",
        "url": f"{world.okta['issuer']}/oauth2/default",
        "client_id": world.okta["client_id"],
        "client_secret": world.okta["client_secret"],
        "email_domains": "acme.example",
    }
    assert "The issuer changes" in words(admin.post(page, form))
    text, difference = try_connection(world, admin, scene.person)
    row = wrote_nothing_else(difference)
    assert row["issuer"] == form["url"]
    assert "What waits for confirmation" in text

    def changed_meanwhile(back):
        world.sql("UPDATE identity_providers SET version = version + 1")
        return back

    text, difference = try_connection(world, admin, scene.person, bend=changed_meanwhile)
    assert "provider_gone" in text


def test_nobody_without_the_permission_starts_a_test_and_nothing_unsaved_is_tested(world, scene, admin):
    page = f"/admin/identity-providers/{world.provider_id}/test"
    assert scene.person.post(page, {}).headers["location"].startswith("/signin")
    assert admin.post("/admin/identity-providers/nothing/test", {}).status_code == 404
