from urllib.parse import unquote

import pytest

from homeport.trust.federation.model import LinkState

URL = "/api/v2/identity-providers"
BODY = {
    "name": "Okta",
    "type": "OKTA",
    "oidc": {"clientId": "0oa1client", "clientSecret": "first-secret", "url": "example.okta.com/"},
    "emailDomains": ["example.com"],
}


@pytest.fixture
def api(caller):
    return caller()


@pytest.fixture
def created(api):
    answer = api.post(URL, json=BODY)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_provider_is_created_after_every_check_and_read_back(api, created, network):
    assert api.get(f"{URL}/{created['id']}").json() == created
    assert created["oidc"] == {
        "clientId": "0oa1client",
        "url": "https://example.okta.com",
        "issuer": "https://example.okta.com",
        "acceptMissingEmailVerified": False,
        "redirectUri": f"https://homeport.example/oauth/callback/{created['id']}",
    }
    assert (created["name"], created["type"], created["emailDomains"]) == ("Okta", "OKTA", ["example.com"])
    listed = api.get(URL)
    assert listed.json() == {"totalCount": 1, "identityProviders": [created]}
    assert listed.headers["x-total-count"] == "1"
    assert len(network.asked) == 4


def test_secret_is_never_returned(api, created):
    for answer in (api.get(URL), api.get(f"{URL}/{created['id']}"), api.put(f"{URL}/{created['id']}", json={"name": "Other"})):
        assert "first-secret" not in answer.text
        assert "clientSecret" not in answer.text
        assert "v1." not in answer.text


def test_second_create_is_a_conflict(api, created):
    answer = api.post(URL, json=BODY | {"name": "Another"})
    assert answer.status_code == 409
    assert "one at a time" in answer.json()["message"]
    assert api.get(URL).json()["identityProviders"] == [created]


def test_empty_list_and_unknown_id(api):
    assert api.get(URL).json() == {"totalCount": 0, "identityProviders": []}
    assert api.get(f"{URL}/nobody").status_code == 404
    assert api.put(f"{URL}/nobody", json={}).status_code == 404
    assert api.delete(f"{URL}/nobody").status_code == 404


def test_failed_check_is_told_and_the_next_try_has_the_same_redirect_uri(api, network, answer):
    right = network.replaced.copy()
    network.replaced["/oauth2/v1/token"] = answer({"error": "invalid_client"}, status=401)
    refused = api.post(URL, json=BODY)
    assert refused.status_code == 400
    assert "Client credentials" in refused.json()["message"]
    assert api.get(URL).json()["totalCount"] == 0
    network.replaced = right
    created = api.post(URL, json=BODY)
    assert created.status_code == 201, created.text
    said = [unquote(one.url) for one in network.asked if "redirect_uri" in one.url]
    assert len(said) == 2
    assert all(f"/oauth/callback/{created.json()['id']}" in one for one in said)
    assert api.get(URL).json()["totalCount"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        BODY | {"type": "SAML"},
        BODY | {"oidc": {}},
        BODY | {"name": ""},
        BODY | {"emailDomains": []},
        BODY | {"oidc": BODY["oidc"] | {"url": "ftp://x"}},
        BODY | {"oidc": BODY["oidc"] | {"clientSecret": "a\nb"}},
    ],
    ids=str,
)
def test_bad_body_is_refused(api, body):
    assert api.post(URL, json=body).status_code == 400


def test_domains_are_those_of_the_users_unless_given(api, slice_):
    slice_.a_user()
    created = api.post(URL, json={name: value for name, value in BODY.items() if name != "emailDomains"}).json()
    assert created["emailDomains"] == ["example.com"]


def test_change_keeps_what_is_left_out(api, created, network):
    changed = api.put(f"{URL}/{created['id']}", json={"name": "Okta EU", "oidc": {"secondClientSecret": "second-secret"}})
    assert changed.status_code == 200, changed.text
    assert changed.json() == created | {"name": "Okta EU", "updated": changed.json()["updated"]}
    assert [one.url.endswith("token") for one in network.asked[4:]].count(True) == 2
    dropped = api.put(f"{URL}/{created['id']}", json={"oidc": {"secondClientSecret": ""}})
    assert dropped.status_code == 200


def test_another_url_needs_the_secret_again(api, created):
    refused = api.put(f"{URL}/{created['id']}", json={"oidc": {"url": "https://evil.okta.com"}})
    assert refused.status_code == 400
    assert "again" in refused.json()["message"]


def test_type_cannot_change(api, created):
    assert api.put(f"{URL}/{created['id']}", json={"type": "OIDC"}).status_code == 409


def test_change_on_top_of_anothers_is_refused(api, created):
    tag = api.get(f"{URL}/{created['id']}").headers["etag"]
    assert api.put(f"{URL}/{created['id']}", json={"name": "A"}, headers={"if-match": tag}).status_code == 200
    assert api.put(f"{URL}/{created['id']}", json={"name": "B"}, headers={"if-match": tag}).status_code == 412
    assert api.delete(f"{URL}/{created['id']}", headers={"if-match": tag}).status_code == 412


def test_delete_makes_links_inactive_and_forgets_the_provider(api, created, slice_, signer):
    slice_.a_user()
    slice_.sign_in(signer.identity())
    assert api.delete(f"{URL}/{created['id']}").status_code == 204
    assert api.get(f"{URL}/{created['id']}").status_code == 404
    with slice_.links() as links:
        assert links.store.find_by_subject(signer.issuer, "00u1ada").state is LinkState.INACTIVE


def test_draft_of_the_portal_is_not_shown_and_is_taken_over(api, slice_, caller):
    caller().post("/admin/identity-providers/add", data={"kind": "OKTA"})
    with slice_.providers() as providers:
        (draft,) = providers.providers.list()
    assert api.get(URL).json()["totalCount"] == 0
    assert api.get(f"{URL}/{draft.id}").status_code == 404
    assert api.post(URL, json=BODY).json()["id"] == draft.id


def test_reader_gets_403_with_the_permission_named_and_nobody_401(api, created, caller):
    reader = caller("reader")
    assert reader.get(URL).status_code == 200
    for answer in (
        reader.post(URL, json=BODY),
        reader.put(f"{URL}/{created['id']}", json={"name": "x"}),
        reader.delete(f"{URL}/{created['id']}"),
    ):
        assert answer.status_code == 403
        assert "identity_providers:write" in answer.text
    assert caller("nobody").get(URL).status_code == 401
