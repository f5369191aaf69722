def test_log_tells_what_arrived_without_its_secrets(okta):
    okta.control("DELETE", "/requests", status=204)
    okta.redeem(okta.code(max_age="300"))
    authorize, page, password, token = okta.control("GET", "/requests")
    assert (authorize["method"], authorize["path"], authorize["status"]) == ("GET", "/oauth2/v1/authorize", 302)
    assert authorize["params"]["max_age"] == "300"
    assert authorize["params"]["code_challenge_method"] == "S256"
    assert page["path"] == password["path"] == "/signin"
    assert password["params"]["password"] == "***"
    assert token["authorization"] == "Basic"
    assert token["params"]["grant_type"] == "authorization_code"
    assert token["params"]["code"] == token["params"]["code_verifier"] == "***"
    assert okta.credentials[1] not in str(token)
    assert [entry["number"] for entry in (authorize, page, password, token)] == sorted(
        entry["number"] for entry in (authorize, page, password, token)
    )


def test_repeated_parameter_is_a_list(okta):
    okta.authorize(nonce=["1", "2"])
    assert okta.control("GET", "/requests")[-1]["params"]["nonce"] == ["1", "2"]
