"""What is held together is held in one order, so that no two wait for each other: users before devices, each in the order of their
ids; a sign-in before the device authorization that it was begun for; a person before their one-time links."""

import re
import threading
import time
from collections import defaultdict
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text
from tests.support.house import ADMIN
from tests.support.together import deadlock, together

from homeport.directory.devices.model import GroupRule, OSFamily, Subject, SubjectKind, Target, TargetKind
from homeport.directory.people.model import UserState
from homeport.directory.people.model.imports import Meaning, Row
from homeport.trust.issuer.model import AUTHORIZATION_LIFETIME
from homeport.trust.signin.callback import COOKIE

HOLDING = re.compile(r"^SELECT .*\bFROM (users|devices)\b.*FOR UPDATE|^UPDATE (users|devices) ", re.DOTALL)


class Estate:
    """Two people, the first with an account on the second device and the other way round, each in a group of their own."""

    def __init__(self, house):
        self.house = house
        house.provision()
        self.users = sorted(house.user(name).id for name in ("ada", "bob"))
        self.devices = sorted(house.device().id for _ in range(2))
        for user, device in zip(self.users, reversed(self.devices), strict=True):
            house.do(lambda act, user=user, device=device: self._admit(act, user, device))
        self.groups = [self._group(name, user) for name, user in zip(("One", "Two"), self.users, strict=True)]

    def _admit(self, act, user, device):
        act.bindings.admit(act.people.get(ADMIN, user), act.devices.find(device), "a sign-in")

    def _group(self, name, user):
        def make(act):
            group = act.user_groups.create(ADMIN, name=name)
            act.user_groups.add_members(ADMIN, group.id, [user])
            return group.id

        return self.house.do(make)

    @contextmanager
    def held(self):
        """What is held inside, in the order in which it is."""
        taken = {"users": [], "devices": []}
        wrong = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            found = HOLDING.match(statement)
            if not found:
                return
            table = found[1] or found[2]
            values = [one for value in parameters.values() for one in (value if isinstance(value, list) else [value])]
            fresh = [one for one in getattr(self, table) if one in values and one not in taken[table]]
            if fresh and table == "users" and taken["devices"]:
                wrong.append("a user after a device")
            if fresh and taken[table] and min(fresh) < max(taken[table]):
                wrong.append(f"{table} not in the order of their ids")
            taken[table] += fresh

        engine = self.house.home.parts.database.engine
        event.listen(engine, "before_cursor_execute", note)
        yield taken, wrong
        event.remove(engine, "before_cursor_execute", note)


def rules(estate):
    """Rights for the first group and a lease for the second, which were once followed one after the other."""
    first, second = estate.groups
    wanted = [GroupRule(first, admin=True), GroupRule(second, lease_days=3)]
    return lambda act: act.provisioning.set_rules(ADMIN, OSFamily.LINUX, wanted)


def deletion(estate):
    """A group that is both assigned to a limited device and about which there is a rule."""

    def prepare(act):
        first = Target(TargetKind.DEVICE, estate.devices[0])
        act.access.assign(ADMIN, Subject(SubjectKind.USER_GROUP, estate.groups[0]), first)
        act.access.limit_device(ADMIN, first.id, limited=True)
        act.provisioning.set_rules(ADMIN, OSFamily.LINUX, [GroupRule(estate.groups[0], admin=True)])

    estate.house.do(prepare)
    return lambda act: act.user_groups.delete(ADMIN, estate.groups[0])


def suspension(estate):
    return lambda act: act.people.change_states(ADMIN, estate.users, UserState.SUSPENDED)


def removal(estate):
    return lambda act: act.people.delete_all(ADMIN, estate.users)


def imported(estate):
    """A file that names the second first, and a new person between them."""
    lines = [("bob", "SUSPENDED"), ("eve", "ACTIVATED"), ("ada", "SUSPENDED")]
    rows = [
        Row(number, (), {"email": f"{name}@acme.example", "state": state, "groups": "Two; One; Three"})
        for number, (name, state) in enumerate(lines)
    ]

    def carry_out(act):
        meaning = Meaning("utf-8", ",", {}, make_groups=True)
        act.imports.rows.store_all(ADMIN, act.imports.rows.judge(ADMIN, rows, meaning, {}), meaning)

    return carry_out


@pytest.mark.parametrize("prepare", [rules, deletion, suspension, removal, imported])
def test_users_are_held_before_devices_and_each_in_order(postgresql_house, prepare):
    estate = Estate(postgresql_house)
    deed = prepare(estate)
    with estate.held() as (taken, wrong):
        postgresql_house.do(deed)
    assert wrong == []
    assert taken["users"], "nothing was seen to be held"
    assert taken["devices"], "nothing was seen to be held"


def test_rules_that_two_set_for_the_first_time_at_once_neither_fail_nor_undo_the_setting(postgresql_house):
    def set_rules(lease):
        def deed(act):
            act.provisioning.set_rules(ADMIN, OSFamily.LINUX, [GroupRule(group, lease_days=lease)])

        return lambda: postgresql_house.do(deed)

    group = postgresql_house.do(lambda act: act.user_groups.create(ADMIN, name="Staff").id)
    assert together(set_rules(3), set_rules(5), postgresql_house.provision) == []
    setting = postgresql_house.do(lambda act: act.provisioning.get(ADMIN))
    assert (setting.enabled, setting.version) == (True, 3)


APPROVAL = re.compile(
    r"^SELECT .*\bFROM (sign_ins|device_authorizations)\b.*FOR UPDATE|^UPDATE (sign_ins|device_authorizations) |^INSERT INTO (sign_in_steps) ",
    re.DOTALL,
)
"""Each of these holds a row; a step of a timeline holds its sign-in, to which its key points."""


class Approvals:
    """People who sign in at devices, and what each unit of work holds of sign-ins and authorizations, in the order in which it does."""

    def __init__(self, house):
        house.provision()
        house.connect()
        self.house, self.user, self.device = house, house.user("ada"), house.device()
        self.page = house.client
        self.page.cookies.set(COOKIE, "browser")

    @contextmanager
    def held(self):
        taken = defaultdict(list)

        def note(connection, _cursor, statement, _parameters, _context, _many):
            if found := APPROVAL.match(statement):
                taken[connection].append((found[1] or found[2] or found[3]).replace("sign_in_steps", "sign_ins"))

        engine = self.house.home.parts.database.engine
        event.listen(engine, "before_cursor_execute", note)
        yield taken
        event.remove(engine, "before_cursor_execute", note)

    def poll(self, code, number=None):
        return self.device.poll(self.page, code, number)

    @contextmanager
    def waiting(self, deed, table, row):
        """Hold a row until the deed, in a thread of its own, waits for it; inside, the connection that holds it."""
        engine, answers = self.house.home.parts.database.engine, []
        thread = threading.Thread(target=lambda: answers.append(together(deed)), daemon=True)
        with engine.connect() as mine:
            mine.execute(text(f"SELECT id FROM {table} WHERE id = :row FOR UPDATE"), {"row": row})
            me = mine.execute(text("SELECT pg_backend_pid()")).scalar_one()
            thread.start()
            try:
                while not self.house.sql(f"SELECT pid FROM pg_stat_activity WHERE {me} = ANY(pg_blocking_pids(pid))"):
                    assert thread.is_alive(), f"it did not wait for {table}: {answers}"
                    time.sleep(0.01)
                yield mine
            finally:
                mine.rollback()
                thread.join(60)
        assert answers == [[]]


@pytest.fixture
def approvals(postgresql_house):
    return Approvals(postgresql_house)


def test_a_sign_in_is_held_before_its_authorization_and_pages_that_only_read_hold_neither(approvals):
    house, device = approvals.house, approvals.device
    with approvals.held() as taken:
        done, code, number = house.sign_in(device)
        assert approvals.poll(code).json()["error"] == "authorization_pending"
        assert approvals.poll(code, number).status_code == 200
        _, code, number = house.sign_in(device)
        for _ in range(5):
            answer = approvals.poll(code, f"{(int(number) + 1) % 10**6:06d}")
        assert answer.json()["reason"] == "number_wrong"
        assert house.sign_in(device, "nobody")[0].reason == "user_unknown"
        authorization, _, _ = house.begin(device)
        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = approvals.page.post("/device/cancel", data={"user_code": authorization.user_code}, headers=headers)
        assert answer.headers["X-Homeport-Reason"] == "cancelled"
        _, code, number = house.sign_in(device)
        house.begin(device)
        house.clock.forward(seconds=AUTHORIZATION_LIFETIME.total_seconds() + 1)
        assert approvals.poll(code, number).json()["error"] == "expired_token"
        assert house.do(lambda act: act.sign_ins.expire()) > 0
    orders = [list(dict.fromkeys(one)) for one in taken.values()]
    assert ["device_authorizations", "sign_ins"] not in orders
    assert orders.count(["sign_ins", "device_authorizations"]) >= 12, "not all was seen to be held"
    with approvals.held() as taken:
        for page in ("", "/status"):
            assert approvals.page.get(f"/device/approved/{done.id}{page}").status_code == 200
    assert taken == {}


def test_a_number_that_waits_for_the_sign_in_does_not_hold_the_authorization(approvals):
    done, code, number = approvals.house.sign_in(approvals.device)
    answers = []
    with approvals.waiting(lambda: answers.append(approvals.poll(code, number)), "sign_ins", done.id) as mine:
        held = text("SELECT id FROM device_authorizations WHERE sign_in_id = :id FOR UPDATE NOWAIT")
        assert len(mine.execute(held, {"id": done.id}).all()) == 1
    assert answers[0].status_code == 200


def test_a_number_that_meets_another_change_is_answered_in_words_and_can_be_typed_again(approvals):
    house = approvals.house
    done, code, number = house.sign_in(approvals.device)
    theirs = f"SELECT id FROM device_authorizations WHERE sign_in_id = '{done.id}'"
    its = f"SELECT id FROM sign_ins WHERE id = '{done.id}'"
    with deadlock(house, holds=theirs, wants=its, at="FROM device_authorizations"):
        answer = approvals.poll(code, number)
    assert (answer.status_code, answer.json()["error"]) == (503, "server_error")
    assert answer.json()["error_description"].startswith("Two changes met at the same moment")
    assert approvals.poll(code, number).status_code == 200


def issued(act, user):
    act.passwords.issue_link(ADMIN, user.id)


def sent(act, user):
    act.passwords.send_link(user)


def suspended(act, user):
    act.people.change_state(ADMIN, user.id, UserState.SUSPENDED)


def used(act, user, token):
    act.passwords.accept_link(token, "a hash", ADMIN.origin)


def test_whoever_waits_for_a_person_does_not_hold_their_links(approvals):
    house = approvals.house
    for number, deed in enumerate((used, issued, sent, suspended)):
        user = house.user(f"person{number}")
        token = house.do(lambda act, user=user: act.passwords.issue_link(ADMIN, user.id)[2])
        more = (token,) if deed is used else ()
        with approvals.waiting(lambda d=deed, u=user, m=more: house.do(lambda act: d(act, u, *m)), "users", user.id) as mine:
            held = text("SELECT id FROM password_links WHERE user_id = :id FOR UPDATE NOWAIT")
            assert len(mine.execute(held, {"id": user.id}).all()) == 1, deed
