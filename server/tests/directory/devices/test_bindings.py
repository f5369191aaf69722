from dataclasses import replace
from datetime import timedelta

import pytest

from homeport.directory.devices.model import (
    AccountPermission,
    AccountReport,
    AccountState,
    After,
    BindingAct,
    BindingChanged,
    Desired,
    DesiredStateChanged,
    Observed,
    OrderOutcome,
    OrderReport,
    linux_name_allowed,
)
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, NotFound
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import ReasonCode


def may_admit(directory, user, device):
    with directory.read() as actions:
        return actions.bindings.may_admit(user, device)


def report(directory, device, **said):
    with directory.write() as actions:
        actions.bindings.report(device.id, **said)


@pytest.fixture
def bound(directory):
    directory.provision()
    user, device = directory.a_user("ada"), directory.a_device()
    binding = directory.admit(user, device)
    directory.events.clear()
    return user, device, binding


def test_admitted_person_gets_the_account_that_the_setting_describes(directory, clock):
    directory.provision(default_permission=AccountPermission.ADMIN, lease_days=3)
    user, device = directory.a_user("ada"), directory.a_device()
    assert may_admit(directory, user, device) is None
    binding = directory.admit(user, device, "s7")
    assert (binding.username, binding.uid, binding.gid, binding.permission) == ("ada", 20000, 20000, AccountPermission.ADMIN)
    assert (binding.desired, binding.observed, binding.sign_in_id) == (Desired.PRESENT, Observed.UNKNOWN, "s7")
    assert binding.lease_not_after == clock.now() + timedelta(days=3)
    assert directory.binding(binding.id) == binding
    assert directory.happened(BindingChanged) == [BindingChanged(binding.id, device.id, BindingAct.BIND)]


def test_same_sign_in_again_changes_nothing(directory, bound):
    user, device, binding = bound
    assert directory.admit(user, device) == binding
    assert directory.events == []


def test_later_sign_in_renews_the_lease_and_earns_a_fresh_order(directory, clock, bound):
    user, device, binding = bound
    clock.forward(days=2)
    again = directory.admit(user, device, "s2")
    assert (again.id, again.uid, again.sign_in_id) == (binding.id, binding.uid, "s2")
    assert again.lease_not_after == binding.lease_not_after + timedelta(days=2)
    assert directory.happened(BindingChanged) == [BindingChanged(binding.id, device.id, BindingAct.BIND)]


def test_uid_is_the_same_on_every_device(directory):
    directory.provision()
    ada, bob = directory.a_user("ada"), directory.a_user("bob")
    first = directory.admit(ada, directory.a_device())
    other = directory.admit(bob, directory.a_device())
    second = directory.admit(ada, directory.a_device())
    assert (first.uid, other.uid, second.uid) == (20000, 20001, 20000)


def test_nothing_happens_while_provisioning_is_disabled(directory):
    user, device = directory.a_user("ada"), directory.a_device()
    assert may_admit(directory, None, device) is ReasonCode.PROVISIONING_DISABLED
    assert directory.admit(user, device) is ReasonCode.PROVISIONING_DISABLED


def test_first_person_only_unless_several_are_allowed(directory, bound):
    _, device, _ = bound
    bob = directory.a_user("bob")
    assert may_admit(directory, bob, device) is ReasonCode.DEVICE_TAKEN
    assert directory.admit(bob, device) is ReasonCode.DEVICE_TAKEN
    assert may_admit(directory, None, device) is None
    directory.provision(several_users=True)
    assert directory.admit(bob, device).username == "bob"


def test_device_that_waits_or_is_gone_admits_nobody(directory, admin):
    directory.provision()
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=True)
    user, device = directory.a_user("ada"), directory.a_device()
    assert may_admit(directory, user, device) is directory.admit(user, device) is ReasonCode.DEVICE_PENDING
    with directory.write() as actions:
        actions.devices.approve(admin, device.id)
    assert may_admit(directory, user, device) is None
    with directory.write() as actions:
        actions.devices.delete(admin, device.id)
    assert may_admit(directory, user, device) is directory.admit(user, device) is ReasonCode.DEVICE_GONE


@pytest.mark.parametrize(
    ("state", "reason"), [(UserState.STAGED, ReasonCode.USER_STAGED), (UserState.SUSPENDED, ReasonCode.USER_SUSPENDED)]
)
def test_user_who_is_not_activated_is_not_admitted_whatever_the_caller_read_before(directory, state, reason):
    directory.provision()
    user, device = directory.a_user("ada", state), directory.a_device()
    assert may_admit(directory, user, device) is reason
    assert directory.admit(user, device) is reason


def test_deleted_user_is_not_admitted(directory, admin):
    directory.provision()
    user, device = directory.a_user("ada"), directory.a_device()
    with directory.changing_people() as people:
        people.delete(admin, user.id)
    assert directory.admit(user, device) is ReasonCode.USER_UNKNOWN


def test_system_names_and_names_that_linux_refuses_are_not_allowed(directory):
    directory.provision()
    device = directory.a_device()
    for name in ("root", "sudo", "7up", "a" * 32, "homeport-agent", "systemd-x"):
        user = directory.a_user(name)
        assert may_admit(directory, user, device) is directory.admit(user, device) is ReasonCode.USERNAME_NOT_ALLOWED
    assert linux_name_allowed("a" * 31)
    assert not linux_name_allowed("Ada")
    assert not linux_name_allowed("ada\n")


def test_name_of_another_account_on_the_device_is_not_allowed(directory, bound):
    directory.provision(several_users=True)
    ada, device, _ = bound
    with directory.changing_people() as people:
        people.users.save(replace(ada, username="ada2", email="ada2@example.com"))
    assert directory.admit(directory.a_user("ada"), device) is ReasonCode.USERNAME_NOT_ALLOWED


def test_no_uid_left_has_its_own_reason(directory):
    directory.last_uid = 20000
    directory.provision()
    directory.admit(directory.a_user(), directory.a_device())
    user, device = directory.a_user(), directory.a_device()
    assert may_admit(directory, user, device) is directory.admit(user, device) is ReasonCode.UNIX_IDS_EXHAUSTED


def test_suspending_and_activating_a_user_changes_every_account(directory, clock, bound):
    user, device, binding = bound
    other = directory.admit(user, directory.a_device())
    directory.events.clear()
    directory.set_state(user, UserState.SUSPENDED)
    assert [directory.binding(one.id).desired for one in (binding, other)] == [Desired.SUSPENDED] * 2
    assert [event.kind for event in directory.happened(BindingChanged)] == [BindingAct.SUSPEND] * 2
    clock.forward(days=20)
    directory.set_state(user, UserState.ACTIVATED)
    back = directory.binding(binding.id)
    assert back.desired is Desired.PRESENT
    assert back.lease_not_after == clock.now() + timedelta(days=14)
    assert [event.kind for event in directory.happened(BindingChanged)] == [BindingAct.ACTIVATE] * 2
    with directory.read() as actions:
        assert actions.devices.find(device.id).desired_state_version == 4


def test_removed_account_stays_removed_when_the_user_is_activated(directory, admin, bound):
    user, _, binding = bound
    with directory.write() as actions:
        actions.bindings.remove(admin, binding.id, After.LOCK)
    directory.set_state(user, UserState.SUSPENDED)
    directory.set_state(user, UserState.ACTIVATED)
    assert directory.binding(binding.id).desired is Desired.REMOVED


@pytest.mark.parametrize("after", list(After))
def test_removing_says_what_becomes_of_the_account_and_happens_once(directory, admin, bound, after):
    user, device, binding = bound
    for _ in range(2):
        with directory.write() as actions:
            removed = actions.bindings.remove(admin, binding.id, after)
    assert (removed.desired, removed.after) == (Desired.REMOVED, after)
    assert [event.kind for event in directory.events if isinstance(event, BindingChanged)] == [BindingAct.UNBIND]
    assert directory.happened(DesiredStateChanged) == [DesiredStateChanged(device.id)]
    again = directory.admit(user, device, "s9")
    assert again.id != binding.id
    assert again.uid == binding.uid


def test_suspended_account_is_locked_even_when_it_should_be_kept(directory, admin, bound):
    user, _, binding = bound
    directory.set_state(user, UserState.SUSPENDED)
    with directory.write() as actions:
        assert actions.bindings.remove(admin, binding.id, After.KEEP).after is After.LOCK


def test_deleting_a_user_locks_the_accounts_and_keeps_the_trace(directory, admin, bound):
    user, device, binding = bound
    with directory.changing_people() as people:
        assert people.count_bindings(admin, user.id) == 1
        people.delete(admin, user.id)
    removed = directory.binding(binding.id)
    assert (removed.desired, removed.after) == (Desired.REMOVED, After.LOCK)
    with directory.read() as actions:
        (named,) = actions.bindings.of_device(admin, device.id)
    assert named.user_name == "ada (deleted)"


def test_removing_needs_the_permission_and_an_existing_binding(directory, admin, bound):
    reader = Actor(ActorKind.ADMINISTRATOR, "a", "reader", frozenset({Permission.DEVICES_READ}))
    with directory.write() as actions, pytest.raises(Denied):
        actions.bindings.remove(reader, bound[2].id)
    with directory.write() as actions, pytest.raises(NotFound):
        actions.bindings.remove(admin, "none")


def test_receipts_and_accounts_set_what_was_observed(directory, clock, bound):
    user, device, binding = bound
    report(
        directory,
        device,
        orders=[OrderReport(binding.id, BindingAct.BIND, OrderOutcome.REFUSED, "account_name_taken")],
        accounts=[AccountReport(user.id, AccountState.MISSING)],
    )
    seen = directory.binding(binding.id)
    assert (seen.observed, seen.reason, seen.confirmed_at) == (Observed.REFUSED, "account_name_taken", None)
    report(directory, device, orders=[OrderReport(binding.id, BindingAct.BIND, OrderOutcome.DONE)])
    seen = directory.binding(binding.id)
    assert (seen.observed, seen.reason, seen.confirmed_at, seen.passcode_set_at) == (Observed.PRESENT, "", clock.now(), None)
    report(directory, device, accounts=[AccountReport(user.id, AccountState.ACTIVE, passcode_set=True)])
    assert directory.binding(binding.id).passcode_set_at == clock.now()
    directory.set_state(user, UserState.SUSPENDED)
    assert directory.binding(binding.id).confirmed_at is None
    report(directory, device, accounts=[AccountReport(user.id, AccountState.SUSPENDED, passcode_set=True)])
    assert directory.binding(binding.id).settled


def test_failed_order_keeps_what_was_observed_and_a_strange_reason_is_not_kept(directory, bound):
    _, device, binding = bound
    report(directory, device, orders=[OrderReport(binding.id, BindingAct.BIND, OrderOutcome.FAILED, "\x00<b>")])
    seen = directory.binding(binding.id)
    assert (seen.observed, seen.reason) == (Observed.UNKNOWN, "unknown")


def test_device_cannot_report_on_another_devices_binding(directory, bound):
    user, _, binding = bound
    stranger = directory.a_device()
    report(
        directory,
        stranger,
        orders=[OrderReport(binding.id, BindingAct.BIND, OrderOutcome.DONE)],
        accounts=[AccountReport(user.id, AccountState.ACTIVE)],
    )
    assert directory.binding(binding.id).observed is Observed.UNKNOWN


def test_leases_are_renewed_when_less_than_half_is_left_and_only_where_wanted(directory, clock, bound):
    user, device, binding = bound

    def renew():
        with directory.write() as actions:
            return actions.bindings.renew_leases(device.id)

    clock.forward(days=6)
    assert renew() == 0
    clock.forward(days=2)
    assert renew() == 1
    assert directory.happened(BindingChanged) == [BindingChanged(binding.id, device.id, BindingAct.ACTIVATE)]
    assert directory.binding(binding.id).lease_not_after == clock.now() + timedelta(days=14)
    directory.set_state(user, UserState.SUSPENDED)
    clock.forward(days=13)
    assert renew() == 0


def test_every_change_is_in_the_audit_log(directory, admin, bound):
    user, _, binding = bound
    directory.set_state(user, UserState.SUSPENDED)
    with directory.database.read() as unit:
        asked = Listing(filters=(Filter("event_type", "eq", "association_change"),))
        entries = directory.audit(unit).search(admin, asked).items
    assert [entry.changed()[0].after for entry in entries] == ["suspended", "present"]
    assert entries[-1].actor_name == "ada"
    assert entries[-1].detailed()["uid"] == binding.uid
