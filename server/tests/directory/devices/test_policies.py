"""ssh and sudo as a device, its groups and the setting say: who has the last word, who hears of it, and who may change it."""

import pytest

from homeport.directory.devices.model import (
    DesiredStateChanged,
    DevicePolicy,
    PolicySource,
    ProvisioningSetting,
    SshPolicy,
    SudoPolicy,
    Target,
    TargetKind,
)
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission

MANAGER = Actor(ActorKind.ADMINISTRATOR, "m", "manager", frozenset({Permission.DEVICES_READ, Permission.DEVICES_WRITE}))


def holds(directory, admin, device):
    with directory.read() as actions:
        found = actions.policies.effective(admin, [device])[device.id]
        wanted = actions.policies.of_device(device)
    assert isinstance(wanted, ProvisioningSetting)
    assert (wanted.ssh, wanted.sudo) == (found.ssh.value, found.sudo.value), "the device hears what the portal shows"
    return found


def version_of(directory, device):
    with directory.read() as actions:
        return actions.devices.find(device.id).desired_state_version


def test_the_device_wins_over_its_groups_the_stricter_group_over_the_other_and_any_of_them_over_the_setting(
    each_directory, admin
):
    house, device = each_directory, each_directory.a_device()
    house.provision(ssh=SshPolicy.KEY, sudo=SudoPolicy.BROWSER)
    loose, strict = house.a_group("A loose one", device), house.a_group("Z strict", device)
    house.a_group("Silent", device)
    found = holds(house, admin, device)
    assert (found.ssh.value, found.ssh.source) == (SshPolicy.KEY, PolicySource.SETTING)

    house.say(loose, SshPolicy.PASSCODE, SudoPolicy.PASSCODE)
    found = holds(house, admin, device)
    assert (found.ssh.value, found.ssh.source, found.ssh.group_name) == (
        SshPolicy.PASSCODE,
        PolicySource.DEVICE_GROUP,
        "A loose one",
    )
    house.say(strict, SshPolicy.BROWSER)
    found = holds(house, admin, device)
    assert (found.ssh.value, found.ssh.group_id) == (SshPolicy.BROWSER, strict.id)
    assert (found.sudo.value, found.sudo.group_id) == (SudoPolicy.PASSCODE, loose.id), "each of the two is decided for itself"

    house.say(device, sudo=SudoPolicy.NEVER)
    found = holds(house, admin, device)
    assert (found.sudo.value, found.sudo.source) == (SudoPolicy.NEVER, PolicySource.DEVICE)
    house.say(device, SshPolicy.PASSCODE, SudoPolicy.PASSCODE)
    found = holds(house, admin, device)
    assert (found.ssh.value, found.sudo.value) == (SshPolicy.PASSCODE, SudoPolicy.PASSCODE), "also when it is the loosest"
    house.say(device)
    assert holds(house, admin, device).ssh.group_id == strict.id


@pytest.mark.parametrize(
    ("one", "other", "wins"),
    [
        ("passcode", "key", "key"),
        ("key", "browser", "browser"),
        ("browser", "passcode", "browser"),
        ("key", "key", "key"),
    ],
)
def test_of_two_groups_the_stricter_word_on_ssh_holds(directory, admin, one, other, wins):
    device = directory.a_device()
    directory.say(directory.a_group("One", device), SshPolicy(one))
    directory.say(directory.a_group("Other", device), SshPolicy(other))
    assert holds(directory, admin, device).ssh.value == wins


@pytest.mark.parametrize(
    ("one", "other", "wins"), [("passcode", "browser", "browser"), ("never", "browser", "never"), ("passcode", "never", "never")]
)
def test_of_two_groups_the_stricter_word_on_sudo_holds(directory, admin, one, other, wins):
    device = directory.a_device()
    directory.say(directory.a_group("One", device), sudo=SudoPolicy(one))
    directory.say(directory.a_group("Other", device), sudo=SudoPolicy(other))
    assert holds(directory, admin, device).sudo.value == wins


def test_the_devices_that_a_word_concerns_hear_of_it_at_once_and_no_others(each_directory, admin):
    house = each_directory
    inside, alone = house.a_device(), house.a_device()
    group, silent = house.a_group("Servers", inside), house.a_group("Silent")

    def told(change):
        before = {device.id: version_of(house, device) for device in (inside, alone)}
        house.events.clear()
        change()
        risen = {device.id for device in (inside, alone) if version_of(house, device) > before[device.id]}
        assert {event.device_id for event in house.happened(DesiredStateChanged)} == risen
        return risen

    def moves(verb, to, device):
        with house.write() as actions:
            getattr(actions.groups, verb)(admin, to.id, [device.id])

    assert told(lambda: house.say(group, SshPolicy.BROWSER)) == {inside.id}
    assert told(lambda: house.say(group, SshPolicy.BROWSER)) == set(), "nothing changed"
    assert told(lambda: moves("join", group, alone)) == {alone.id}
    assert told(lambda: moves("join", silent, alone)) == {alone.id}, "it may concern who may come"
    assert told(lambda: moves("leave", group, inside)) == {inside.id}
    assert holds(house, admin, inside).ssh.value is SshPolicy.KEY
    assert told(lambda: house.say(inside, sudo=SudoPolicy.NEVER)) == {inside.id}

    def delete():
        with house.write() as actions:
            actions.groups.delete(admin, group.id)

    assert told(delete) == {alone.id}
    assert told(lambda: house.provision(ssh=SshPolicy.BROWSER)) == {inside.id, alone.id}, "a word of the setting concerns all"
    assert told(house.provision) == {inside.id, alone.id}
    assert told(lambda: house.provision(lease_days=30)) == set()
    ada = house.a_user()
    assert told(lambda: house.limit(alone)) == {alone.id}, "who may come has changed there"
    assert told(lambda: house.assign(ada, alone)) == {alone.id}
    assert told(lambda: house.unassign(ada, alone)) == {alone.id}
    assert holds(house, admin, alone).ssh.source is PolicySource.SETTING


def test_a_change_is_audited_with_what_was_said_before_and_counted_as_one_of_its_target(directory, admin):
    device = directory.a_device()
    group = directory.a_group("Servers")
    directory.say(device, SshPolicy.BROWSER)
    directory.say(device, SshPolicy.BROWSER, SudoPolicy.NEVER)
    directory.say(group, sudo=SudoPolicy.BROWSER)

    def changes(event_type):
        with directory.database.read() as unit:
            asked = Listing(filters=(Filter("event_type", "eq", event_type),))
            found = directory.audit(unit).search(admin, asked).items
        return [[(change.field, change.before, change.after) for change in entry.changed()] for entry in found]

    assert changes("system_update") == [[("sudo", "inherited", "never")], [("ssh", "inherited", "browser")]]
    assert changes("group_update") == [[("sudo", "inherited", "browser")]]
    with directory.read() as actions:
        assert actions.devices.get(admin, device.id).version == device.version + 2
    for target in (Target(TargetKind.DEVICE, device.id), Target(TargetKind.DEVICE_GROUP, group.id)):
        with directory.write() as actions, pytest.raises(PreconditionFailed):
            actions.policies.set(admin, target, DevicePolicy(), version=1)


def test_who_may_manage_devices_may_not_open_them_wider(directory):
    device = directory.a_device()
    with directory.write() as actions, pytest.raises(Denied):
        actions.policies.set(MANAGER, Target(TargetKind.DEVICE, device.id), DevicePolicy(SshPolicy.PASSCODE))
    with directory.write() as actions:
        assert actions.policies.get(MANAGER, Target(TargetKind.DEVICE, device.id)).silent


def test_what_is_not_there_says_nothing(directory, admin):
    device = directory.a_device()
    directory.say(device, SshPolicy.BROWSER)
    with directory.write() as actions:
        actions.devices.delete(admin, device.id)
    for target in (Target(TargetKind.DEVICE, device.id), Target(TargetKind.DEVICE_GROUP, "nothing")):
        with directory.write() as actions, pytest.raises(NotFound):
            actions.policies.set(admin, target, DevicePolicy(SshPolicy.KEY))
    with directory.read() as actions:
        assert actions.policies.exceptions(admin, 10) == ([], 0)
