"""Every fault is either refused by a strict client, for the reason it stands for, or visible in what arrives."""

from pathlib import Path

import pytest

from homeport_simulators.okta.faults.catalogue import BY_NAME, CATALOGUE, arguments_of, as_markdown

DOCS = Path(__file__).parents[4] / "docs" / "protocols" / "okta-simulator.md"
SLOW = {"seconds": 30}

# fault: (arguments, the strict client's reason)
REFUSED = {
    "claims": ({"set": {"aud": "x"}, "remove": ["azp"]}, "aud"),
    "wrong_issuer": ({}, "iss"),
    "wrong_audience": ({}, "aud"),
    "several_audiences_without_azp": ({}, "several audiences"),
    "wrong_azp": ({}, "azp"),
    "expired": ({}, "exp"),
    "issued_in_future": ({}, "iat"),
    "not_yet_valid": ({}, "nbf"),
    "wrong_nonce": ({}, "nonce"),
    "no_nonce": ({}, "nonce"),
    "no_sub": ({}, "sub"),
    "empty_sub": ({}, "sub"),
    "wrong_at_hash": ({}, "at_hash"),
    "old_auth_time": ({}, "auth_time"),
    "no_auth_time": ({}, "auth_time"),
    "alg_none": ({}, "alg"),
    "alg_hs256_with_client_secret": ({}, "alg"),
    "alg_hs256_with_public_key": ({}, "alg"),
    "bad_signature": ({}, "signature"),
    "signature_stripped": ({}, "signature"),
    "unknown_kid": ({}, "unknown kid"),
    "no_kid": ({}, "no kid"),
    "key_in_jwk_header": ({}, "unknown kid"),
    "key_at_jku_header": ({}, "unknown kid"),
    "crit_header": ({}, "signature"),
    "other_key_same_kid": ({}, "signature"),
    "keys_empty": ({}, "unknown kid"),
    "keys_duplicate_kid": ({}, "duplicate kid"),
    "keys_html": ({}, "not JSON by content type"),
    "keys_500": ({}, "status 500"),
    "keys_50mb": ({}, "too large"),
    "keys_slow": (SLOW, "too slow"),
    "token_500": ({}, "status 500"),
    "token_html": ({}, "not JSON by content type"),
    "token_slow": (SLOW, "too slow"),
    "token_429": ({}, "status 429"),
    "token_invalid_grant": ({}, "status 400"),
    "token_invalid_client": ({}, "status 401"),
    "token_no_id_token": ({}, "no ID token"),
    "token_not_a_jwt": ({}, "not a JWT"),
    "token_id_token_number": ({}, "no ID token"),
    "token_type_wrong": ({}, "token_type"),
    "token_50mb": ({}, "too large"),
    "token_redirect": ({}, "redirects"),
    "userinfo_other_sub": ({}, "userinfo sub"),
    "userinfo_no_sub": ({}, "userinfo sub"),
    "userinfo_500": ({}, "status 500"),
    "userinfo_slow": (SLOW, "too slow"),
    "userinfo_html": ({}, "not JSON by content type"),
    "userinfo_signed": ({}, "not JSON by content type"),
    "discovery_500": ({}, "status 500"),
    "discovery_404": ({}, "status 404"),
    "discovery_html": ({}, "not JSON by content type"),
    "discovery_other_issuer": ({}, "metadata issuer"),
    "discovery_50mb": ({"declared": True}, "too large"),
    "discovery_gzip_bomb": ({}, "too large"),
    "discovery_redirect_loop": ({}, "redirects"),
    "discovery_redirect_elsewhere": ({}, "redirects"),
    "discovery_slow_headers": (SLOW, "too slow"),
    "discovery_slow_body": ({"seconds_per_byte": 0.1}, "too slow"),
    "discovery_hang": ({}, "too slow"),
    "discovery_no_code_flow": ({}, "no code flow"),
    "discovery_no_s256": ({}, "no S256"),
    "discovery_http_endpoints": ({}, "authorization_endpoint elsewhere"),
    "discovery_private_endpoint": ({}, "token_endpoint elsewhere"),
    "discovery_missing": ({"members": ["jwks_uri"]}, "no jwks_uri"),
    "discovery_set": ({"issuer": 7}, "metadata issuer"),
    "discovery_bad_json": ({}, "not JSON"),
    "discovery_not_object": ({}, "not an object"),
    "discovery_wrong_content_type": ({}, "not JSON by content type"),
    "redirect_error": ({"error": "temporarily_unavailable"}, "temporarily_unavailable"),
    "redirect_no_code": ({}, "no code"),
    "redirect_no_state": ({}, "state"),
    "redirect_wrong_state": ({}, "state"),
    "redirect_wrong_iss": ({}, "iss parameter"),
    "redirect_duplicate_code": ({}, "duplicate parameter"),
    "redirect_code_of_other_client": ({}, "status 400"),
    "skew": ({"seconds": 7200}, "iat"),
}
# Tokens that are in order but tell another story; the tests below look at each.
VISIBLE = {"email_unverified", "no_email", "other_email", "other_sub", "redirect_no_iss"}


@pytest.mark.parametrize("name", REFUSED)
def test_strict_client_refuses_the_fault_and_passes_once_it_is_over(okta, strict_client, refused, name):
    arguments, reason = REFUSED[name]
    okta.fault(name, **arguments)
    strict_client.deadline = 0.7 if reason == "too slow" else 10
    with pytest.raises(refused) as caught:
        strict_client.sign_in()
    assert str(caught.value).startswith(reason)
    left = okta.control("GET", "/faults")
    assert [fault["fault"] for fault in left] == (["skew"] if name == "skew" else [])
    okta.control("DELETE", "/faults")
    strict_client.deadline = 60
    strict_client.sign_in()


def test_every_fault_has_a_case():
    assert REFUSED.keys() | VISIBLE == BY_NAME.keys()
    assert len(BY_NAME) == len(CATALOGUE)


@pytest.mark.parametrize("thin", [False, True])
def test_identity_faults_tell_one_story_in_id_token_and_userinfo(okta, strict_client, thin):
    okta.change_app(thin_id_token=thin)
    okta.fault("email_unverified")
    okta.fault("other_email", email="eve@acme.example")
    okta.fault("other_sub", sub="00uEve")
    claims, userinfo = strict_client.sign_in()
    assert (userinfo["sub"], userinfo["email"], userinfo["email_verified"]) == ("00uEve", "eve@acme.example", False)
    assert claims["sub"] == "00uEve"
    assert claims.get("email") == (None if thin else "eve@acme.example")
    okta.fault("no_email")
    claims, userinfo = strict_client.sign_in()
    assert "email" not in claims | userinfo
    assert "email_verified" not in claims | userinfo


def test_iss_is_missing_on_the_redirect_although_it_is_advertised(okta, strict_client, refused):
    okta.control("PATCH", "/settings", {"advertise_iss": True})
    strict_client.sign_in()
    okta.fault("redirect_no_iss")
    with pytest.raises(refused, match="iss parameter"):
        strict_client.sign_in()


def test_rate_limited_token_endpoint_answers_with_oktas_headers(okta):
    okta.fault("token_429", retry_after=7)
    answer = okta.redeem("any")
    assert answer.status_code == 429
    assert answer.json()["errorCode"] == "E0000047"
    assert answer.headers["x-rate-limit-remaining"] == "0"
    assert int(answer.headers["x-rate-limit-reset"]) > 0
    assert answer.headers["retry-after"] == "7"


def test_skewed_clock_shows_in_the_date_header(okta):
    okta.fault("skew", seconds=-86400 * 365)
    year = int(okta.http.get(f"{okta.issuer}/").headers["date"].split()[3])
    okta.control("DELETE", "/faults")
    assert year < int(okta.http.get(f"{okta.issuer}/").headers["date"].split()[3])


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("nonsense", {}, "There is no fault"),
        ("skew", {"minutes": 1}, "has no argument minutes"),
        ("skew", {"seconds": "1"}, "must be like"),
        ("skew", {"seconds": True}, "must be like"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_a_sentence(name, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        arguments_of(name, given)


def test_docs_page_holds_the_catalogue():
    assert as_markdown() in DOCS.read_text()


def test_client_that_gives_up_waiting_uses_up_nothing_else(okta, strict_client, refused):
    okta.fault("keys_slow", seconds=30)
    okta.fault("discovery_hang")
    strict_client.deadline = 0.7
    with pytest.raises(refused, match="too slow"):
        strict_client.sign_in()
    with pytest.raises(refused, match="too slow"):
        strict_client.sign_in()
    okta.fault("keys_500")
    strict_client.deadline = 60
    with pytest.raises(refused, match="status 500"):
        strict_client.sign_in()
