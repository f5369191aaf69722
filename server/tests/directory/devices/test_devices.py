from dataclasses import replace
from datetime import timedelta

import pytest

from homeport.directory.devices.model import (
    AccountPermission,
    After,
    BindingAct,
    BindingChanged,
    Desired,
    DesiredStateChanged,
    DeviceApproved,
    DeviceDeleted,
    DeviceFacts,
    DeviceStatus,
    ExistingAccount,
    OSFamily,
    ProvisioningSetting,
    SshPolicy,
    SudoPolicy,
    UidUse,
    name_allowed,
)
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission

NOBODY = Actor(ActorKind.ADMINISTRATOR, "a", "nobody")


def test_device_is_renamed_once_for_each_version(directory, admin):
    device = directory.a_device()
    with directory.write() as actions:
        renamed = actions.devices.rename(admin, device.id, " Front desk ", version=1)
        assert (renamed.name, renamed.version) == ("Front desk", 2)
        with pytest.raises(PreconditionFailed):
            actions.devices.rename(admin, device.id, "Other", version=1)
        assert actions.devices.rename(admin, device.id, "").name == device.hostname
        with pytest.raises(Invalid):
            actions.devices.rename(admin, device.id, "a\x00b")


def test_waiting_device_is_approved_and_told(directory, admin):
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=True)
    device = directory.a_device()
    directory.events.clear()
    for _ in range(2):
        with directory.write() as actions:
            approved = actions.devices.approve(admin, device.id)
    assert approved.status is DeviceStatus.ACTIVE
    assert directory.events == [DeviceApproved(device.id), DesiredStateChanged(device.id)]


def test_deleting_ends_the_bindings_and_leaves_a_tombstone(directory, admin, clock):
    directory.provision()
    user, device = directory.a_user("ada"), directory.a_device()
    binding = directory.admit(user, device)
    directory.events.clear()
    with directory.write() as actions:
        assert actions.devices.delete(admin, device.id).id == device.id
    assert directory.events[0] == BindingChanged(binding.id, device.id, BindingAct.UNBIND)
    assert DeviceDeleted(device.id) in directory.events
    removed = directory.binding(binding.id)
    assert (removed.desired, removed.after) == (Desired.REMOVED, After.KEEP)
    with directory.write() as actions:
        assert actions.devices.find(device.id).deleted_at == clock.now()
        for attempt in (actions.devices.get, actions.devices.approve, actions.devices.delete):
            with pytest.raises(NotFound):
                attempt(admin, device.id)
        actions.devices.touch(device.id, "192.0.2.200")
        assert actions.devices.find(device.id).address == device.address


def test_a_mac_that_is_woken_once_a_day_is_in_contact_between_two_times_and_one_with_an_agent_is_not(directory, clock):
    mac = replace(directory.a_device(), os="macos", agent_version="")
    for hours, heard in ((25, True), (26, False)):
        assert mac.in_contact(clock.now() + timedelta(hours=hours)) is heard
    assert not replace(mac, agent_version="0.1.0").in_contact(clock.now() + timedelta(minutes=3))


def test_contact_notes_time_address_and_what_was_said(directory, clock):
    device = directory.a_device()
    clock.forward(minutes=5)
    assert not device.in_contact(clock.now())
    with directory.write() as actions:
        actions.devices.touch(device.id, "192.0.2.8", DeviceFacts(hostname="new", os_version="13", machine_id=device.machine_id))
        actions.devices.touch("none", "192.0.2.8")
        seen = actions.devices.find(device.id)
    assert (seen.hostname, seen.os_version, seen.os_name, seen.address) == ("new", "13", device.os_name, "192.0.2.8")
    assert seen.machine_id == device.machine_id
    assert seen.in_contact(clock.now() + timedelta(minutes=2))
    assert seen.version == device.version


def test_every_verb_of_an_administrator_needs_its_permission(directory):
    with directory.write() as actions:
        for attempt in (
            lambda: actions.devices.list(NOBODY, Listing()),
            lambda: actions.devices.get(NOBODY, "x"),
            lambda: actions.devices.rename(NOBODY, "x", "y"),
            lambda: actions.devices.approve(NOBODY, "x"),
            lambda: actions.devices.delete(NOBODY, "x"),
            lambda: actions.keys.list(NOBODY, Listing()),
            lambda: actions.keys.get(NOBODY, "x"),
            lambda: actions.keys.revoke(NOBODY, "x"),
            lambda: actions.keys.approval_wanted(NOBODY),
            lambda: actions.keys.set_approval_wanted(NOBODY, wanted=True),
            lambda: actions.bindings.get(NOBODY, "x"),
            lambda: actions.bindings.of_user(NOBODY, "x"),
            lambda: actions.bindings.of_device(NOBODY, "x"),
            lambda: actions.provisioning.list(NOBODY),
            lambda: actions.provisioning.get(NOBODY),
            lambda: actions.provisioning.set(NOBODY, ProvisioningSetting(OSFamily.LINUX)),
            lambda: actions.provisioning.uid_use(NOBODY),
        ):
            with pytest.raises(Denied):
                attempt()


@pytest.mark.parametrize("family", [OSFamily.MACOS, OSFamily.WINDOWS])
def test_what_never_ran_on_such_a_device_is_no_way_in_yet(directory, admin, family):
    with directory.write() as actions:
        actions.provisioning.set(admin, ProvisioningSetting(family, enabled=True))
        assert not actions.provisioning.any_enabled()


def test_setting_is_stored_with_what_changed(directory, admin):
    with directory.write() as actions:
        assert not actions.provisioning.any_enabled()
        wanted = ProvisioningSetting(OSFamily.LINUX, enabled=True, default_permission=AccountPermission.ADMIN)
        actions.provisioning.set(admin, wanted)
        actions.provisioning.set(admin, wanted)
        assert actions.provisioning.any_enabled()
        assert actions.provisioning.get(admin) == replace(wanted, version=1)
    with directory.database.read() as unit:
        asked = Listing(filters=(Filter("event_type", "eq", "provisioning_setting_update"),))
        (entry,) = directory.audit(unit).search(admin, asked).items
    assert {(change.field, change.after) for change in entry.changed()} == {("enabled", True), ("default_permission", "admin")}


@pytest.mark.parametrize("family", [OSFamily.MACOS, OSFamily.WINDOWS])
@pytest.mark.parametrize("bad", [{"ssh": SshPolicy.BROWSER}, {"sudo": SudoPolicy.NEVER}, {"existing": ExistingAccount.TAKE_OVER}])
def test_what_only_linux_has_cannot_be_set_elsewhere(directory, admin, family, bad):
    with directory.write() as actions:
        with pytest.raises(Invalid, match="for Linux only"):
            actions.provisioning.set(admin, ProvisioningSetting(family, enabled=True, **bad))
        actions.provisioning.set(admin, ProvisioningSetting(family, enabled=True, default_permission=AccountPermission.ADMIN))
        stored = actions.provisioning.get(admin, family)
    assert (stored.enabled, stored.verified, stored.default_permission) == (True, False, AccountPermission.ADMIN)


@pytest.mark.parametrize(
    ("family", "username", "allowed"),
    [
        ("linux", "guest", True),
        ("macos", "guest", False),
        ("windows", "guest", False),
        ("windows", "con", False),
        ("macos", "con", True),
        ("windows", "a" * 20, True),
        ("windows", "a" * 21, False),
        ("linux", "a" * 31, True),
        ("windows", "ada.", False),
        ("macos", "root", False),
        ("windows", "administrator", False),
    ],
)
def test_a_name_that_a_system_keeps_for_itself_is_no_persons(family, username, allowed):
    assert name_allowed(OSFamily(family), username) is allowed


@pytest.mark.parametrize("days", [0, 91])
def test_lease_has_limits(directory, admin, days):
    with directory.write() as actions, pytest.raises(Invalid):
        actions.provisioning.set(admin, ProvisioningSetting(OSFamily.LINUX, lease_days=days))


def test_reader_may_read_settings_and_not_change_them(directory):
    reader = Actor(ActorKind.ADMINISTRATOR, "a", "reader", frozenset({Permission.PROVISIONING_READ}))
    with directory.write() as actions:
        assert not actions.provisioning.get(reader).enabled
        assert actions.provisioning.uid_use(reader) == UidUse(0)
        with pytest.raises(Denied):
            actions.provisioning.set(reader, ProvisioningSetting(OSFamily.LINUX))


def test_uids_are_scarce_from_80_percent():
    assert not UidUse(31_999).scarce
    assert UidUse(32_000).scarce
