import time
from urllib.parse import parse_qs, urlsplit

import pytest

ADA = "ada.lovelace@acme.example"


def sent(answer):
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_page_has_labelled_inputs_and_the_login_hint_and_needs_no_script(okta):
    browser = okta.browser()
    page = browser.http.get(browser.authorize(login_hint='"><b>' + ADA).headers["location"])
    assert '<label for="username">' in page.text
    assert '<label for="password">' in page.text
    assert 'value="&#34;&gt;&lt;b&gt;ada.lovelace@acme.example"' in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_wrong_password_says_so_and_the_second_try_may_succeed(okta):
    browser = okta.browser()
    form = browser.authorize()
    again = browser.fill_in(form, ADA, "wrong")
    assert again.status_code == 401
    assert 'role="alert"' in again.text
    assert f'value="{ADA}"' in again.text
    assert "code" in sent(browser.fill_in(form))


def test_unknown_person_gets_the_same_page_as_a_wrong_password(okta):
    browser = okta.browser()
    form = browser.authorize()
    wrong, unknown = browser.fill_in(form, ADA, "wrong"), browser.fill_in(form, "nobody@acme.example")
    assert (wrong.status_code, unknown.status_code) == (401, 401)


@pytest.mark.parametrize("status", ["SUSPENDED", "DEPROVISIONED", "LOCKED_OUT"])
def test_only_active_people_sign_in_and_a_session_ends_with_the_status(okta, status):
    browser = okta.browser()
    assert "code" in sent(browser.sign_in())
    okta.control("PATCH", f"/users/{ADA}", {"status": status})
    assert sent(browser.authorize(prompt="none"))["error"] == "login_required"
    assert okta.browser().sign_in().status_code == 401
    okta.control("PATCH", f"/users/{ADA}", {"status": "ACTIVE"})
    assert "code" in sent(okta.browser().sign_in())


def test_login_is_found_whatever_its_case(okta):
    assert "code" in sent(okta.browser().sign_in(login=ADA.upper()))


def test_session_answers_at_once_and_prompt_login_asks_again(okta):
    browser = okta.browser()
    assert sent(browser.authorize(prompt="none"))["error"] == "login_required"
    browser.sign_in()
    assert "code" in sent(browser.authorize())
    assert "code" in sent(browser.authorize(prompt="none"))
    again = browser.authorize(prompt="login")
    assert "/signin?" in again.headers["location"]
    assert "code" in sent(browser.fill_in(again))


def test_session_older_than_max_age_signs_in_again(okta):
    browser = okta.browser()
    browser.sign_in()
    assert "code" in sent(browser.authorize(max_age="60"))
    okta.fault("skew", seconds=120)
    assert "/signin?" in browser.authorize(max_age="60").headers["location"]
    assert sent(browser.authorize(max_age="60", prompt="none"))["error"] == "login_required"
    assert "code" in sent(browser.authorize(max_age="600"))


def test_max_age_zero_always_signs_in(okta):
    browser = okta.browser()
    browser.sign_in()
    time.sleep(0.01)
    assert "/signin?" in browser.authorize(max_age="0").headers["location"]


def test_signing_out_ends_the_session(okta):
    browser = okta.browser()
    browser.sign_in()
    assert "Signed in as Ada Lovelace" in browser.http.get("/").text
    assert browser.http.post("/signout").status_code == 303
    assert "You are signed out" in browser.http.get("/").text
    assert sent(browser.authorize(prompt="none"))["error"] == "login_required"


def test_cookie_is_out_of_scripts_reach(okta):
    cookie = okta.browser().sign_in().headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_transaction_of_nobody_is_refused_on_the_page(okta):
    browser = okta.browser()
    assert browser.http.get("/signin?transaction=none").status_code == 400
    assert browser.http.post("/signin", data={"transaction": "none"}).status_code == 400
    assert browser.http.get("/consent?transaction=none").status_code == 400


def test_consent_is_asked_once_and_may_be_refused(okta):
    okta.change_app(consent=True)
    browser = okta.browser()
    asked = browser.sign_in()
    assert "/consent?" in asked.headers["location"]
    assert sent(browser.authorize(prompt="none"))["error"] == "consent_required"
    transaction = sent(asked)["transaction"]
    assert "Allow Homeport" in browser.http.get(asked.headers["location"]).text
    denied = browser.http.post("/consent", data={"transaction": transaction, "decision": "cancel"})
    assert sent(denied)["error"] == "access_denied"
    transaction = sent(browser.authorize())["transaction"]
    assert "code" in sent(browser.http.post("/consent", data={"transaction": transaction, "decision": "allow"}))
    assert "code" in sent(browser.authorize())
