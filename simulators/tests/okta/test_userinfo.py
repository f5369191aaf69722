ADA = "ada.lovelace@acme.example"


def ask(okta, header=None, **options):
    headers = {} if header is None else {"Authorization": header}
    return okta.http.request(options.pop("method", "GET"), f"{okta.issuer}/oauth2/v1/userinfo", headers=headers, **options)


def test_claims_come_for_the_token_in_the_header_only(okta):
    token = okta.redeem(okta.code()).json()["access_token"]
    assert ask(okta, f"Bearer {token}").json()["email"] == ADA
    assert ask(okta, f"bearer {token}", method="POST").json()["email"] == ADA
    assert ask(okta, params={"access_token": token}).status_code == 400
    assert ask(okta, method="POST", data={"access_token": token}).status_code == 400


def test_refusals_challenge_as_rfc_6750_says(okta):
    missing, invalid = ask(okta), ask(okta, "Bearer nonsense")
    assert (missing.status_code, invalid.status_code) == (400, 401)
    assert 'error="invalid_request"' in missing.headers["www-authenticate"]
    assert 'error="invalid_token"' in invalid.headers["www-authenticate"]
    token = okta.redeem(okta.code(scope="profile")).json()["access_token"]
    narrow = ask(okta, f"Bearer {token}")
    assert narrow.status_code == 403
    assert 'error="insufficient_scope"' in narrow.headers["www-authenticate"]


def test_token_ends_with_its_hour_and_with_its_person(okta):
    token = okta.redeem(okta.code()).json()["access_token"]
    okta.fault("skew", seconds=3601)
    assert ask(okta, f"Bearer {token}").status_code == 401
    okta.control("DELETE", "/faults")
    assert ask(okta, f"Bearer {token}").status_code == 200
    okta.control("PATCH", f"/users/{ADA}", {"status": "SUSPENDED"})
    assert ask(okta, f"Bearer {token}").status_code == 401
