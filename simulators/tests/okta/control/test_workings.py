from concurrent.futures import ThreadPoolExecutor

ADA = "ada.lovelace@acme.example"


def test_app_is_added_and_deleted_and_shows_its_secret_once(okta):
    body = {"label": "Second", "client_id": "0oaSecond", "client_secret": "s" * 40, "redirect_uris": ["https://a.example/cb"]}
    app = okta.control("POST", "/apps", body | {"assigned_users": [ADA]}, 201)
    assert (app["client_secret"], app["assigned_users"]) == ("s" * 40, [ADA])
    assert "client_secret" not in okta.control("GET", "/apps/0oaSecond")
    okta.control("POST", "/apps", body, 400)
    okta.control("PATCH", "/apps/0oaSecond", {"assigned_users": ["nobody"]}, 404)
    assert okta.control("GET", "/apps/0oaSecond")["assigned_users"] == [ADA]
    okta.control("DELETE", "/apps/0oaSecond", status=204)
    okta.control("GET", "/apps/0oaSecond", status=404)


def test_app_with_a_stranger_assigned_is_not_half_added(okta):
    okta.control("POST", "/apps", {"client_id": "0oaHalf", "assigned_users": ["nobody"]}, 404)
    okta.control("GET", "/apps/0oaHalf", status=404)


def test_fault_is_due_as_often_as_asked_and_can_be_lifted(okta):
    metadata = f"{okta.issuer}/.well-known/openid-configuration"
    okta.fault("discovery_500", 2)
    assert [okta.http.get(metadata).status_code for _ in range(3)] == [500, 500, 200]
    always = okta.fault("discovery_500", None)
    assert [okta.http.get(metadata).status_code for _ in range(3)] == [500, 500, 500]
    assert okta.control("GET", "/faults") == [{"id": always["id"], "fault": "discovery_500", "times": None, "with": {}}]
    okta.control("DELETE", f"/faults/{always['id']}", status=204)
    okta.control("DELETE", f"/faults/{always['id']}", status=404)
    assert okta.http.get(metadata).status_code == 200


def test_fault_that_is_due_once_strikes_one_of_many(okta):
    okta.fault("discovery_500")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(lambda _: okta.http.get(f"{okta.issuer}/.well-known/openid-configuration").status_code, range(24))
        )
    assert statuses.count(500) == 1


def test_bad_faults_are_refused(okta):
    for body in (
        {},
        {"fault": "nonsense"},
        {"fault": "expired", "times": 0},
        {"fault": "expired", "times": True},
        {"fault": "expired", "times": "1"},
        {"fault": "expired", "with": []},
        {"fault": "skew", "with": {"seconds": "1"}},
    ):
        okta.control("POST", "/faults", body, 400)


def test_sessions_are_listed_and_ended(okta):
    browser = okta.browser()
    browser.sign_in()
    assert [session["login"] for session in okta.control("GET", "/sessions")] == [ADA]
    okta.control("DELETE", "/sessions", status=204)
    assert "error=login_required" in browser.authorize(prompt="none").headers["location"]


def test_reset_restores_people_with_their_ids_and_apps_with_their_secrets(okta):
    before = okta.control("GET", "/users"), okta.control("GET", "/apps"), okta.control("GET", "/groups")
    okta.control("DELETE", f"/users/{ADA}")
    okta.control("DELETE", "/groups/Everyone")
    okta.change_app(redirect_uris=[])
    okta.fault("expired", None)
    okta.control("POST", "/reset", status=204)
    assert (okta.control("GET", "/users"), okta.control("GET", "/apps"), okta.control("GET", "/groups")) == before
    assert okta.control("GET", "/faults") == []
    assert okta.redeem(okta.code()).status_code == 200


def test_settings_refuse_what_they_do_not_know(okta):
    okta.control("PATCH", "/settings", {"advertise_is": True}, 400)
    okta.control("PATCH", "/settings", {"advertise_iss": "yes"}, 400)


def test_control_api_answers_no_web_page_of_another_site(okta):
    address = okta.ready["control"] + "/faults"
    assert okta.http.get(address, headers={"Origin": "https://evil.example"}).status_code == 403
    assert okta.http.post(address, content='{"fault":"expired"}', headers={"Content-Type": "text/plain"}).status_code == 400
    assert okta.http.post(address, content="{", headers={"Content-Type": "application/json"}).status_code == 400


def test_faults_that_replace_an_answer_wait_for_one_another(okta):
    okta.fault("discovery_404")
    okta.fault("discovery_500")
    metadata = f"{okta.issuer}/.well-known/openid-configuration"
    assert [okta.http.get(metadata).status_code for _ in range(3)] == [500, 404, 200]
