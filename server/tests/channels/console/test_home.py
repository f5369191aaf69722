"""HOME: what needs attention, sign-ins per day, devices by operating system; on both databases."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from starlette.requests import Request
from tests.support.house import ADMIN

from homeport.channels.console.model import FAILING, HEIGHT, MOST_SYSTEMS, bars, share, undelivered
from homeport.channels.console.pages import PAGE, ConsoleActions, ConsolePages
from homeport.directory.audit.model import DestinationKind
from homeport.foundation.kernel.entropy import hash_token
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.mail.model import MailState, Message
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.navigation import Shell
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.model import DayOfSignIns, Purpose, SignIn, State

COUNTS = st.integers(0, 100_000)


@pytest.fixture
def house(each_house):
    each_house.empty()
    return each_house


@pytest.fixture
def shown(house):
    """`shown(actor)` is the home page as this actor reads it."""

    def actions(unit):
        return ConsoleActions(
            unit.people, unit.device_actions, unit.federation, unit.sign_ins, unit.mail_settings, unit.destinations
        )

    def page(actor=ADMIN):
        panels = Panels()
        panels.register(PAGE, lambda _subject, reader: Markup(f"<p>For {reader.name}</p>"))
        shell = Shell(permissions=frozenset(one.value for one in actor.permissions))
        pages = ConsolePages(house.home.work_of(actions), Templates(Assets(), shell_for=lambda _: shell), panels)
        scope = {"type": "http", "method": "GET", "path": "/admin", "headers": [], "scheme": "https", "server": ("h", 443)}
        return pages.home(Request({**scope, "query_string": b""}), actor).body.decode()

    return page


def attempt(house, state, *, ago=timedelta(), reason=""):
    now = house.clock.now() - ago
    user_id = house.home.parts.entropy.new_id() if state is State.COMPLETED else None
    made = SignIn(
        id=house.home.parts.entropy.new_id(),
        purpose=Purpose.DEVICE_LOGIN,
        state=state,
        started_at=now,
        expires_at=now + timedelta(minutes=10),
        browser_hash=hash_token("browser"),
        address="192.0.2.7",
        reason=reason,
        user_id=user_id,
    )
    house.do(lambda act: act.sign_ins.store.add(made))


def test_days_are_counted_in_utc_by_how_sign_ins_ended_and_none_is_left_out(house):
    today = house.clock.now().date()
    midnight = timedelta(hours=house.clock.now().hour, minutes=house.clock.now().minute, seconds=house.clock.now().second)
    attempt(house, State.COMPLETED)
    attempt(house, State.COMPLETED, ago=midnight)  # the first second of today
    attempt(house, State.REFUSED, ago=midnight + timedelta(seconds=1), reason="user_unknown")  # the last of yesterday
    attempt(house, State.EXPIRED, ago=timedelta(days=2))
    attempt(house, State.AT_PROVIDER)
    attempt(house, State.COMPLETED, ago=timedelta(days=9))
    found = house.do(lambda act: act.sign_ins.days(ADMIN, 4))
    assert found == [
        DayOfSignIns(today - timedelta(days=3)),
        DayOfSignIns(today - timedelta(days=2), expired=1),
        DayOfSignIns(today - timedelta(days=1), refused=1),
        DayOfSignIns(today, completed=2),
    ]


def test_days_are_counted_from_the_index_alone_on_sqlite(house):
    if house.home.parts.database.is_sqlite:
        query = "SELECT substr(started_at, 1, 10), count(*) FROM sign_ins WHERE state IN ('completed') AND started_at >= '2026' GROUP BY 1"
        assert "COVERING INDEX ix_sign_ins_state_started_at" in str(house.sql(f"EXPLAIN QUERY PLAN {query}"))


def test_an_empty_house_is_told_what_to_do_next_and_shows_no_chart(shown):
    page = shown()
    assert "5 of 5 steps are left." in page
    assert "Nobody signed in." in page
    assert '<svg class="chart"' not in page
    assert "Devices by operating system" not in page
    assert "<p>For test</p>" in page


def test_what_needs_attention_is_said_with_the_way_there(house, shown):
    house.connect()
    assert "People cannot sign in on devices yet" in shown()
    house.provision()
    house.device("lab-1")
    for _ in range(2):
        attempt(house, State.REFUSED, reason="user_unknown")
    attempt(house, State.REFUSED, reason="nonce_wrong", ago=timedelta(days=2))
    page = shown()
    assert "cannot sign in on devices yet" not in page
    assert "2 sign-ins refused in the last 24 hours: user_unknown" in page
    assert "/admin/sign-ins?reason=user_unknown&amp;since=24h" in page
    assert "refused in the last 24 hours: nonce_wrong" not in page
    assert "not been in contact" not in page
    house.clock.forward(days=7, minutes=1)
    assert "1 device has not been in contact for 7 days" in shown()


def test_mail_that_was_not_delivered_within_a_day_is_said():
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    failed = Message("m", "ada@acme.example", "A link", "", MailState.REJECTED, 1, "550 no such box", now, now)
    (one,) = undelivered(failed, now)
    assert (one.title, one.sentence) == ("Mail to ada@acme.example was not delivered", "The mail server said: 550 no such box")
    assert undelivered(failed, now + timedelta(days=1, seconds=1)) == undelivered(None, now) == []


def test_the_chart_has_its_numbers_in_a_table(house, shown):
    attempt(house, State.COMPLETED)
    attempt(house, State.REFUSED, reason="user_unknown")
    page = shown()
    assert 'role="img"' in page
    rows = re.findall(r"<td>(\d{4}-\d\d-\d\d)</td>\s*<td class=\"num\">(\d+)</td>\s*<td class=\"num\">(\d+)</td>", page)
    assert len(rows) == 14
    assert rows[-1] == (house.clock.now().date().isoformat(), "1", "1")


def test_devices_are_counted_by_operating_system(house, shown):
    house.device("lab-1")
    house.device("lab-2")
    ((system, count),) = house.do(lambda act: act.device_actions.devices.systems(ADMIN)).items()
    assert count == 2
    assert f"<td>{system}</td>" in shown()


def test_who_may_not_read_sign_ins_or_devices_sees_none_of_them(house, shown):
    house.device("lab-1")
    attempt(house, State.REFUSED, reason="user_unknown")
    page = shown(replace(ADMIN, permissions=frozenset({Permission.USERS_READ})))
    for hidden in ("Sign-ins per day", "Devices by operating system", "Last sign-ins", "user_unknown"):
        assert hidden not in page


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS), max_size=20))
def test_bars_fit_the_chart_and_show_every_count(counts):
    drawn, most = bars([DayOfSignIns(None, *one) for one in counts])
    assert most == max((sum(one) for one in counts), default=0)
    for bar, one in zip(drawn, counts, strict=True):
        heights = (bar.completed, bar.refused, bar.expired)
        assert [height > 0 for height in heights] == [count > 0 for count in one]
        assert bar.top == HEIGHT - sum(heights) >= 0


@given(st.dictionaries(st.text(max_size=5), st.integers(1, 100), max_size=30))
def test_rare_systems_are_counted_together(systems):
    found = share(systems)
    assert sum(count for _, count in found) == sum(systems.values())
    assert len(found) <= MOST_SYSTEMS


def test_a_destination_that_fails_again_and_again_needs_attention_of_those_who_may_read_it(house, shown):
    made = {"kind": DestinationKind.WEBHOOK, "name": "SIEM", "address": "https://siem.example/x"}
    failing, _ = house.do(lambda act: act.destinations.create(ADMIN, **made))

    def fail(times):
        for _ in range(times):
            house.user(f"u{house.entropy.new_id()[-8:]}")
            house.home.audit_sealer.seal()
            house.clock.forward(hours=1)

            def one(act):
                destination, entries, _ = act.destinations.claim(failing.id, 10)
                act.destinations.settle(destination, entries, "https://siem.example answered with the status 503.")

            house.do(one)

    fail(FAILING - 1)
    assert "SIEM" not in shown()
    fail(1)
    page = shown()
    for text in ("Events do not reach SIEM", "the status 503.", "Failed 3 times", f"/admin/event-destinations/{failing.id}"):
        assert text in page
    assert "SIEM" not in shown(replace(ADMIN, permissions=ADMIN.permissions - {Permission.AUDIT_READ}))
    house.do(lambda act: act.destinations.update(ADMIN, failing.id, enabled=False))
    assert "SIEM" not in shown(), "somebody paused it"


def test_what_is_counted_leads_to_its_list_for_whoever_may_read_it(house, shown):
    attempt(house, State.COMPLETED)
    lists = {"/admin/users": "0 users", "/admin/devices": "0 devices", "/admin/sign-ins": "1 attempt in 90 days"}
    page, without = shown(), shown(replace(ADMIN, permissions=frozenset({Permission.DEVICES_READ})))
    for path, words in lists.items():
        link = f'<a href="{path}">{words}</a>'
        assert link in page
        assert words in without
        assert (link in without) is (path == "/admin/devices")
