import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_org_and_custom_server_publish_their_metadata_at_every_address(okta):
    for base, issuer in (("", okta.issuer), ("/oauth2/default", f"{okta.issuer}/oauth2/default")):
        document = okta.http.get(f"{okta.issuer}{base}/.well-known/openid-configuration", params={"client_id": "x"}).json()
        assert document["issuer"] == issuer
        assert document["token_endpoint"].startswith(f"{okta.issuer}/oauth2")
        assert document["code_challenge_methods_supported"] == ["S256"]
        assert "authorization_response_iss_parameter_supported" not in document
        for path in (f"{base}/.well-known/oauth-authorization-server", f"/.well-known/oauth-authorization-server{base}"):
            assert okta.http.get(okta.issuer + path).json() == document


def test_switch_advertises_iss(okta):
    okta.control("PATCH", "/settings", {"advertise_iss": True})
    document = okta.http.get(f"{okta.issuer}/.well-known/openid-configuration").json()
    assert document["authorization_response_iss_parameter_supported"] is True


def test_every_endpoint_of_the_metadata_is_there(okta):
    document = okta.http.get(f"{okta.issuer}/.well-known/openid-configuration").json()
    for name, address in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert okta.http.get(address).status_code != 404, name


def test_custom_server_needs_the_paid_product(okta):
    okta.control("PATCH", "/settings", {"custom_server_enabled": False})
    answer = okta.http.get(f"{okta.issuer}/oauth2/default/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "E0000015")
    assert okta.http.get(f"{okta.issuer}/.well-known/openid-configuration").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "E0000007"),
        ("GET", "/oauth2/v1/token", 405, "E0000022"),
        ("POST", "/oauth2/v1/keys", 405, "E0000022"),
    ],
)
def test_what_is_not_there_answers_in_oktas_form(okta, method, path, status, code):
    answer = okta.http.request(method, okta.issuer + path)
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
    assert answer.json().keys() == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}


def test_rate_limit_headers_are_on_oauth2_answers_but_not_on_keys_and_metadata(okta):
    limited = okta.http.get(f"{okta.issuer}/oauth2/v1/userinfo").headers
    assert limited["x-rate-limit-limit"] == "1200"
    assert 0 <= int(limited["x-rate-limit-remaining"]) < 1200
    assert int(limited["x-rate-limit-reset"]) % 60 == 0
    for path in ("/oauth2/v1/keys", "/oauth2/default/.well-known/openid-configuration", "/.well-known/openid-configuration"):
        assert "x-rate-limit-limit" not in okta.http.get(okta.issuer + path).headers


def test_rate_limit_is_enforced_when_the_settings_say_so(okta):
    okta.control("PATCH", "/settings", {"enforce_rate_limit": True, "rate_limit": 0})
    answer = okta.http.get(f"{okta.issuer}/oauth2/v1/userinfo")
    assert (answer.status_code, answer.headers["x-rate-limit-remaining"]) == (429, "0")
    assert okta.http.get(f"{okta.issuer}/oauth2/v1/keys").status_code == 200


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PARAMETERS = [
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "max_age",
    "prompt",
    "code_challenge",
    "code",
    "grant_type",
    "client_secret",
]
PLACES = [
    "/oauth2/v1/authorize",
    "/oauth2/v1/token",
    "/oauth2/v1/logout",
    "/oauth2/v1/userinfo",
    "/signin",
    "/consent",
    "/_simulator/users",
]


@given(
    method=st.sampled_from(["GET", "POST"]),
    path=st.sampled_from(PLACES),
    params=st.dictionaries(st.sampled_from(PARAMETERS), TEXT, max_size=4),
    content_type=st.sampled_from(
        ["application/x-www-form-urlencoded", "multipart/form-data", "application/json", "multipart/form-data; boundary=x"]
    ),
    body=st.binary(max_size=60),
    authorization=st.sampled_from(["Basic Og==", "Basic 8J+YgDo=", "Bearer \u00e9", "x"]),
    known=st.booleans(),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
def test_no_request_makes_an_endpoint_fail(okta, method, path, params, content_type, body, authorization, known):
    if known:
        params = okta.parameters() | params
    headers = {"Content-Type": content_type, "Authorization": authorization.encode()}
    answer = okta.http.request(method, okta.issuer + path, params=params, content=body, headers=headers)
    assert answer.status_code < 500, answer.text
