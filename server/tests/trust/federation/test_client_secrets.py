"""Two client secrets: which the provider took last, changing their order, removing the old one."""

import re

import pytest

from homeport.foundation.outbound.model import FetchFailed
from homeport.trust.federation.recorder import Recorder
from homeport.trust.federation.relying_party import Code, Grant, exchange

PATH = "/api/v2/identity-providers"


@pytest.fixture
def page(slice_):
    return f"/admin/identity-providers/{slice_.a_provider(second_secret='second-secret').id}"


@pytest.fixture
def secrets(slice_):
    def read():
        with slice_.federation() as federation:
            return federation.client(federation.active_provider()).secrets

    return read


def standing(slice_):
    with slice_.federation() as federation:
        health = federation.health(federation.active_provider())
    return {one.slot: (one.answer.accepted_at, one.answer.refused_at) for one in health.secrets}


def ask(slice_, metadata, clock, answer, *errors):
    """Ask for tokens; the provider answers to each secret with an error, in order."""
    with slice_.federation() as federation:
        provider = federation.active_provider()
        client = federation.client(provider)
    recorder = Recorder(clock)
    grant = Grant(code=Code("c"), code_verifier="v", nonce="n", redirect_uri="https://homeport.example/oauth/callback/p")
    steps = exchange(grant, client, metadata, clock, recorder)
    next(steps)
    for error in errors:
        try:
            steps.send(error if isinstance(error, FetchFailed) else answer({"error": error}, status=401))
        except StopIteration:
            break
    with slice_.federation() as federation:
        federation.note_secrets(provider.id, recorder.secret_answers)


def test_which_secret_the_provider_took_last_is_kept_and_follows_it_to_its_new_place(
    slice_, page, caller, metadata, clock, answer
):
    ask(slice_, metadata, clock, answer, "invalid_client", "invalid_grant")
    now = clock.now()
    assert standing(slice_) == {"first": (None, now), "second": (now, None)}
    assert caller().post(f"{page}/client-secrets/promote").status_code == 303
    assert standing(slice_) == {"first": (now, None), "second": (None, now)}


@pytest.mark.parametrize("error", ["server_error", "invalid_request"])
def test_an_answer_that_does_not_tell_about_the_client_is_not_kept(slice_, page, metadata, clock, answer, error):
    ask(slice_, metadata, clock, answer, error)
    assert standing(slice_) == {"first": (None, None), "second": (None, None)}


def test_the_same_answer_is_stored_at_most_every_five_minutes(slice_, page, metadata, clock, answer):
    ask(slice_, metadata, clock, answer, "invalid_grant")
    first = clock.now()
    clock.forward(minutes=4)
    ask(slice_, metadata, clock, answer, "invalid_grant")
    assert standing(slice_)["first"] == (first, None)
    clock.forward(minutes=1)
    ask(slice_, metadata, clock, answer, "invalid_grant")
    assert standing(slice_)["first"] == (clock.now(), None)
    ask(slice_, metadata, clock, answer, "invalid_client", "invalid_grant")
    assert standing(slice_)["first"] == (clock.now(), clock.now())


def test_the_page_offers_what_fits_and_removing_asks_first(page, caller, secrets):
    portal = caller()
    text = portal.get(page).text
    for words in ("Use first", f"{page}/client-secrets/first/remove", f"{page}/client-secrets/second/remove", "by test"):
        assert words in text
    assert "has never been asked with that one" in portal.get(f"{page}/client-secrets/first/remove").text
    assert portal.post(f"{page}/client-secrets/first/remove").status_code == 303
    assert secrets() == ("second-secret",)
    text = portal.get(f"{page}?saved=removed").text
    assert "The client secret is removed." in text
    assert "Use first" not in text
    assert portal.get(f"{page}/client-secrets/first/remove").status_code == 404
    assert portal.post(f"{page}/client-secrets/first/remove").status_code == 409
    assert portal.post(f"{page}/client-secrets/promote").status_code == 409


def test_second_of_two_administrators_is_told_and_nothing_is_lost(page, caller, secrets):
    portal = caller()
    version = re.search(r'name="version" value="(\d+)"', portal.get(page).text)[1]
    assert portal.post(f"{page}/client-secrets/promote", data={"version": version}).status_code == 303
    assert portal.post(f"{page}/client-secrets/second/remove", data={"version": version}).status_code == 412
    assert secrets() == ("second-secret", "first-secret")


def test_old_authentication_is_confirmed_first_and_a_reader_may_not(page, caller, secrets):
    assert caller("stale").post(f"{page}/client-secrets/promote").headers["location"].startswith("/signin/confirm?next=")
    reader = caller("reader")
    for method, path in (("post", "promote"), ("get", "second/remove"), ("post", "second/remove")):
        assert getattr(reader, method)(f"{page}/client-secrets/{path}").status_code == 403
    assert "Use first" not in reader.get(page).text
    assert secrets() == ("first-secret", "second-secret")


def test_changes_that_wait_hold_the_secrets_still(page, caller, network, document):
    portal = caller()
    network.document = {
        name: value.replace("example.okta", "new.okta") if isinstance(value, str) else value for name, value in document.items()
    }
    form = {"name": "Okta", "url": "new.okta.com", "client_id": "c", "client_secret": "s", "email_domains": "example.com"}
    assert portal.post(page, data=form).status_code == 200
    assert portal.post(f"{page}/client-secrets/promote").status_code == 409


def test_every_change_of_a_secret_is_audited_without_the_secret(slice_, page, caller):
    portal = caller()
    portal.post(f"{page}/client-secrets/promote")
    portal.post(f"{page}/client-secrets/second/remove")
    found = {kind: entry for kind, _, entry in slice_.audited() if kind.startswith("identity_provider_secret")}
    assert set(found) == {"identity_provider_secret_promote", "identity_provider_secret_remove"}
    for entry in found.values():
        assert "first-secret" not in entry.changes
        assert "sealed" not in entry.changes


def test_deleting_the_provider_forgets_what_it_said_to_its_secrets(slice_, page, caller, metadata, clock, answer):
    ask(slice_, metadata, clock, answer, "invalid_grant")
    assert caller().post(f"{page}/delete").status_code == 303
    with slice_.database.read() as unit:
        assert unit.connection.exec_driver_sql("SELECT count(*) FROM client_secret_answers").scalar_one() == 0


def test_rest_tells_the_secrets_promotes_and_removes(slice_, page, caller, secrets, metadata, clock, answer):
    ask(slice_, metadata, clock, answer, "invalid_grant")
    api, one = caller(), f"{PATH}/{page.rpartition('/')[2]}"
    told = api.get(f"{one}/client-secrets").json()
    assert [(row["slot"], row["setBy"], bool(row["lastAccepted"])) for row in told["clientSecrets"]] == [
        ("first", "test", True),
        ("second", "test", False),
    ]
    assert "second-secret" not in str(told)
    tag = api.get(one).headers["etag"]
    promoted = api.post(f"{one}/client-secrets/promote", headers={"If-Match": tag})
    assert (promoted.status_code, promoted.headers["etag"] == tag) == (200, False)
    assert api.post(f"{one}/client-secrets/promote", headers={"If-Match": tag}).status_code == 412
    assert api.delete(f"{one}/client-secrets/third").status_code in {400, 422}
    assert api.delete(f"{one}/client-secrets/second").status_code == 204
    assert secrets() == ("second-secret",)
    assert api.delete(f"{one}/client-secrets/first").status_code == 409


def test_rest_tells_the_health_and_none_of_a_draft(slice_, page, caller):
    api, one = caller("reader"), f"{PATH}/{page.rpartition('/')[2]}"
    told = api.get(f"{one}/health").json()
    assert (told["status"], told["problems"]) == ("healthy", [])
    assert told["metadata"]["lastSuccess"]
    assert told["metadata"]["nextTry"]
    assert api.get(f"{PATH}/nothing/health").status_code == 404
