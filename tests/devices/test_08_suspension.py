"""Suspended in the portal or the API: within seconds everything of the person's ends on the device, step by step, and nothing lets them back in.

What lingers under systemd's own user manager needs systemd as process 1, which these machines have not: `tests/vm` shows it. Here a process that left its
session stands for it, ended by its uid like any other.
"""

import time
from contextlib import contextmanager

import pytest
from tests.devices.device import PASSCODE

from homeport.directory.devices.model import AccountPermission

pytestmark = pytest.mark.xdist_group("devices")
SECONDS, TRIES = 5, 3
STEPS = ["deny", "lock", "leave_groups", "end_sessions", "disable_jobs"]


def ends_everything_in_time(acme, lab, person, suspend) -> None:
    """Suspend somebody who has processes; they end within five seconds, at the third try at the latest: these cores have other work too."""
    uid, took = lab.uid(person), []
    while True:
        begun = time.monotonic()
        suspend()
        lab.machine.until(lambda: not lab.machine.processes(uid), "the end of all processes")
        took.append(time.monotonic() - begun)
        if took[-1] < SECONDS or len(took) == TRIES:
            break
        acme.activate(person)
        lab.machine.until(lambda: acme.answered(person, "activate"), "the receipt")
        lab.logs_in(person)
    print("ended everything after", took, "seconds")
    assert took[-1] < SECONDS, took


def test_a_suspension_ends_everything_within_five_seconds_and_an_activation_brings_it_back(acme, lab, ada):
    machine = lab.machine
    lab.bind(ada)
    uid = lab.uid(ada)
    console = lab.logs_in(ada)
    lab.give_a_key(ada)
    machine.start_sshd()
    ssh = machine.ssh(ada.username, "-i", "/etc/key")
    ssh.reads(r"\$ $")
    background = "import os, time; os.setsid(); open('/tmp/alive', 'w').write('yes'); time.sleep(600)"
    console.types(f'(python3 -c "{background}" &)')
    machine.until((machine.root / "tmp/alive").exists, "the background process")
    machine.run("crontab", "-u", ada.username, "-", input="* * * * * touch /tmp/cron-ran\n")
    console.runs("echo touch /tmp/at-ran | at now + 3 minutes")
    assert len(machine.processes(uid)) >= 4

    ends_everything_in_time(acme, lab, ada, lambda: acme.suspend(ada))
    receipt = machine.until(lambda: acme.answered(ada, "suspend"), "the receipt")
    assert [step["step"] for step in receipt["steps"]] == STEPS
    assert {step["outcome"] for step in receipt["steps"]} == {"done"}
    console.ends()
    ssh.ends()

    with fast_daemons(machine):
        lab.refuses_the_passcode(ada)
        assert not lab.key_opens(ada)
        machine.until(lambda: {"cron-worked", "at-worked"} <= files(machine), "root's own jobs, which are later than hers")
    assert files(machine) == {"alive", "cron-worked", "at-worked"}

    acme.activate(ada)
    machine.until(lambda: acme.answered(ada, "activate"), "the receipt")
    lab.logs_in(ada)
    assert lab.key_opens(ada)
    with fast_daemons(machine):
        machine.until(lambda: {"cron-ran", "at-ran"} <= files(machine), "her jobs")


def is_root_by_sudo(lab, person) -> bool:
    """Whether a process of the person becomes root by sudo and the passcode."""
    ended = lab.machine.attempt("sudo", "-k", "-S", "id", "-un", user=person.username, input=f"{PASSCODE}\n" * 3)
    return (ended.returncode, ended.stdout) == (0, "root\n")


def test_a_suspension_in_the_portal_ends_sudo_too_and_shows_each_step_on_the_pages_of_device_and_person(acme, lab, ada):
    acme.set_provisioning(default_permission=AccountPermission.ADMIN)
    lab.bind(ada)
    assert is_root_by_sudo(lab, ada)
    console = lab.logs_in(ada)
    # Debian lets everybody write what some programs take for the end of a line into their own entry of passwd.
    console.types("LC_ALL=C.UTF-8 chfn -r $'1\\xe2\\x80\\xa8'")
    console.asks_secretly("Password: $")
    console.types(PASSCODE)
    console.reads(r"\$ $")
    assert "1\u2028" in lab.machine.entry("passwd", ada.username)[4]
    ends_everything_in_time(acme, lab, ada, lambda: acme.presses(f"/admin/users/{ada.id}/suspend"))
    console.ends()
    receipt = lab.machine.until(lambda: acme.answered(ada, "suspend"), "the receipt")
    for page in (f"/admin/devices/{lab.id}", f"/admin/users/{ada.id}"):
        shown = acme.reads(page).split(f"Suspend the account: {ada.username}")[1]
        told = [shown.index(f"{step['step']} done {step['at']}") for step in receipt["steps"]]
        assert (len(told), told) == (len(STEPS), sorted(told))
    assert lab.machine.entry("shadow", ada.username)[1].startswith("!")
    assert ada.username not in lab.machine.entry("group", "homeport-admins")[3].split(",")
    lab.refuses_the_passcode(ada)
    assert not is_root_by_sudo(lab, ada)
    acme.presses(f"/admin/users/{ada.id}/activate")
    lab.machine.until(lambda: acme.answered(ada, "activate"), "the receipt")
    lab.logs_in(ada).close()
    assert is_root_by_sudo(lab, ada)


def test_when_nothing_of_ours_runs_the_lease_ends_everything_at_its_date(acme, lab, ada):
    machine = lab.machine
    acme.set_provisioning(lease_days=14)
    lab.bind(ada)
    lab.give_a_key(ada)
    lab.kill()
    machine.wire.cut()
    acme.suspend(ada)
    machine.start_sshd()
    assert lab.key_opens(ada)
    lab.logs_in(ada).close()
    machine.move_the_clock("+15d")
    with machine.console() as console:
        console.reads("login: $")
        console.types(ada.username)
        console.asks_secretly("Password: $")
        console.types(PASSCODE)
        console.reads("Your account has expired")
    machine.start("/usr/sbin/sshd", "-D", "-e", "-p", "2222", log="/var/log/sshd-later.log").wait_for_log("listening")
    assert not lab.key_opens(ada, "-p", "2222")


def files(machine) -> set[str]:
    return set(machine.run("ls", "/tmp").split())


@contextmanager
def fast_daemons(machine):
    """Debian's own cron and atd, for whom a minute is a second; root's jobs tell that they worked."""
    machine.run("crontab", "-", input="* * * * * touch /tmp/cron-worked\n")
    machine.run("sh", "-c", "echo touch /tmp/at-worked | at now + 3 minutes")
    daemons = [
        machine.start(*machine.at_another_time("+0 x60", name, "-f"), log=f"/var/log/{name}.log") for name in ("cron", "atd")
    ]
    yield
    for daemon in daemons:
        daemon.kill()
