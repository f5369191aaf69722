from datetime import timedelta

import pytest

from homeport.directory.devices.model import (
    AccountPermission,
    BindingAct,
    BindingChanged,
    Desired,
    GroupRule,
    OSFamily,
)
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, Invalid
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission

ADMIN, STANDARD = AccountPermission.ADMIN, AccountPermission.STANDARD
READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader", frozenset({Permission.PROVISIONING_READ}))


@pytest.fixture
def house(each_directory):
    each_directory.provision(several_users=True, lease_days=14)
    return each_directory


def rule(house, admin, *rules):
    with house.write() as actions:
        return actions.provisioning.set_rules(admin, OSFamily.LINUX, rules)


def members(house, admin, change, group, *users):
    with house.changing_user_groups() as groups:
        getattr(groups, change)(admin, group.id, [user.id for user in users])


def test_members_get_what_their_groups_say_and_all_others_the_default(house, admin, clock):
    ada, bob, carol = house.a_user("ada"), house.a_user("bob"), house.a_user("carol")
    staff, guests, field = (
        house.a_user_group("Staff", ada),
        house.a_user_group("Guests", bob),
        house.a_user_group("Field", ada, bob),
    )
    rule(house, admin, GroupRule(staff.id, admin=True), GroupRule(guests.id, lease_days=3), GroupRule(field.id, lease_days=60))
    device = house.a_device()
    found = [house.admit(user, device, f"s {user.username}") for user in (ada, bob, carol)]
    assert [binding.permission for binding in found] == [ADMIN, STANDARD, STANDARD]
    days = [(binding.lease_not_after - clock.now()) / timedelta(days=1) for binding in found]
    assert days == [60, 3, 14], "of several leases the shortest counts, and it replaces the default"


def test_joining_and_leaving_the_group_changes_the_account_by_order(house, admin):
    ada, device = house.a_user("ada"), house.a_device()
    staff, other = house.a_user_group("Staff"), house.a_user_group("Other", ada)
    rule(house, admin, GroupRule(staff.id, admin=True))
    binding = house.admit(ada, device)
    house.events.clear()
    for wanted, change in ((ADMIN, "add_members"), (STANDARD, "remove_members")):
        members(house, admin, change, staff, ada)
        assert house.binding(binding.id).permission is wanted
        assert house.happened(BindingChanged) == [BindingChanged(binding.id, device.id, BindingAct.ACTIVATE)]
    members(house, admin, "remove_members", other, ada)
    assert house.events == [], "a group without a rule changes nothing"


def test_person_in_two_administrators_groups_loses_the_rights_with_the_second(house, admin):
    ada, device = house.a_user("ada"), house.a_device()
    first, second = house.a_user_group("First", ada), house.a_user_group("Second", ada)
    rule(house, admin, GroupRule(first.id, admin=True), GroupRule(second.id, admin=True))
    binding = house.admit(ada, device)
    members(house, admin, "remove_members", first, ada)
    assert house.binding(binding.id).permission is ADMIN
    with house.changing_user_groups() as groups:
        groups.delete(admin, second.id)
    assert house.binding(binding.id).permission is STANDARD
    with house.read() as actions:
        assert [one.user_group_id for one in actions.provisioning.rules(READER)] == [first.id]


def test_accounts_follow_when_the_rules_change_and_those_of_others_stay(house, admin):
    ada, bob, device = house.a_user("ada"), house.a_user("bob"), house.a_device()
    staff = house.a_user_group("Staff", ada)
    house.provision(several_users=True, default_permission=ADMIN)
    his = house.admit(bob, device, "s2")
    house.provision(several_users=True, default_permission=STANDARD)
    hers = house.admit(ada, device)
    for wanted, rules in ((ADMIN, [GroupRule(staff.id, admin=True)]), (STANDARD, [])):
        rule(house, admin, *rules)
        assert house.binding(hers.id).permission is wanted
        assert house.binding(his.id).permission is ADMIN, "an account that no rule concerns keeps what it has"


def test_longer_lease_is_cut_at_once_and_a_shorter_one_grows_at_its_renewal(house, admin, clock):
    ada, device = house.a_user("ada"), house.a_device()
    staff = house.a_user_group("Staff", ada)
    binding = house.admit(ada, device)
    house.events.clear()
    rule(house, admin, GroupRule(staff.id, lease_days=2))
    assert house.binding(binding.id).lease_not_after == clock.now() + timedelta(days=2)
    assert house.happened(BindingChanged) == [BindingChanged(binding.id, device.id, BindingAct.ACTIVATE)]
    rule(house, admin, GroupRule(staff.id, lease_days=90))
    assert house.events == []
    with house.write() as actions:
        assert actions.bindings.leases_run_low(device.id)
        assert actions.bindings.renew_leases(device.id) == 1
    assert house.binding(binding.id).lease_not_after == clock.now() + timedelta(days=90)


def test_suspended_account_learns_of_its_rights_when_it_comes_back(house, admin):
    ada, device = house.a_user("ada"), house.a_device()
    staff = house.a_user_group("Staff")
    rule(house, admin, GroupRule(staff.id, admin=True))
    binding = house.admit(ada, device)
    house.set_state(ada, UserState.SUSPENDED)
    house.events.clear()
    members(house, admin, "add_members", staff, ada)
    assert house.events == []
    house.set_state(ada, UserState.ACTIVATED)
    found = house.binding(binding.id)
    assert (found.permission, found.desired) == (ADMIN, Desired.PRESENT)


@pytest.mark.parametrize(
    "bad",
    [
        lambda _one: [GroupRule("none", admin=True)],
        lambda one: [GroupRule(one, admin=True), GroupRule(one, lease_days=3)],
        lambda one: [GroupRule(one, lease_days=0)],
        lambda one: [GroupRule(one, lease_days=91)],
    ],
)
def test_bad_rule_is_refused_and_nothing_changes(directory, admin, bad):
    group = directory.a_user_group("Staff")
    with pytest.raises(Invalid) as refused, directory.write() as actions:
        actions.provisioning.set_rules(admin, OSFamily.LINUX, bad(group.id))
    assert list(refused.value.fields) == ["groups"]
    with directory.read() as actions:
        assert actions.provisioning.rules(READER) == []


def test_rules_are_audited_by_name_and_need_the_permission(directory, admin):
    group = directory.a_user_group("Staff")
    for _ in range(2):
        rule(directory, admin, GroupRule(group.id, admin=True, lease_days=3))
    with directory.database.read() as unit:
        asked = Listing(filters=(Filter("event_type", "eq", "provisioning_setting_update"),))
        (entry,) = directory.audit(unit).search(admin, asked).items
    assert [(change.field, change.after) for change in entry.changed()] == [("group Staff", "administrator, lease of 3 days")]
    with directory.write() as actions, pytest.raises(Denied):
        actions.provisioning.set_rules(READER, OSFamily.LINUX, [])


def test_rules_are_read_and_written_over_the_api(directory, caller):
    api = caller()
    group = directory.a_user_group("Staff")
    path = "/api/v2/devices/settings/signinwithjumpcloud"

    def groups():
        return next(one["groups"] for one in api.get(path).json()["settings"] if one["osFamily"] == "LINUX")

    wanted = {"userGroupId": group.id, "permission": "ADMIN", "leaseDays": None}
    assert api.put(path, json={"settings": [{"osFamily": "LINUX", "groups": [wanted]}]}).status_code == 204
    assert api.put(path, json={"settings": [{"osFamily": "LINUX", "leaseDays": 3}]}).status_code == 204
    assert groups() == [wanted]
    bad = api.put(path, json={"settings": [{"osFamily": "LINUX", "groups": [{**wanted, "leaseDays": 100}]}]})
    assert (bad.status_code, bad.json()["details"][0]["field"]) == (400, "groups")
    assert api.put(path, json={"settings": [{"osFamily": "LINUX", "groups": []}]}).status_code == 204
    assert groups() == []
