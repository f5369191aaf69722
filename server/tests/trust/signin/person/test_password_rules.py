"""The rules of users' passwords: how long, which earlier ones count, and how old one may be."""

from dataclasses import replace

import pytest
from tests.support.house import ADMIN

from homeport.foundation.kernel.errors import Invalid
from homeport.trust.signin.person.model import PasswordRules

from .conftest import PASSWORD, text_of

OTHER, THIRD = "another horse battery", "third horse battery"
CHANGE = "/user/security/password"


@pytest.fixture
def rules(portal):
    def save(**wanted):
        return portal.do(lambda act: act.password_ruling.save(ADMIN, PasswordRules(**wanted)))

    yield save
    save()


def change(browser, password):
    return browser.post(CHANGE, data={"password": password, "again": password})


def status_of(portal, user):
    return portal.do(lambda act: act.passwords.get(ADMIN, user.id)).status.value


def test_the_shortest_password_is_the_rules(portal, rules):
    rules(shortest=8)
    browser = portal.enter(portal.person())
    assert "8 to 64 characters" in text_of(browser.get(CHANGE))
    assert "Use 8 to 64 characters; this has 7." in text_of(change(browser, "7 chars"))
    assert change(browser, "8 chars.").status_code == 200
    rules(shortest=20)
    assert portal.sign_in(portal.person(), "x" * 8)[1].status_code == 401
    assert "Use 20 to 64" in text_of(change(browser, "nineteen characters"))


def test_earlier_passwords_count_as_far_back_as_the_rule_says_also_through_a_link(portal, rules):
    rules(history=2)
    user = portal.person()
    browser = portal.enter(user)
    for one in (OTHER, THIRD):
        assert change(browser, one).status_code == 200
    for used in (PASSWORD, OTHER):
        assert "You have had this password before" in text_of(change(browser, used))
    link = portal.link(user)
    for used in (PASSWORD, OTHER, THIRD):
        answer = portal.browser().post(f"/user/link/{link}", data={"password": used, "again": used})
        assert (answer.status_code, "You have had this password before" in text_of(answer)) == (400, True)
    assert change(browser, "a fourth horse battery").status_code == 200
    assert change(browser, PASSWORD).status_code == 200, "two later ones stand between"
    kept = f"SELECT count(*) FROM earlier_passwords WHERE user_id = '{user.id}'"
    assert portal.house.sql(kept) == [(2,)]
    rules(history=0)
    assert change(browser, OTHER).status_code == 200


def test_a_password_expires_by_its_age_and_signs_in_only_to_be_changed(portal, rules):
    user = portal.person()
    portal.house.clock.forward(days=29, hours=23)
    rules(lifetime_days=30)
    assert status_of(portal, user) == "Active"
    browser = portal.enter(user)
    assert browser.get("/user").status_code == 200
    facts = portal.do(lambda act: act.passwords.facts([user.id]))[user.id]
    assert (facts.expired, facts.expires_at is not None) == (False, True)
    portal.house.clock.forward(hours=2)
    assert status_of(portal, user) == "Expired"
    browser = portal.browser()
    portal.sign_in(user, browser=browser)
    assert browser.get("/user").headers["location"] == CHANGE
    rules(lifetime_days=60)
    assert (status_of(portal, user), browser.get("/user").status_code) == ("Active", 200)
    rules(lifetime_days=30)
    assert change(browser, OTHER).status_code == 200
    assert (status_of(portal, user), browser.get("/user").status_code) == ("Active", 200)


@pytest.mark.parametrize("by", ["administrator", "age"])
@pytest.mark.parametrize("history", [0, 1])
def test_an_expired_password_is_not_set_again_through_a_link(portal, rules, by, history):
    user = portal.person()
    rules(history=history, lifetime_days=30 if by == "age" else 0)
    if by == "age":
        portal.house.clock.forward(days=30)
    else:
        portal.do(lambda act: act.passwords.expire(ADMIN, user.id))
    link = f"/user/link/{portal.link(user)}"
    same = portal.browser().post(link, data={"password": PASSWORD, "again": PASSWORD})
    assert (same.status_code, "This is the password that has expired. Choose another." in text_of(same)) == (400, True)
    assert status_of(portal, user) == "Expired"
    assert portal.browser().post(link, data={"password": OTHER, "again": OTHER}).headers["location"] == "/user"
    assert status_of(portal, user) == "Active"
    assert portal.sign_in(user)[1].status_code == 401


def test_a_password_that_has_not_expired_is_set_again_through_a_link_where_earlier_ones_do_not_count(portal, rules):
    user = portal.person()
    rules(lifetime_days=30)
    answer = portal.browser().post(f"/user/link/{portal.link(user)}", data={"password": PASSWORD, "again": PASSWORD})
    assert answer.headers["location"] == "/user"


def test_a_password_that_is_managed_elsewhere_does_not_expire(portal, rules):
    user = portal.person()
    portal.do(lambda act: act.passwords.manage(ADMIN, user.id, "scim"))
    rules(lifetime_days=1)
    portal.house.clock.forward(days=2)
    assert status_of(portal, user) == "Managed elsewhere"
    assert portal.do(lambda act: act.passwords.facts([user.id]))[user.id].expires_at is None


@pytest.mark.parametrize(
    ("field", "value"), [("shortest", 7), ("shortest", 65), ("history", 25), ("history", -1), ("lifetime_days", 3651)]
)
def test_what_is_out_of_bounds_is_refused_at_its_field(portal, field, value):
    before = portal.do(lambda act: act.password_ruling.present(ADMIN))
    with pytest.raises(Invalid) as refused:
        portal.do(lambda act: act.password_ruling.save(ADMIN, replace(before, **{field: value})))
    assert set(refused.value.fields) == {field}
    assert portal.do(lambda act: act.password_ruling.present(ADMIN)) == before
