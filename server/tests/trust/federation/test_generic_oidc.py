"""Generic OIDC, the second kind in the menu: its guide, its rule for addresses, and who decided otherwise."""

import json
import re

import pytest

from homeport.trust.federation.linking import Matched
from homeport.trust.federation.model import Refusal
from homeport.trust.federation.pages.oidc_guide import steps

PATH = "/admin/identity-providers"
REALM = "https://id.example.org/realms/staff"
FORM = {
    "name": "Keycloak",
    "url": f"{REALM}/",
    "client_id": "homeport",
    "client_secret": "first-secret",
    "email_domains": "example.com",
}


def words(answer, status=200):
    assert answer.status_code == status, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture
def portal(caller, network, document):
    network.document = {
        name: value.replace("https://example.okta.com", REALM) if isinstance(value, str) else value
        for name, value in document.items()
    }
    return caller()


@pytest.fixture
def draft(portal):
    return portal.post(f"{PATH}/add", data={"kind": "OIDC"}).headers["location"]


@pytest.fixture
def provider(portal, draft):
    assert portal.post(draft, data=FORM).status_code == 200
    assert portal.post(f"{draft}/confirm", data={"understood": "on"}).status_code == 303
    return draft


def test_menu_offers_generic_oidc_and_its_guide_speaks_the_words_of_the_field(portal, draft):
    assert 'value="OIDC"' in portal.get(PATH).text
    page = portal.get(draft)
    text = words(page)
    for step in steps("x"):
        assert step["title"] in text
    for expected in (
        "openid email profile",
        "S256",
        "client_secret_basic",
        f"/oauth/callback/{draft.rpartition('/')[2]}",
        "Issuer URL",
    ):
        assert expected in text
    assert "Okta" not in text


def test_an_issuer_with_a_path_is_saved_and_the_guide_says_what_was_seen(portal, draft, network, answer):
    network.replaced["/realms/staff/oauth2/v1/token"] = answer({"error": "invalid_client"}, status=401)
    text = words(portal.post(draft, data=FORM), 400)
    assert "Not accepted by the provider" in text
    assert "S256 is offered" in text
    del network.replaced["/realms/staff/oauth2/v1/token"]
    assert "Confirm Keycloak" in portal.post(draft, data=FORM).text
    assert network.asked[0].url == f"{REALM}/.well-known/openid-configuration"


def test_a_provider_that_does_not_list_the_scope_email_is_warned_about(portal, draft, network):
    network.document["scopes_supported"] = ["openid"]
    assert "The provider does not list email, profile." in words(portal.post(draft, data=FORM))


def test_email_verified_must_be_true_until_an_administrator_decides_otherwise_after_a_warning(
    portal, provider, slice_, signer, network
):
    user = slice_.a_user()
    silent = signer.verify(signer.token("email_verified", iss=REALM), issuer=REALM)
    assert "It must be true" in words(portal.get(provider))
    assert isinstance(slice_.sign_in(silent), Refusal)

    asked = words(portal.post(provider, data=FORM | {"client_secret": "", "unstated_email_accepted": "on"}))
    assert "may leave out whether an e-mail address is verified" in asked
    assert "I understand the impacts above" in asked
    assert isinstance(slice_.sign_in(silent), Refusal), "nothing counts before it is confirmed"

    assert portal.post(f"{provider}/confirm", data={"understood": "on"}).status_code == 303
    shown = words(portal.get(provider))
    assert "It may be missing: decided by Bill on" in shown
    matched = slice_.sign_in(silent)
    assert isinstance(matched, Matched)
    assert matched.user_id == user.id
    (entry,) = [entry for kind, _, entry in slice_.audited() if kind == "identity_provider_update"]
    assert json.loads(entry.changes) == [{"field": "unstated_email_accepted", "before": False, "after": True}]


def test_the_decision_is_taken_back_at_once_and_another_issuer_asks_again(portal, provider, network, document):
    portal.post(provider, data=FORM | {"client_secret": "", "unstated_email_accepted": "on"})
    portal.post(f"{provider}/confirm", data={"understood": "on"})
    text = words(portal.post(provider, data=FORM | {"client_secret": ""}))
    assert "Addresses without email_verified: accepted → refused" in text
    portal.post(provider, data=FORM | {"client_secret": "", "unstated_email_accepted": "on"})
    portal.post(f"{provider}/confirm", data={"understood": "on"})
    network.document = document
    text = words(portal.post(provider, data=FORM | {"url": "https://example.okta.com", "unstated_email_accepted": "on"}))
    assert "The issuer changes" in text
    assert "may leave out whether an e-mail address is verified" in text


def test_a_decision_that_nobody_confirmed_is_not_taken_up_by_another_change(portal, provider):
    portal.post(provider, data=FORM | {"client_secret": "", "unstated_email_accepted": "on"})
    one = f"/api/v2/identity-providers/{provider.rpartition('/')[2]}"
    answer = portal.put(one, json={"name": "Acme"})
    assert (answer.status_code, answer.json()["oidc"]["acceptMissingEmailVerified"]) == (200, False)


def test_rest_tells_and_takes_the_decision_and_refuses_it_for_okta(portal, provider, network, document):
    one = f"/api/v2/identity-providers/{provider.rpartition('/')[2]}"
    assert portal.get(one).json()["oidc"]["acceptMissingEmailVerified"] is False
    answer = portal.put(one, json={"oidc": {"acceptMissingEmailVerified": True}})
    assert (answer.status_code, answer.json()["oidc"]["acceptMissingEmailVerified"]) == (200, True)
    assert portal.delete(one).status_code == 204
    network.document = document
    oidc = {"clientId": "c", "clientSecret": "s", "url": "https://example.okta.com", "acceptMissingEmailVerified": True}
    body = {"name": "Okta", "type": "OKTA", "oidc": oidc, "emailDomains": ["example.com"]}
    refused = portal.post("/api/v2/identity-providers", json=body)
    assert refused.status_code == 400
    assert "This is for Generic OIDC" in refused.json()["message"]
