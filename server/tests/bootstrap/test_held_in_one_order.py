"""Whoever changes several users or devices holds users before devices, each in the order of their ids; so no two wait for each other."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from tests.support.house import ADMIN
from tests.support.together import together

from homeport.directory.devices.model import GroupRule, OSFamily, Subject, SubjectKind, Target, TargetKind
from homeport.directory.people.model import UserState
from homeport.directory.people.model.imports import Meaning, Row

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
