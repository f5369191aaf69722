import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.foundation.outbound.model import FailureKind, FetchFailed, Response
from homeport.foundation.outbound.urls import Origin
from homeport.trust.federation.discovery import CheckState, judge, locate
from homeport.trust.federation.model import ProviderKind

ISSUER = "https://example.okta.com"
DOCUMENT = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/a", "token_endpoint": f"{ISSUER}/t", "jwks_uri": f"{ISSUER}/k"}
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.fixture
def look(signer, answer, document):
    """Judge the honest document with changes; return the judgement."""

    def run(*without, url=ISSUER, reply=None, now=signer.now, allow=(), **changed):
        changes = {**document, **changed}
        body = {name: value for name, value in changes.items() if name not in without}
        found = reply if reply is not None else answer(body, date=DATE, content_type="application/json")
        return judge(found, locate(url, ProviderKind.OIDC), now=now, allow=allow)

    return run


def failed(judgement):
    assert judgement.metadata is None
    assert all(check.sentence and check.remedy for check in judgement.failed)
    return [check.name for check in judgement.failed]


def warned(judgement):
    return [check.name for check in judgement.checks if check.state is CheckState.WARNING]


# The address


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://example.okta.com", ISSUER),
        ("example.okta.com", ISSUER),
        ("  HTTPS://Example.okta.com/  ", ISSUER),
        ("https://example.okta.com///", ISSUER),
        ("https://example.okta.com/.well-known/openid-configuration", ISSUER),
        ("https://example.okta.com/.well-known/openid-configuration/", ISSUER),
        ("https://example.okta.com/.well-known/openid-configuration?client_id=0oa1", ISSUER),
        ("https://example.okta.com/.well-known/oauth-authorization-server", ISSUER),
        ("https://example.okta.com#fragment", ISSUER),
        ("https://example.okta.com:443", ISSUER),
        ("https://example.okta.com/oauth2/default", f"{ISSUER}/oauth2/default"),
        ("example.okta.com/oauth2/aus1/", f"{ISSUER}/oauth2/aus1"),
        ("https://example.okta.com/oauth2/aus1/.well-known/openid-configuration", f"{ISSUER}/oauth2/aus1"),
        ("https://example.okta.com/.well-known/oauth-authorization-server/oauth2/aus1", f"{ISSUER}/oauth2/aus1"),
        ("https://login.example.com", "https://login.example.com"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
    ],
)
def test_address_is_read_as_admins_paste_it(typed, url):
    location = locate(typed, ProviderKind.OKTA)
    assert (location.url, location.document) == (url, f"{url}/.well-known/openid-configuration")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("", "Enter"),
        ("   ", "Enter"),
        ("not an address", "space"),
        ("ftp://example.okta.com", "https"),
        ("https://example-admin.okta.com", "https://example.okta.com"),
        ("https://example-admin.okta.com/admin/dashboard", "https://example.okta.com"),
        ("https://example-admin.oktapreview.com", "https://example.oktapreview.com"),
        ("https://example.okta.com/app/UserHome", "https://example.okta.com"),
        ("https://example.okta.com/oauth2/v1", "https://example.okta.com"),
        ("https://example.okta.com/oauth2/v1/authorize", "https://example.okta.com"),
    ],
)
def test_wrong_address_gets_a_hint_at_the_right_one(typed, hint):
    with pytest.raises(ValueError, match=r".") as refused:
        locate(typed, ProviderKind.OKTA)
    assert hint in str(refused.value)


def test_other_providers_may_have_any_path():
    assert locate("https://idp.example/realms/one/", ProviderKind.OIDC).url == "https://idp.example/realms/one"


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text):
    for kind in ProviderKind:
        try:
            location = locate(text, kind)
        except ValueError:
            continue
        assert locate(location.url, kind) == location


# The document


def test_honest_document_passes_every_check(look, signer):
    judgement = look()
    assert (judgement.failed, warned(judgement)) == ((), [])
    metadata = judgement.metadata
    assert (metadata.issuer, metadata.jwks_uri) == (ISSUER, f"{ISSUER}/oauth2/v1/keys")
    assert metadata.token_endpoint_auth_methods == ("client_secret_basic", "client_secret_post")
    assert (metadata.algorithms, metadata.iss_parameter_supported) == (("RS256",), False)
    assert (metadata.fetched_at, metadata.clock_difference) == (signer.now, 0)


@pytest.mark.parametrize(
    "issuer", ["https://other.okta.com", "http://example.okta.com", f"{ISSUER}/oauth2/default", ISSUER.upper(), 7, None, [ISSUER]]
)
def test_other_issuer_fails(look, issuer):
    assert "Issuer" in failed(look(issuer=issuer))


def test_issuer_may_end_with_a_slash_if_it_does_so_itself(look):
    assert look(issuer=f"{ISSUER}/").metadata.issuer == f"{ISSUER}/"
    assert failed(look(issuer=f"{ISSUER}//")) == ["Issuer"]


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_missing_member_fails(look, name):
    assert "Required members" in failed(look(name))
    assert "Required members" in failed(look(**{name: 7}))


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_endpoint_that_is_not_https_fails_unless_allowed(look, name):
    plain = "http://127.0.0.1:8081/x"
    assert failed(look(**{name: plain})) == ["Endpoints"]
    assert look(**{name: plain}, allow={Origin("http", "127.0.0.1", 8081)}).metadata is not None
    assert "Endpoints" in failed(look(**{name: "javascript:alert(1)"}))


def test_missing_code_flow_fails(look):
    assert failed(look(response_types_supported=["id_token"])) == ["Authorization code flow"]
    assert failed(look(grant_types_supported=["implicit"])) == ["Authorization code flow"]
    assert failed(look(response_types_supported="code")) == ["Authorization code flow"]
    assert look("grant_types_supported").metadata is not None


def test_pkce_without_s256_fails_and_unsaid_warns(look):
    assert failed(look(code_challenge_methods_supported=["plain"])) == ["PKCE"]
    assert warned(look("code_challenge_methods_supported")) == ["PKCE"]


def test_algorithms_must_include_one_of_ours(look):
    assert failed(look(id_token_signing_alg_values_supported=["HS256", "none"])) == ["Signing algorithms"]
    assert warned(look("id_token_signing_alg_values_supported")) == ["Signing algorithms"]
    assert look(id_token_signing_alg_values_supported=["none", "ES256", "RS256"]).metadata.algorithms == ("RS256", "ES256")


def test_client_authentication_is_basic_before_post_and_nothing_else(look):
    assert failed(look(token_endpoint_auth_methods_supported=["private_key_jwt"])) == ["Client authentication"]
    assert look("token_endpoint_auth_methods_supported").metadata.token_endpoint_auth_methods == ("client_secret_basic",)
    both = look(token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic"]).metadata
    assert both.token_endpoint_auth_methods == ("client_secret_basic", "client_secret_post")
    only_post = look(token_endpoint_auth_methods_supported=["client_secret_post"]).metadata
    assert only_post.token_endpoint_auth_methods == ("client_secret_post",)


def test_issuer_parameter_counts_only_when_it_is_true_itself(look):
    assert look(authorization_response_iss_parameter_supported=True).metadata.iss_parameter_supported is True
    assert look(authorization_response_iss_parameter_supported="true").metadata.iss_parameter_supported is False


def test_clock_difference_is_told_and_warned_about(look, signer, answer, document):
    assert warned(look(now=signer.now - timedelta(seconds=31))) == ["Clock"]
    ahead = look(now=signer.now - timedelta(seconds=90))
    assert ahead.metadata.clock_difference == 90
    assert "90 s ahead" in ahead.checks[-1].sentence
    assert look(now=signer.now + timedelta(seconds=101)).metadata.clock_difference == -101
    cached = answer(document, date=DATE, age="3600")
    assert look(reply=cached, now=signer.now + timedelta(hours=1)).metadata.clock_difference == 0
    assert look(reply=answer(document, date=DATE, age="long")).metadata.clock_difference is None


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 23 Nov 2026 12:00:00 -0000"])
def test_unknown_time_is_said_so(look, answer, document, date):
    assert warned(look(reply=answer(document, date=date))) == ["Clock"]


# What is no document


def test_web_page_instead_of_json_is_named_so(look, answer):
    judgement = look(reply=answer(b"<!doctype html><title>Sign in</title>", content_type="text/html"))
    assert failed(judgement) == ["Discovery document"]
    assert "web page (HTML)" in judgement.checks[0].sentence


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b'{"issuer": 1, "issuer": 2}', b"\xff", b"[" * 100_000, b'{"x": "' + b"y" * 300_000 + b'"}'],
)
def test_broken_json_is_named_so(look, answer, body):
    assert failed(look(reply=answer(body))) == ["Discovery document"]


def test_other_status_is_named_with_a_remedy(look, answer):
    judgement = look(reply=answer(b"{}", status=404))
    assert failed(judgement) == ["Discovery document"]
    assert "404" in judgement.checks[0].sentence
    custom = look(url=f"{ISSUER}/oauth2/default", reply=answer(b'{"errorCode": "E0000015"}', status=401))
    assert "API Access Management" in custom.checks[0].remedy


def test_failed_fetch_is_told_in_its_own_words(look):
    judgement = look(
        reply=FetchFailed(FailureKind.ADDRESS_BLOCKED, ISSUER, "It leads to 10.0.0.1, which is not a public address.")
    )
    assert failed(judgement) == ["Discovery document"]
    assert "10.0.0.1" in judgement.checks[0].sentence


def reply(body, status):
    return Response(status, (), body if isinstance(body, bytes) else json.dumps(body).encode(), ISSUER)


@given(body=st.binary(max_size=80), status=st.sampled_from([200, 302, 404, 500]))
def test_whatever_the_provider_says_is_judged_and_never_raises(signer, body, status):
    judgement = judge(reply(body, status), locate(ISSUER, ProviderKind.OIDC), now=signer.now)
    assert judgement.metadata is None


@given(
    values=st.dictionaries(
        st.sampled_from(["issuer", "jwks_uri", "token_endpoint", "response_types_supported", "code_challenge_methods_supported"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=5)
        | st.lists(st.none() | st.text(max_size=5), max_size=3)
        | st.just({}),
        min_size=1,
    )
)
def test_member_of_any_type_is_judged_and_never_raises(signer, values):
    judge(reply(DOCUMENT | values, 200), locate(ISSUER, ProviderKind.OIDC), now=signer.now)
