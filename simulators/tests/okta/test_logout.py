def test_logout_by_id_token_ends_the_session_and_returns_to_a_registered_address(okta):
    okta.change_app(post_logout_redirect_uris=["http://localhost:8080/bye"])
    browser = okta.browser()
    code = browser.sign_in().headers["location"].split("code=")[1].split("&")[0]
    hint = okta.redeem(code).json()["id_token"]
    address = {"id_token_hint": hint, "post_logout_redirect_uri": "http://localhost:8080/other", "state": "s"}
    assert browser.http.get("/oauth2/v1/logout", params=address).status_code == 400
    assert "code=" in browser.authorize(prompt="none").headers["location"]
    answer = browser.http.get("/oauth2/v1/logout", params=address | {"post_logout_redirect_uri": "http://localhost:8080/bye"})
    assert answer.headers["location"] == "http://localhost:8080/bye?state=s"
    assert "error=login_required" in browser.authorize(prompt="none").headers["location"]


def test_logout_without_a_good_id_token_is_refused(okta):
    for hint in ({}, {"id_token_hint": "x"}, {"id_token_hint": "a.b.c"}, {"id_token_hint": "e30.e30.e30"}):
        assert okta.http.get(f"{okta.issuer}/oauth2/v1/logout", params=hint).status_code == 400
    good = okta.redeem(okta.code()).json()["id_token"]
    assert okta.http.get(f"{okta.issuer}/oauth2/v1/logout", params={"id_token_hint": good}).status_code == 302
    assert okta.http.get(f"{okta.issuer}/oauth2/default/v1/logout", params={"id_token_hint": good}).status_code == 400
