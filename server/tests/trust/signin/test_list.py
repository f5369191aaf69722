"""INSIGHTS > Sign-ins: filters, windows that are found by their neighbour, export, refusals by reason; the page and the REST API."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.requests import Request
from tests.rest.world import key_of
from tests.support.house import ADMIN, ORIGIN

from homeport.directory.admins.model import BILLING
from homeport.foundation.kernel.csv_lines import FORMULA, csv_line
from homeport.foundation.kernel.entropy import hash_token
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.navigation import Shell
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.asked import listing_of
from homeport.trust.signin.model import Purpose, SignIn, State
from homeport.trust.signin.pages import PURPOSES, SignInPages


@pytest.fixture
def house(each_house):
    each_house.empty()
    return each_house


def attempt(house, *, ago=0.0, **changed):
    """A stored sign-in that began so many hours ago."""
    now = house.clock.now() - timedelta(hours=ago)
    made = SignIn(
        id=house.home.parts.entropy.new_id(),
        purpose=Purpose.DEVICE_LOGIN,
        state=State.EXPIRED,
        started_at=now,
        expires_at=now + timedelta(minutes=10),
        browser_hash=hash_token("browser"),
        address="192.0.2.7",
    )
    made = replace(made, **changed)
    house.do(lambda act: act.sign_ins.store.add(made))
    return made


def refused(house, reason, **changed):
    return attempt(house, state=State.REFUSED, reason=reason.code, **changed)


def ids(window):
    return [one.sign_in.id for one in window.items]


def asked(house, *pairs, text="", size=50):
    return house.do(lambda act: act.sign_ins.window(ADMIN, listing_of(pairs, text, act.sign_ins.store, house.clock.now(), size)))


def pages_of(house):
    return SignInPages(house.home.work_of(lambda unit: unit.sign_ins), Templates(Assets(), shell_for=lambda _: Shell()))


def listed(house, query="", **cursor):
    """The list's page at an address with this query: its status and its HTML."""
    scope = {"type": "http", "method": "GET", "path": "/admin/sign-ins", "headers": [], "scheme": "https", "server": ("h", 443)}
    answer = pages_of(house).list(Request({**scope, "query_string": query.encode()}), ADMIN, **cursor)
    return answer.status_code, answer.body.decode()


def test_the_page_says_when_there_is_nothing_filters_and_leads_on_with_the_filters_kept(house):
    assert "No sign-ins yet" in listed(house)[1]
    for number in range(60):
        refused(house, ReasonCode.NONCE_WRONG, ago=number, email=f"p{number}@acme.example", device_id="gone")
    status, page = listed(house, "state=refused")
    assert (status, page.count('class="row-link"')) == (200, 50)
    assert "60 sign-ins" in page
    older = re.search(r'href="(/admin/sign-ins\?state=refused&amp;older=[^"]+)"', page)[1].partition("?")[2].replace("&amp;", "&")
    _, second = listed(house, "state=refused", older=older.partition("older=")[2])
    assert second.count('class="row-link"') == 10
    assert "newer=" in second
    assert 'href="/admin/sign-ins.csv?state=refused"' in page
    status, page = listed(house, "q=since:yesterday")
    assert status == 400
    assert "is no day" in page


def test_windows_follow_one_another_there_and_back_also_where_moments_are_equal(house):
    made = [attempt(house, ago=number // 3) for number in range(11)]
    expected = [one.id for one in sorted(made, key=lambda one: (one.started_at, one.id), reverse=True)]

    def window(cursor="", *, newer=False):
        return house.do(lambda act: act.sign_ins.window(ADMIN, Listing(limit=4), cursor, newer=newer))

    first = window()
    second = window(first.older)
    third = window(second.older)
    assert ids(first) + ids(second) + ids(third) == expected
    assert (first.newer, third.older, first.total, first.more) == ("", "", 11, False)
    assert ids(window(third.newer, newer=True)) == ids(second)
    assert ids(window(second.newer, newer=True)) == ids(first)
    assert window(second.newer, newer=True).newer == ""
    assert ids(window("nobody")) == ids(first)


def test_a_window_is_found_by_index_on_sqlite(house):
    if not house.home.parts.database.is_sqlite:
        return
    query = "SELECT * FROM sign_ins WHERE {} ORDER BY started_at DESC, id DESC LIMIT 51"
    for condition in ("started_at <= '2026'", "reason = 'x'", "state = 'refused'", "purpose = 'connection_test'"):
        plan = " ".join(str(row) for row in house.sql(f"EXPLAIN QUERY PLAN {query.format(condition)}"))
        assert "USING INDEX" in plan, plan
        assert "SCAN sign_ins'" not in plan, plan


def test_filters_find_by_outcome_reason_purpose_user_device_provider_and_time(house):
    ada, device = house.user("ada"), house.device("lab-7")
    made = {
        "plain": attempt(house, ago=200),
        "refused": refused(house, ReasonCode.USER_UNKNOWN, ago=2, provider_id="p1"),
        "test": attempt(house, ago=3, purpose=Purpose.CONNECTION_TEST),
        "ada": attempt(house, ago=4, user_id=ada.id, email=ada.email, state=State.COMPLETED, device_id=device.id),
    }
    for pairs, name in (
        ([("state", "refused")], "refused"),
        ([("reason", "user_unknown")], "refused"),
        ([("provider", "p1")], "refused"),
        ([("purpose", "connection_test")], "test"),
        ([("user", "ada")], "ada"),
        ([("user", "ADA@acme.example")], "ada"),
        ([("user", ada.id)], "ada"),
        ([("device", "lab-7")], "ada"),
        ([("device", device.id)], "ada"),
        ([("until", "2026-11-20")], "plain"),
    ):
        assert ids(asked(house, *pairs)) == [made[name].id], pairs
    okta = attempt(house, ago=150, provider_id=house.connect().id)
    assert ids(asked(house, ("provider", "okta"))) == ids(asked(house, ("provider", okta.provider_id))) == [okta.id]
    assert asked(house, ("provider", "Oktas")).items == []
    assert len(asked(house, ("since", "24h")).items) == 3
    assert asked(house, ("user", "nobody")).items == []
    assert ids(asked(house, text=made["test"].id)) == [made["test"].id]
    (found,) = asked(house, ("user", "ada")).items
    assert (found.username, found.device) == ("ada", "lab-7")
    with pytest.raises(Invalid, match="no day"):
        asked(house, ("since", "yesterday"))


def test_refusals_are_counted_by_reason_for_a_day_and_a_week_without_tests(house):
    for ago in (1, 2, 30):
        refused(house, ReasonCode.USER_UNKNOWN, ago=ago, provider_id="p1")
    refused(house, ReasonCode.NONCE_WRONG, ago=1, provider_id="p2")
    refused(house, ReasonCode.PROVIDER_MISSING, ago=1, provider_id="")
    refused(house, ReasonCode.USER_UNKNOWN, ago=200, provider_id="p1")
    refused(house, ReasonCode.EMAIL_MISSING, ago=1, provider_id="p1", purpose=Purpose.CONNECTION_TEST)
    found = house.do(lambda act: act.sign_ins.refusals(ADMIN, "p1"))
    assert [(one.reason, one.day, one.week) for one in found] == [("user_unknown", 2, 3)]
    assert len(house.do(lambda act: act.sign_ins.refusals(ADMIN))) == 3
    shown = pages_of(house).panel(replace(house.connect(), id="p1"), ADMIN)
    assert "/admin/sign-ins?reason=user_unknown&amp;since=7d" in shown
    assert re.findall(r'"num">(\d+)<', shown) == ["2", "3"]


def test_the_export_streams_every_row_and_disarms_formulas(house):
    for number in range(7):
        attempt(house, ago=number, email="=HYPERLINK(1)@acme.example", user_agent='a,"b"')
    rows = list(csv.DictReader(io.StringIO("".join(pages_of(house)._lines(ADMIN, Listing(limit=3))))))
    assert len({row["id"] for row in rows}) == 7
    assert {(row["email"], row["browser"]) for row in rows} == {("'=HYPERLINK(1)@acme.example", 'a,"b"')}
    for sign in FORMULA:
        assert next(csv.reader([csv_line([f"{sign}1"])])) == [f"'{sign}1"]


def test_an_export_whose_last_sign_in_retention_removes_ends_and_does_not_begin_anew(house):
    for number in range(7):
        attempt(house, ago=number)
    lines = pages_of(house)._lines(ADMIN, Listing(limit=3))
    first = next(lines)
    house.do(lambda act: act.sign_ins.store.remove_before(house.clock.now() - timedelta(minutes=90)))
    assert (first.count("\r\n"), list(lines)) == (4, [""]), "a heading and three sign-ins, and nothing twice"


def test_rest_lists_tells_one_with_its_steps_and_counts_refusals(house):
    key = {"x-api-key": key_of(house, BILLING)}
    one = house.do(lambda act: act.sign_ins.turn_away(Purpose.DEVICE_LOGIN, "", ReasonCode.DEVICE_GONE, "browser", ORIGIN))
    listed = house.client.get("/api/v2/sign-ins?filter=reason:$eq:device_gone", headers=key)
    assert (listed.headers["x-total-count"], listed.json()["signIns"][0]["id"]) == ("1", one.id)
    told = house.client.get(f"/api/v2/sign-ins/{one.id}", headers=key).json()
    assert [step["name"] for step in told["steps"]] == ["started", "refused"]
    assert re.fullmatch(r"2026-\d\d-\d\dT[\d:.]+Z", told["started"])
    assert house.client.get("/api/v2/sign-ins/refusals", headers=key).json()["refusals"] == [
        {"reason": "device_gone", "last24Hours": 1, "last7Days": 1}
    ]
    assert house.client.get("/api/v2/sign-ins/nothing", headers=key).status_code == 404
    assert house.client.get("/api/v2/sign-ins?filter=nonce:$eq:x", headers=key).status_code == 400
    assert house.client.get("/api/v2/sign-ins").status_code == 401


def test_every_purpose_has_words():
    assert set(PURPOSES) == {purpose.value for purpose in Purpose}


def test_the_last_day_of_the_calendar_is_no_day(house):
    with pytest.raises(Invalid, match="no day"):
        house.do(lambda act: listing_of([("until", "9999-12-31")], "", act.sign_ins.store, house.clock.now(), 10))
