import re

import pytest

from homeport.foundation.kernel.actor import system
from homeport.trust.federation.model import LinkState
from homeport.trust.federation.pages.okta_guide import steps

PATH = "/admin/identity-providers"
READER = system("panel")
FORM = {
    "name": "Okta",
    "url": "example.okta.com",
    "client_id": "0oa1client",
    "client_secret": "first-secret",
    "email_domains": "example.com\nexample.org",
}


@pytest.fixture
def portal(caller):
    return caller()


@pytest.fixture
def draft(portal):
    answer = portal.post(f"{PATH}/add", data={"kind": "OKTA"})
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.fixture
def provider(portal, draft):
    assert portal.post(draft, data=FORM).status_code == 200
    answer = portal.post(f"{draft}/confirm", data={"understood": "on"})
    assert answer.status_code == 303, answer.text
    return draft


def words(answer, status=200):
    assert answer.status_code == status, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


# Adding


def test_menu_offers_okta_to_those_who_may_and_says_why_not_when_there_is_one(portal, caller, draft):
    assert 'value="OKTA"' in portal.get(PATH).text
    assert 'value="OKTA"' not in caller("reader").get(PATH).text


def test_menu_says_why_a_second_one_cannot_be_added(portal, provider):
    answer = portal.get(PATH)
    assert 'value="OKTA"' not in answer.text
    assert "one identity provider at a time" in words(answer)
    assert portal.post(f"{PATH}/add", data={"kind": "OKTA"}).status_code == 409


def test_unknown_kind_is_refused(portal):
    assert portal.post(f"{PATH}/add", data={"kind": "SAML"}).status_code == 400


def test_set_up_page_shows_the_15_steps_and_the_redirect_uri_before_anything_is_saved(portal, draft, slice_):
    slice_.a_user()
    answer = portal.get(draft)
    text = words(answer)
    assert f"https://homeport.example/oauth/callback/{draft.rpartition('/')[2]}" in text
    guide = steps("x")
    assert len(guide) == 15
    for step in guide:
        assert step["title"].replace(">", "&gt;") in answer.text or step["title"] in text
    for expected in ("In the document, not needed", "okta.users.read.self", "no longer limits who gets in", "Require consent"):
        assert expected in text
    for label in ("Identity Provider Name", "Okta IdP URL", "Client ID", "Client Secret", "E-mail domains"):
        assert label in text
    assert "example.com" in text


def test_bad_fields_are_named_and_what_was_typed_stays(portal, draft, network):
    answer = portal.post(draft, data=FORM | {"name": "", "url": "https://example-admin.okta.com", "email_domains": "nonsense"})
    text = words(answer, 400)
    assert "Enter a name" in text
    assert "Your Okta IdP URL is https://example.okta.com" in text
    assert "is no domain" in text
    assert 'value="0oa1client"' in answer.text
    assert "first-secret" not in answer.text
    assert network.asked == []


def test_failed_check_is_shown_with_its_remedy_and_what_was_typed_stays(portal, draft, network, answer):
    network.replaced["/oauth2/v1/token"] = answer({"error": "invalid_client"}, status=401)
    page = portal.post(draft, data=FORM)
    text = words(page, 400)
    assert "does not accept this client ID with this client secret" in text
    assert "Not accepted by Okta" in text
    assert "Registered" in text
    assert 'value="example.okta.com"' in page.text
    assert "first-secret" not in page.text


def test_confirmation_says_what_was_found_and_what_changes(portal, draft, slice_):
    slice_.a_user("ada")
    slice_.a_user("eve")
    text = words(portal.post(draft, data=FORM))
    for expected in (
        "https://example.okta.com",
        "RS256",
        "S256",
        "0 s",
        "2 users will sign in",
        "0 devices",
        "I understand the impacts above",
    ):
        assert expected in text
    assert "Yes, Continue" in text
    assert "first-secret" not in text
    assert "Saved, not confirmed yet" in words(portal.get(draft))
    assert "Yes, Continue" in words(portal.get(f"{draft}/confirm"))


def test_what_could_not_be_checked_is_said(portal, draft, network, answer):
    network.replaced["/oauth2/v1/token"] = answer(b"<html>", status=500)
    assert "could not be checked" in words(portal.post(draft, data=FORM))


def test_nothing_counts_before_the_box_is_ticked(portal, draft, slice_):
    portal.post(draft, data=FORM)
    answer = portal.post(f"{draft}/confirm", data={})
    assert "Tick" in words(answer, 400)
    with slice_.federation() as federation:
        assert federation.active_provider() is None


def test_confirmed_provider_is_active(portal, provider, slice_):
    with slice_.federation() as federation:
        active = federation.active_provider()
    assert (active.name, active.email_domains) == ("Okta", ("example.com", "example.org"))
    text = words(portal.get(f"{provider}?saved=created"))
    for expected in (
        "Federation is applied to your users",
        "section about Okta",
        "Delete Identity Provider",
        "Delete IdP",
        "Enabled",
        "Set on",
    ):
        assert expected in text


def test_confirming_nothing_leads_back(portal, draft):
    assert portal.get(f"{draft}/confirm").headers["location"] == draft
    assert portal.post(f"{draft}/confirm", data={"understood": "on"}).status_code == 409


def test_draft_can_be_discarded(portal, draft):
    assert portal.post(f"{draft}/discard").headers["location"] == PATH
    assert portal.get(draft).status_code == 404
    assert "No identity provider yet" in words(portal.get(PATH))


# Changing


def test_change_is_saved_at_once_and_says_what_changed(portal, provider):
    answer = portal.post(provider, data=FORM | {"name": "Okta EU", "client_secret": "", "email_domains": "example.com"})
    text = words(answer)
    assert "Identity Provider Name: Okta → Okta EU" in text
    assert "E-mail domains: example.com, example.org → example.com" in text
    assert "Client Secret changed" not in text


def test_secret_can_be_rotated(portal, provider, slice_):
    text = words(portal.post(provider, data=FORM | {"client_secret": "", "second_client_secret": "second-secret"}))
    assert "Second client secret changed." in text
    assert "second secret set on" not in words(portal.get(f"{provider}/client-secrets/second/remove"))
    assert portal.post(f"{provider}/client-secrets/first/remove").status_code == 303
    with slice_.federation() as federation:
        assert federation.client(federation.active_provider()).secrets == ("second-secret",)


def test_other_issuer_asks_for_confirmation_and_counts_the_links(portal, provider, network, document, slice_, signer):
    slice_.a_user()
    slice_.sign_in(signer.identity())
    network.document = {
        name: value.replace("example.okta", "new.okta") if isinstance(value, str) else value for name, value in document.items()
    }
    refused = words(portal.post(provider, data=FORM | {"url": "new.okta.com", "client_secret": ""}), 400)
    assert "Enter the client secret again" in refused
    text = words(portal.post(provider, data=FORM | {"url": "new.okta.com"}))
    assert "The issuer changes from https://example.okta.com to https://new.okta.com" in text
    assert "1 link of users to the old issuer will stop working" in text
    assert "Changes wait for your confirmation" in words(portal.get(provider))
    assert portal.post(f"{provider}/confirm", data={"understood": "on"}).status_code == 303
    with slice_.links() as links:
        assert links.store.find_by_subject(signer.issuer, "00u1ada").state is LinkState.INACTIVE


def test_changes_can_be_discarded(portal, provider, network, document):
    network.document = {
        name: value.replace("example.okta", "new.okta") if isinstance(value, str) else value for name, value in document.items()
    }
    portal.post(provider, data=FORM | {"url": "new.okta.com"})
    assert portal.post(f"{provider}/discard").headers["location"] == provider
    assert "Changes wait" not in words(portal.get(provider))


def test_old_authentication_must_be_confirmed_and_what_was_typed_waits(portal, provider, caller):
    stale = caller("stale")
    answer = stale.post(provider, data=FORM | {"name": "Okta EU"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/signin/confirm?next={provider}/confirm")
    assert "Yes, Continue" in words(portal.get(f"{provider}/confirm"))
    assert stale.post(f"{provider}/delete").headers["location"] == f"/signin/confirm?next={provider}/delete"


def test_change_on_top_of_anothers_keeps_what_was_typed(portal, provider):
    version = re.search(r'name="version" value="(\d+)"', portal.get(provider).text)[1]
    portal.post(provider, data=FORM | {"name": "First", "version": version})
    answer = portal.post(provider, data=FORM | {"name": "Second", "version": version})
    assert "changed by somebody else" in words(answer, 412)
    assert "Identity Provider Name is now “First”. Saving replaces it." in words(answer, 412)
    assert 'value="Second"' in answer.text
    assert f'name="version" value="{version}"' not in answer.text


# Deleting


def test_delete_says_who_loses_what(portal, provider, slice_, signer):
    slice_.a_user()
    slice_.sign_in(signer.identity())
    text = words(portal.get(f"{provider}/delete"))
    assert "1 user linked to Okta can no longer sign in" in text
    assert "Open sign-ins are refused at once" in text
    assert "Yes, Delete" in text
    assert portal.post(f"{provider}/delete").headers["location"] == PATH
    assert portal.get(provider).status_code == 404
    assert "No identity provider yet" in words(portal.get(PATH))


# Others


def test_reader_sees_the_provider_and_no_form(provider, caller, portal):
    reader = caller("reader")
    answer = reader.get(provider)
    text = words(answer)
    assert "https://example.okta.com" in text
    assert "Only an Administrator with Billing can change this" in text
    assert not re.findall(r'name="(?:name|url|client_id|client_secret|email_domains)"', answer.text)
    assert "Delete IdP" not in text
    for method, path in (
        ("post", provider),
        ("get", f"{provider}/confirm"),
        ("get", f"{provider}/delete"),
        ("post", f"{provider}/delete"),
    ):
        assert getattr(reader, method)(path).status_code == 403
    assert reader.post(f"{provider}/confirm", data={"understood": "on"}).status_code == 403
    assert reader.post(f"{PATH}/add", data={"kind": "OKTA"}).status_code == 403


def test_reader_does_not_see_a_draft(draft, caller):
    assert caller("reader").get(draft).status_code == 404


def test_nobody_is_sent_to_sign_in(caller):
    assert caller("nobody").get(PATH).headers["location"].startswith("/signin")


# A user's link


def test_users_section_shows_the_link_and_lets_it_be_removed(portal, provider, slice_, signer, clock):
    user = slice_.a_user()
    assert "Not linked yet" in portal.links.panel(user, READER)
    slice_.sign_in(signer.identity())
    section = portal.links.panel(user, READER)
    assert "00u1ada" in section
    assert f"/admin/users/{user.id}/unlink" in section
    assert "refused from this moment on" in words(portal.get(f"/admin/users/{user.id}/unlink"))
    assert portal.post(f"/admin/users/{user.id}/unlink").status_code == 303
    section = portal.links.panel(user, READER)
    assert "until you allow a new link" in section
    assert user.email in words(portal.get(f"/admin/users/{user.id}/allow-new-link"))
    assert portal.post(f"/admin/users/{user.id}/allow-new-link").status_code == 303
    assert "until you allow a new link" not in portal.links.panel(user, READER)
    clock.forward(seconds=1)
    assert slice_.sign_in(signer.identity()).user_id == user.id
    assert portal.post(f"/admin/users/{user.id}/allow-new-link").status_code == 409


def test_reader_cannot_touch_a_link(caller, slice_):
    user = slice_.a_user()
    reader = caller("reader")
    for method, path in (("get", "unlink"), ("post", "unlink"), ("get", "allow-new-link"), ("post", "allow-new-link")):
        assert getattr(reader, method)(f"/admin/users/{user.id}/{path}").status_code == 403
