"""A restore lets nobody back in who lost access since the backup; the backup here is the state that is made again by hand."""

from homeport.bootstrap.carried import read_carried
from homeport.directory.admins.model import READ_ONLY, Administrator
from homeport.directory.devices.model import (
    Desired,
    DevicePolicy,
    ExistingAccount,
    OSFamily,
    ProvisioningSetting,
    SshPolicy,
    Subject,
    SubjectKind,
    SudoPolicy,
    Target,
    TargetKind,
)
from homeport.foundation.kernel.actor import system

ADMIN = system("admin")


def test_limits_set_and_assignments_taken_back_since_the_backup_stand_after_a_restore(any_house):
    any_house.provision()
    user, machine = any_house.user("ada"), any_house.device()
    group = any_house.do(lambda act: act.device_groups.create(ADMIN, "Lab"))
    ada, here = Subject(SubjectKind.USER, user.id), Target(TargetKind.DEVICE, machine.id)

    def open_to_all(act, *, limited):
        act.access.limit_device(ADMIN, machine.id, limited=limited)
        act.access.limit_group(ADMIN, group.id, limited=limited)
        (act.access.unassign if limited else act.access.assign)(ADMIN, ada, here)

    binding = any_house.do(lambda act: act.bindings.admit(user, act.devices.find(machine.id), "a sign-in"))
    any_house.do(lambda act: open_to_all(act, limited=True))
    with any_house.home.parts.database.read() as unit:
        carried = read_carried(unit.connection)
    any_house.do(lambda act: open_to_all(act, limited=False))
    assert any_house.do(lambda act: act.bindings.find(binding.id)).desired is Desired.PRESENT

    told = any_house.do(lambda act: carried.put_back(act, act.people.users.connection, ADMIN))
    assert "limits set and assignments taken back since: 3" in told
    found = any_house.do(
        lambda act: (act.devices.find(machine.id), act.device_groups.get(ADMIN, group.id), act.bindings.find(binding.id))
    )
    assert (found[0].limited, found[1].limited, found[2].desired) == (True, True, Desired.SUSPENDED)
    assert any_house.do(lambda act: act.access.list(ADMIN, here)).total == 0


def test_a_restore_makes_ssh_and_sudo_nowhere_looser_than_they_were(any_house):
    any_house.provision()
    machine, other = any_house.device(), any_house.device()
    group = any_house.do(lambda act: act.device_groups.create(ADMIN, "Servers"))
    here, there, of_group = (
        Target(TargetKind.DEVICE, machine.id),
        Target(TargetKind.DEVICE, other.id),
        Target(TargetKind.DEVICE_GROUP, group.id),
    )

    def say(act, setting, policies, existing=ExistingAccount.REFUSE):
        act.provisioning.set(ADMIN, ProvisioningSetting(OSFamily.LINUX, enabled=True, ssh=setting, existing=existing))
        for target, policy in policies.items():
            act.policies.set(ADMIN, target, policy)

    stricter = {
        here: DevicePolicy(SshPolicy.BROWSER, SudoPolicy.PASSCODE),
        there: DevicePolicy(),
        of_group: DevicePolicy(sudo=SudoPolicy.NEVER),
    }
    any_house.do(lambda act: say(act, SshPolicy.KEY, stricter))
    with any_house.home.parts.database.read() as unit:
        carried = read_carried(unit.connection)
    looser = {
        here: DevicePolicy(SshPolicy.PASSCODE, SudoPolicy.NEVER),
        there: DevicePolicy(SshPolicy.PASSCODE),
        of_group: DevicePolicy(),
    }
    any_house.do(lambda act: say(act, SshPolicy.PASSCODE, looser, ExistingAccount.TAKE_OVER))

    told = any_house.do(lambda act: carried.put_back(act, act.people.users.connection, ADMIN))
    assert "stricter words on ssh, sudo and local accounts since: 4" in told
    setting = any_house.do(lambda act: act.provisioning.get(ADMIN))
    assert (setting.ssh, setting.existing) == (SshPolicy.KEY, ExistingAccount.REFUSE)
    found = any_house.do(lambda act: {target: act.policies.get(ADMIN, target) for target in stricter})
    assert found == stricter | {here: DevicePolicy(SshPolicy.BROWSER, SudoPolicy.NEVER)}


def test_an_administrator_who_was_suspended_since_the_backup_stays_suspended(any_house):
    now = any_house.clock.now()
    made = Administrator(any_house.entropy.new_id(), "ada@example.com", "", "", READ_ONLY, "x", True, 1, now, now)
    any_house.do(lambda act: act.administrators.administrators.add(made))
    any_house.do(lambda act: act.administrators.suspend(ADMIN, made.id))
    with any_house.home.parts.database.read() as unit:
        carried = read_carried(unit.connection)
    any_house.do(lambda act: act.administrators.activate(ADMIN, made.id))

    told = any_house.do(lambda act: carried.put_back(act, act.people.users.connection, ADMIN))
    assert "administrators suspended since: 1" in told
    assert any_house.do(lambda act: act.administrators.get(ADMIN, made.id)).suspended_at is not None
