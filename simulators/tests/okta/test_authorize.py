from urllib.parse import parse_qs, urlsplit

import pytest

ADA, GRACE = "ada.lovelace@acme.example", "grace.hopper@acme.example"


def sent(answer):
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"client_id": "0oaNobody"}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:8080/oauth/callback/acme/"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:8080/oauth/callback/ACME"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:8080/oauth/callback/acme?x=1"}, "redirect_uri"),
        ({"redirect_uri": ["http://localhost:8080/oauth/callback/acme", "https://evil.example/"]}, "redirect_uri"),
    ],
)
def test_unknown_client_or_redirect_uri_stays_on_the_providers_page(okta, changes, text):
    answer = okta.authorize(**changes)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert text in answer.text


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"state": None}, "invalid_request", "'state'"),
        ({"state": "with space"}, "invalid_request", "'state'"),
        ({"response_type": None}, "unsupported_response_type", "response type"),
        ({"response_type": "id_token"}, "unsupported_response_type", "response type"),
        ({"response_type": "code id_token"}, "unsupported_response_type", "response type"),
        ({"response_mode": "fragment"}, "invalid_request", "'response_mode'"),
        ({"scope": None}, "invalid_scope", "scope"),
        ({"scope": "openid admin"}, "invalid_scope", "scopes are not configured"),
        ({"code_challenge_method": "plain"}, "invalid_request", "'code_challenge_method'"),
        ({"code_challenge_method": None}, "invalid_request", "'code_challenge_method'"),
        ({"code_challenge": None}, "invalid_request", "'code_challenge'"),
        ({"code_challenge": "short"}, "invalid_request", "'code_challenge'"),
        ({"prompt": "none login"}, "invalid_request", "'prompt'"),
        ({"prompt": "sing"}, "invalid_request", "'prompt'"),
        ({"max_age": "-1"}, "invalid_request", "'max_age'"),
        ({"request": "eyJ"}, "request_not_supported", "'request'"),
        ({"request_uri": "https://x.example/"}, "request_uri_not_supported", "'request_uri'"),
        ({"nonce": ["1", "2"]}, "invalid_request", "more than once"),
    ],
)
def test_bad_parameter_comes_back_as_an_error_on_the_redirect(okta, changes, error, text):
    fields = sent(okta.authorize(**changes))
    assert fields["error"] == error
    assert text in fields["error_description"]
    assert fields.get("state") == changes.get("state", "state-1")
    assert "code" not in fields


def test_only_the_org_server_knows_okta_scopes(okta):
    scope = "openid okta.users.read.self"
    assert "/signin?" in okta.authorize(scope=scope).headers["location"]
    assert sent(okta.authorize("/default", scope=scope))["error"] == "invalid_scope"


def test_app_may_require_pkce(okta):
    without = {"code_challenge": None, "code_challenge_method": None}
    assert "/signin?" in okta.authorize(**without).headers["location"]
    okta.change_app(pkce_required=True)
    assert sent(okta.authorize(**without))["error_description"] == "PKCE code challenge is required by the application."


def test_person_who_is_not_assigned_is_denied_unless_the_app_is_in_broker_mode(okta):
    okta.change_app(assigned_groups=[], assigned_users=[GRACE])
    assert "code" in sent(okta.browser().sign_in(login=GRACE))
    fields = sent(okta.browser().sign_in(login=ADA))
    assert fields == {
        "state": "state-1",
        "error": "access_denied",
        "error_description": "User is not assigned to the client application.",
    }
    okta.change_app(federation_broker_mode=True)
    assert "code" in sent(okta.browser().sign_in(login=ADA))


def test_custom_server_without_policy_refuses(okta):
    assert "code" in sent(okta.browser().sign_in("/default"))
    okta.control("PATCH", "/settings", {"custom_server_policy": False})
    fields = sent(okta.browser().sign_in("/default"))
    assert fields["error"] == "access_denied"
    assert fields["error_description"].startswith("Policy evaluation failed for this request")
    assert "code" in sent(okta.browser().sign_in())


def test_authorization_request_may_be_posted(okta):
    answer = okta.http.post(f"{okta.issuer}/oauth2/v1/authorize", data=okta.parameters())
    assert "/signin?" in answer.headers["location"]


def test_form_post_carries_the_answer_in_a_form(okta):
    answer = okta.browser().sign_in(response_mode="form_post")
    assert answer.status_code == 200
    assert 'action="http://localhost:8080/oauth/callback/acme"' in answer.text
    assert 'name="code"' in answer.text
    assert 'name="state" value="state-1"' in answer.text


def test_iss_is_sent_only_when_it_is_advertised(okta):
    assert "iss" not in sent(okta.browser().sign_in())
    okta.control("PATCH", "/settings", {"advertise_iss": True})
    assert sent(okta.browser().sign_in())["iss"] == okta.issuer
    assert sent(okta.browser().sign_in("/default"))["iss"] == f"{okta.issuer}/oauth2/default"
    assert sent(okta.authorize(prompt="sing"))["iss"] == okta.issuer
