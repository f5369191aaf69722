from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from json import loads
from time import time

import pytest

ADA = "ada.lovelace@acme.example"


def claims(answer):
    assert answer.status_code == 200, answer.text
    return loads(urlsafe_b64decode(answer.json()["id_token"].split(".")[1] + "=="))


def error(answer):
    body = answer.json()
    return answer.status_code, body["error"], body["error_description"]


def test_id_token_has_the_claims_okta_sends(okta):
    answer = okta.redeem(okta.code(scope="openid profile email groups"))
    token = claims(answer)
    user = okta.control("GET", f"/users/{ADA}")
    expected = {
        "ver": 1,
        "iss": okta.issuer,
        "aud": okta.ready["client_id"],
        "sub": user["id"],
        "amr": ["pwd"],
        "nonce": "nonce-1",
        "email": ADA,
        "email_verified": True,
        "name": "Ada Lovelace",
        "preferred_username": ADA,
        "groups": ["Engineering", "Everyone", "Linux Admins"],
    }
    assert expected.items() <= token.items()
    assert user["id"].startswith("00u")
    assert token["exp"] - token["iat"] == 3600
    assert abs(token["iat"] - time()) < 5
    assert token["auth_time"] <= token["iat"]
    assert token["idp"].startswith("00o")
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["access_token"].count(".") == 0
    assert "no-store" in answer.headers["cache-control"]


def test_scopes_open_claims_and_thin_tokens_leave_the_email_to_userinfo(okta):
    assert "email" not in claims(okta.redeem(okta.code(scope="openid")))
    okta.change_app(thin_id_token=True)
    answer = okta.redeem(okta.code())
    assert not {"email", "groups", "given_name"} & claims(answer).keys()
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert okta.http.get(f"{okta.issuer}/oauth2/v1/userinfo", headers=bearer).json()["email"] == ADA


def test_without_openid_there_is_no_id_token_and_offline_access_gets_no_refresh_token(okta):
    assert "id_token" not in okta.redeem(okta.code(scope="profile")).json()
    body = okta.redeem(okta.code(scope="openid offline_access")).json()
    assert "refresh_token" not in body
    assert body["scope"] == "openid"


def test_code_works_once_and_its_replay_revokes_the_access_token(okta):
    code = okta.code()
    bearer = {"Authorization": f"Bearer {okta.redeem(code).json()['access_token']}"}
    userinfo = f"{okta.issuer}/oauth2/v1/userinfo"
    assert okta.http.get(userinfo, headers=bearer).status_code == 200
    assert error(okta.redeem(code)) == (400, "invalid_grant", "The authorization code is invalid or has expired.")
    assert okta.http.get(userinfo, headers=bearer).status_code == 401


def test_of_many_who_redeem_a_code_at_once_one_succeeds(okta):
    code = okta.code()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: okta.redeem(code).status_code, range(8)))
    assert sorted(answers) == [200] + [400] * 7


def test_code_expires(okta):
    code = okta.code()
    okta.fault("skew", seconds=61)
    assert error(okta.redeem(code))[1] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "expected", "text"),
    [
        ({"redirect_uri": "http://localhost:8080/other"}, "invalid_grant", "redirect_uri"),
        ({"code_verifier": None}, "invalid_grant", "PKCE"),
        ({"code_verifier": "another-verifier-of-more-than-forty-three-characters"}, "invalid_grant", "PKCE"),
        ({"code": "unknown"}, "invalid_grant", "invalid or has expired"),
        ({"code": None}, "invalid_request", "'code'"),
        ({"redirect_uri": None}, "invalid_request", "'redirect_uri'"),
        ({"grant_type": "password"}, "unsupported_grant_type", "grant type"),
        ({"grant_type": None}, "unsupported_grant_type", "grant type"),
    ],
)
def test_token_request_that_does_not_fit_the_code_is_refused(okta, changes, expected, text):
    status, name, description = error(okta.redeem(**({"code": okta.code()} | changes)))
    assert (status, name) == (400, expected)
    assert text in description


def test_verifier_without_challenge_is_refused(okta):
    without = {"code_challenge": None, "code_challenge_method": None}
    assert error(okta.redeem(okta.code(**without)))[1:] == ("invalid_grant", "PKCE verification failed.")
    assert okta.redeem(okta.code(**without), code_verifier=None).status_code == 200


def test_client_authenticates_by_basic_or_post_but_not_by_both(okta):
    client_id, secret = okta.credentials
    in_body = {"client_id": client_id, "client_secret": secret}
    assert okta.redeem(okta.code(), auth=False, **in_body).status_code == 200
    for extra in (in_body, {"client_id": client_id}):
        status, name, description = error(okta.redeem(okta.code(), **extra))
        assert (status, name) == (401, "invalid_request")
        assert description.startswith("Cannot supply multiple client credentials.")


@pytest.mark.parametrize(
    ("auth", "text"),
    [
        (False, "Client authentication failed"),
        (("0oaNobody", "x"), "'client_id'"),
        (("client", "wrong"), "client secret supplied"),
        (("client", ""), "Client authentication failed"),
    ],
)
def test_client_that_proves_nothing_is_refused(okta, auth, text):
    if auth and auth[0] == "client":
        auth = (okta.ready["client_id"], auth[1])
    status, name, description = error(okta.redeem(okta.code(), auth=auth))
    assert (status, name) == (401, "invalid_client")
    assert text in description


def test_malformed_authorization_header_is_refused(okta):
    for value in ("Basic !!!", "Basic /w==", "Bearer abc", "Basic"):
        answer = okta.http.post(f"{okta.issuer}/oauth2/v1/token", data={}, headers={"Authorization": value})
        assert error(answer)[:2] == (401, "invalid_client")


def test_code_of_one_client_is_nothing_to_another(okta):
    other = okta.control("POST", "/apps", {"label": "Other"})
    code = okta.code()
    answer = okta.redeem(code, auth=(other["client_id"], other["client_secret"]))
    assert error(answer)[1] == "invalid_grant"
    assert okta.redeem(code).status_code == 200


def test_custom_server_has_its_own_issuer_keys_and_codes(okta):
    assert error(okta.redeem(okta.code("/default")))[1] == "invalid_grant"
    answer = okta.redeem(okta.code("/default"), "/default")
    assert claims(answer)["iss"] == f"{okta.issuer}/oauth2/default"
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert okta.http.get(f"{okta.issuer}/oauth2/v1/userinfo", headers=bearer).status_code == 401
    assert okta.http.get(f"{okta.issuer}/oauth2/default/v1/userinfo", headers=bearer).status_code == 200


@pytest.mark.parametrize("change", ["suspend", "delete"])
def test_person_who_left_between_code_and_token_gets_nothing(okta, change):
    code = okta.code()
    if change == "delete":
        okta.control("DELETE", f"/users/{ADA}")
    else:
        okta.control("PATCH", f"/users/{ADA}", {"status": "SUSPENDED"})
    assert error(okta.redeem(code))[1] == "invalid_grant"


def test_two_secrets_work_until_one_is_deactivated(okta):
    app = f"/apps/{okta.ready['client_id']}"
    new = okta.control("POST", f"{app}/secrets", {}, 201)
    okta.control("POST", f"{app}/secrets", {}, 400)
    second = (okta.ready["client_id"], new["client_secret"])
    assert okta.redeem(okta.code()).status_code == 200
    assert okta.redeem(okta.code(), auth=second).status_code == 200
    old = okta.control("GET", app)["secrets"][0]["id"]
    okta.control("PATCH", f"{app}/secrets/{old}", {"active": False})
    assert error(okta.redeem(okta.code()))[1] == "invalid_client"
    assert okta.redeem(okta.code(), auth=second).status_code == 200
    okta.control("DELETE", f"{app}/secrets/{old}", status=204)
    assert len(okta.control("GET", app)["secrets"]) == 1
