from concurrent.futures import ThreadPoolExecutor

import pytest

from homeport.directory.devices.model import BindingAct, BindingChanged, Desired, Subject, SubjectKind, Target, TargetKind
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import ReasonCode

READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader", frozenset({Permission.DEVICES_READ, Permission.GROUPS_READ}))
NOT_ASSIGNED = ReasonCode.DEVICE_NOT_ASSIGNED


@pytest.fixture
def lab(each_directory):
    """A device in a group, with several accounts allowed."""
    each_directory.provision(several_users=True)
    device = each_directory.a_device()
    return each_directory, device, each_directory.a_group("Lab", device)


def reason(directory, user, device):
    with directory.read() as actions:
        return actions.bindings.may_admit(user, device)


def entrants(directory, device, **asked):
    with directory.read() as actions:
        page = actions.access.entrants(READER, device.id, Listing(**asked))
    return [entrant.username for entrant in page.items], page.total


def desired(directory, binding):
    return directory.binding(binding.id).desired


def test_device_is_open_to_everybody_until_it_is_limited(lab):
    directory, device, _ = lab
    ada = directory.a_user("ada")
    assert reason(directory, ada, device) is None
    directory.limit(device)
    assert reason(directory, ada, device) is NOT_ASSIGNED
    assert directory.admit(ada, device) is NOT_ASSIGNED
    directory.limit(device, limited=False)
    assert reason(directory, ada, device) is None


@pytest.mark.parametrize("limit", ["device", "group"])
@pytest.mark.parametrize("to", ["device", "group"])
@pytest.mark.parametrize("who", ["user", "user group"])
def test_assigned_person_may_sign_in_by_each_way_and_nobody_else(lab, limit, to, who):
    directory, device, group = lab
    places = {"device": device, "group": group}
    ada, bob = directory.a_user("ada"), directory.a_user("bob")
    directory.limit(places[limit])
    subject = ada if who == "user" else directory.a_user_group("Staff", ada)
    assert directory.assign(subject, places[to])
    assert not directory.assign(subject, places[to])
    assert reason(directory, ada, device) is None
    assert reason(directory, bob, device) is NOT_ASSIGNED
    assert entrants(directory, device) == (["ada"], 1)
    assert directory.unassign(subject, places[to])
    assert not directory.unassign(subject, places[to])
    assert reason(directory, ada, device) is NOT_ASSIGNED


def test_assignment_to_another_device_or_group_helps_nobody(lab):
    directory, device, _ = lab
    ada = directory.a_user("ada")
    directory.limit(device)
    directory.assign(ada, directory.a_device())
    directory.assign(ada, directory.a_group("Other"))
    directory.assign(directory.a_user_group("Empty"), device)
    assert reason(directory, ada, device) is NOT_ASSIGNED


def test_state_is_said_before_access(lab):
    directory, device, _ = lab
    directory.limit(device)
    assert reason(directory, directory.a_user(state=UserState.SUSPENDED), device) is ReasonCode.USER_SUSPENDED


def test_account_is_suspended_with_the_assignment_and_comes_back_with_it(lab):
    directory, device, _ = lab
    ada, bob = directory.a_user("ada"), directory.a_user("bob")
    directory.assign(ada, device)
    hers, his = directory.admit(ada, device), directory.admit(bob, device, "s2")
    directory.events.clear()
    directory.limit(device)
    assert (desired(directory, hers), desired(directory, his)) == (Desired.PRESENT, Desired.SUSPENDED)
    assert directory.happened(BindingChanged) == [BindingChanged(his.id, device.id, BindingAct.SUSPEND)]
    directory.unassign(ada, device)
    assert directory.happened(BindingChanged) == [BindingChanged(hers.id, device.id, BindingAct.SUSPEND)]
    assert directory.admit(ada, device, "s3") is NOT_ASSIGNED
    directory.assign(ada, device)
    assert directory.happened(BindingChanged) == [BindingChanged(hers.id, device.id, BindingAct.ACTIVATE)]
    assert desired(directory, hers) is Desired.PRESENT


def test_person_who_leaves_the_user_group_loses_the_account_and_who_joins_gets_it_back(lab):
    directory, device, group = lab
    ada = directory.a_user("ada")
    staff = directory.a_user_group("Staff", ada)
    directory.assign(staff, group)
    directory.limit(group)
    binding = directory.admit(ada, device)
    for wanted, change in ((Desired.SUSPENDED, "remove_members"), (Desired.PRESENT, "add_members")):
        with directory.changing_user_groups() as groups:
            getattr(groups, change)(Actor(ActorKind.SYSTEM, "s", "s", frozenset(Permission)), staff.id, [ada.id])
        assert desired(directory, binding) is wanted
    with directory.changing_user_groups() as groups:
        groups.delete(Actor(ActorKind.SYSTEM, "s", "s", frozenset(Permission)), staff.id)
    assert desired(directory, binding) is Desired.SUSPENDED


def test_account_follows_the_device_into_and_out_of_a_limited_group(lab, admin):
    directory, _, group = lab
    directory.limit(group)
    ada, device = directory.a_user("ada"), directory.a_device()
    binding = directory.admit(ada, device)
    for wanted, change in ((Desired.SUSPENDED, "join"), (Desired.PRESENT, "leave"), (Desired.SUSPENDED, "join")):
        with directory.write() as actions:
            getattr(actions.groups, change)(admin, group.id, [device.id])
        assert desired(directory, binding) is wanted
    with directory.write() as actions:
        actions.groups.delete(admin, group.id)
    assert desired(directory, binding) is Desired.PRESENT


def test_activating_a_person_opens_only_where_they_may_sign_in(lab):
    directory, device, _ = lab
    other = directory.a_device()
    ada = directory.a_user("ada")
    here, there = directory.admit(ada, device), directory.admit(ada, other, "s2")
    directory.set_state(ada, UserState.SUSPENDED)
    directory.limit(device)
    directory.set_state(ada, UserState.ACTIVATED)
    assert (desired(directory, here), desired(directory, there)) == (Desired.SUSPENDED, Desired.PRESENT)
    directory.limit(device, limited=False)
    assert desired(directory, here) is Desired.PRESENT


def test_suspended_person_stays_suspended_when_they_are_assigned(lab):
    directory, device, _ = lab
    ada = directory.a_user("ada")
    binding = directory.admit(ada, device)
    directory.limit(device)
    directory.set_state(ada, UserState.SUSPENDED)
    directory.assign(ada, device)
    assert desired(directory, binding) is Desired.SUSPENDED
    directory.set_state(ada, UserState.ACTIVATED)
    assert desired(directory, binding) is Desired.PRESENT


def test_who_may_sign_in_is_paged_searched_and_tells_who_has_an_account(lab):
    directory, device, _ = lab
    ada, bob = directory.a_user("ada"), directory.a_user("bob")
    directory.a_user("carol", UserState.SUSPENDED)
    directory.admit(bob, device)
    assert entrants(directory, device) == (["ada", "bob"], 2)
    assert entrants(directory, device, limit=1, skip=1) == (["bob"], 2)
    assert entrants(directory, device, text="BOB@") == (["bob"], 1)
    with directory.read() as actions:
        found = actions.access.entrants_of(device, Listing()).items
    assert [(one.bound, one.uid) for one in found] == [(False, None), (True, 20000)]
    directory.assign(ada, device)
    directory.assign(directory.a_user_group("Staff", ada, bob), device)
    directory.limit(device)
    assert entrants(directory, device) == (["ada", "bob"], 2)


def test_assignments_are_listed_from_both_ends(lab, admin):
    directory, device, group = lab
    ada = directory.a_user("ada")
    staff = directory.a_user_group("Staff", ada)
    for who in (ada, staff):
        directory.assign(who, device)
    directory.assign(ada, group)
    with directory.read() as actions:
        to_device = actions.access.list(admin, Target(TargetKind.DEVICE, device.id))
        of_ada = actions.access.list(admin, Subject(SubjectKind.USER, ada.id), limit=1)
    assert ([one.subject_name for one in to_device.items], to_device.total) == (["Staff", "ada"], 2)
    assert ([one.target_name for one in of_ada.items], of_ada.total) == (["Lab"], 2)


def test_nothing_stays_assigned_to_or_from_what_is_gone(lab, admin):
    directory, device, group = lab
    ada, staff = directory.a_user("ada"), directory.a_user_group("Staff")
    other = directory.a_device()
    for who in (ada, staff):
        for place in (device, group, other):
            directory.assign(who, place)
    with directory.write() as actions:
        actions.devices.delete(admin, other.id)
        actions.groups.delete(admin, group.id)
    with directory.changing_people() as people:
        people.delete(admin, ada.id)
    with directory.read() as actions:
        left = actions.access.list(admin, Subject(SubjectKind.USER_GROUP, staff.id))
        assert actions.access.list(admin, Subject(SubjectKind.USER, ada.id)).total == 0
    assert [one.assignment.target.id for one in left.items] == [device.id]


def test_ends_that_are_not_there_are_refused(lab, admin):
    directory, device, _ = lab
    ada = Subject(SubjectKind.USER, directory.a_user("ada").id)
    here = Target(TargetKind.DEVICE, device.id)
    for subject, target in (
        (Subject(SubjectKind.USER, "none"), here),
        (Subject(SubjectKind.USER_GROUP, "none"), here),
        (ada, Target(TargetKind.DEVICE, "none")),
        (ada, Target(TargetKind.DEVICE_GROUP, "none")),
    ):
        with directory.write() as actions, pytest.raises(NotFound):
            actions.access.assign(admin, subject, target)


def test_access_is_changed_only_with_the_permission_and_over_the_version_that_was_read(lab, admin):
    directory, device, group = lab
    ada = Subject(SubjectKind.USER, directory.a_user("ada").id)
    for change in (
        lambda access: access.assign(READER, ada, Target(TargetKind.DEVICE, device.id)),
        lambda access: access.unassign(READER, ada, Target(TargetKind.DEVICE_GROUP, group.id)),
        lambda access: access.limit_device(READER, device.id, limited=True),
        lambda access: access.limit_group(READER, group.id, limited=True),
    ):
        with directory.write() as actions, pytest.raises(Denied):
            change(actions.access)
    directory.limit(device)
    directory.limit(group)
    with directory.write() as actions, pytest.raises(PreconditionFailed):
        actions.access.limit_device(admin, device.id, limited=False, version=1)
    with directory.write() as actions, pytest.raises(PreconditionFailed):
        actions.access.limit_group(admin, group.id, limited=False, version=1)


def test_nobody_slips_in_while_the_assignment_is_taken_back(lab):
    directory, device, group = lab
    directory.limit(group)
    for number in range(6):
        user = directory.a_user(f"racer{number}")
        staff = directory.a_user_group("", user)
        directory.assign(staff, group)
        with ThreadPoolExecutor(2) as pool:
            came = pool.submit(directory.admit, user, device, f"s{number}")
            pool.submit(directory.unassign, staff, group).result()
        if came.result() is not NOT_ASSIGNED:
            assert desired(directory, came.result()) is Desired.SUSPENDED
