from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from homeport.directory.devices.model import AccountPermission, OSFamily, ProvisioningSetting
from homeport.directory.devices.store.bindings import BindingSql
from homeport.directory.devices.store.devices import DeviceSql
from homeport.directory.devices.store.enrollment import EnrollmentKeySql
from homeport.directory.devices.store.provisioning import ProvisioningSql
from homeport.directory.devices.tables import devices
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Filter, Listing


@pytest.fixture
def connection(each_directory):
    with each_directory.database.write() as unit:
        yield unit.connection


def test_device_comes_back_as_it_was_stored(each_directory):
    device = each_directory.a_device()
    with each_directory.database.write() as unit:
        store = DeviceSql(unit.connection)
        assert store.get(device.id) == store.lock(device.id) == store.find_by_thumbprint(device.thumbprint) == device
        assert store.get("none") is store.lock("none") is store.find_by_thumbprint("none") is None
        assert not store.add(device)
        store.bump(device.id)
        assert store.get(device.id).desired_state_version == 2


def test_tombstone_is_found_by_id_alone(each_directory, admin):
    device = each_directory.a_device()
    with each_directory.write() as actions:
        actions.devices.delete(admin, device.id)
    with each_directory.database.read() as unit:
        store = DeviceSql(unit.connection)
        assert store.get(device.id).deleted_at is not None
        assert store.find_by_thumbprint(device.thumbprint) is None
        assert store.list(Listing()).total == 0


def test_devices_are_found_by_text_filter_order_and_window(each_directory, admin):
    machines = [each_directory.a_device() for _ in range(4)]
    with each_directory.write() as actions:
        actions.devices.rename(admin, machines[2].id, "An ÄPPLE_1")

    def found(**asked):
        with each_directory.database.read() as unit:
            page = DeviceSql(unit.connection).list(Listing(**asked))
        return [machines.index(next(one for one in machines if one.id == device.id)) for device in page.items], page.total

    assert found() == ([2, 0, 1, 3], 4)
    assert found(sort=("-name",), limit=2, skip=1) == ([1, 0], 4)
    assert found(text="debian LAB", limit=1) == ([2], 4)
    assert found(text="apple%") == ([], 0)
    assert found(text="pple_") == ([2], 1)
    assert found(filters=(Filter("serial_number", "eq", machines[3].serial_number),)) == ([3], 1)
    assert found(filters=(Filter("status", "eq", "pending"),)) == ([], 0)
    assert found(filters=(Filter("last_contact_at", "gt", "2026-11-23T00:00:00Z"),))[1] == 4
    with pytest.raises(Invalid):
        found(filters=(Filter("device_key", "eq", "x"),))


def test_use_is_counted_only_while_the_key_works(each_directory, admin, clock):
    key_id = each_directory.a_key(1).split(".")[1]
    with each_directory.database.write() as unit:
        store = EnrollmentKeySql(unit.connection)
        assert not store.count_use(key_id, clock.now() + timedelta(days=7))
        assert store.count_use(key_id, clock.now())
        assert not store.count_use(key_id, clock.now())
        assert store.lock(key_id).uses == 1
    other = each_directory.a_key(1).split(".")[1]
    with each_directory.database.write() as unit:
        store = EnrollmentKeySql(unit.connection)
        store.revoke(other, clock.now())
        assert not store.count_use(other, clock.now())
        assert [key.id for key in store.list(Listing(text="lab")).items] == [other, key_id]


def test_settings_have_defaults_and_are_kept(connection):
    store = ProvisioningSql(connection)
    assert store.get(OSFamily.LINUX) == ProvisioningSetting(OSFamily.LINUX, enabled=False, lease_days=14)
    for days in (3, 5):
        wanted = ProvisioningSetting(OSFamily.LINUX, True, AccountPermission.ADMIN, True, days)
        store.lock(OSFamily.LINUX)
        store.save(wanted)
        assert store.get(OSFamily.LINUX) == wanted
    keys = EnrollmentKeySql(connection)
    assert keys.approval_wanted() is False
    for wanted in (True, False, True):
        keys.set_approval_wanted(wanted=wanted)
        assert keys.approval_wanted() is wanted


def test_bindings_are_listed_with_names_and_counted_while_live(each_directory, admin, clock):
    each_directory.provision()
    user, device = each_directory.a_user("ada"), each_directory.a_device()
    first = each_directory.admit(user, device)
    with each_directory.write() as actions:
        actions.bindings.remove(admin, first.id)
    clock.forward(seconds=1)
    second = each_directory.admit(user, device, "s2")
    with each_directory.database.write() as unit:
        store = BindingSql(unit.connection)
        assert [named.binding.id for named in store.named(user_id=user.id)] == [second.id, first.id]
        assert {(named.user_name, named.device_name) for named in store.named(device_id=device.id)} == {("ada", device.hostname)}
        assert list(store.live(user_id=user.id)) == list(store.lock_live(device_id=device.id)) == [second]
        assert store.count_bindings(user.id) == 1
        assert store.get("none") is store.lock("none") is None


def test_accounts_on_macs_without_an_agent_are_counted_as_those_that_nothing_locks(each_directory):
    each_directory.provision()
    user, mac = each_directory.a_user("ada"), each_directory.a_device()
    each_directory.admit(user, mac)
    for os, agent, found in (("linux", "0.1.0", 0), ("macos", "0.1.0", 0), ("macos", "", 1)):
        with each_directory.database.write() as unit:
            unit.connection.execute(update(devices).where(devices.c.id == mac.id).values(os=os, agent_version=agent))
            assert BindingSql(unit.connection).count_unlockable([user.id]) == found
            assert BindingSql(unit.connection).count_unlockable([]) == 0


def test_database_itself_refuses_a_second_live_binding(each_directory, entropy):
    each_directory.provision()
    binding = each_directory.admit(each_directory.a_user("ada"), each_directory.a_device())
    twin = type(binding)(**{**{name: getattr(binding, name) for name in binding.__slots__}, "id": entropy.new_id()})
    with pytest.raises(IntegrityError), each_directory.database.write() as unit:
        BindingSql(unit.connection).add(twin)
