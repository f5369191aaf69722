"""One machine's life under systemd: installed by the portal's command, signed in at its serial console, suspended, rebooted, left."""

import re
import time

import pytest
from tests.devices.company import Company, Person, company
from tests.devices.device import PASSCODE, Device
from tests.support.debian.terminal import Terminal
from tests.support.debian.virtual import VirtualMachine

from homeport.directory.devices.model import AccountPermission

UNITS = ("homeport-accounts", "homeport-agent")
LOCAL = "sesame-and-lentils"
# What the kernel or a tool says when a sandbox is too narrow; a filtered call ends the process with audit record 1326.
_DENIED = re.compile(r"type=1326|status=31/SYS|Operation not permitted|Permission denied|Read-only file system|Traceback")
_WORST_SCORE = 5.0


@pytest.fixture
def acme():
    with company() as opened:
        opened.set_provisioning(default_permission=AccountPermission.ADMIN)
        yield opened


@pytest.fixture
def machine(acme):
    with VirtualMachine("lab-7", port=acme.port) as booting:
        booting.wait_for_boot()
        yield booting


class Story:
    """The machine under systemd, and how long its chapters took."""

    def __init__(self, acme: Company, machine: VirtualMachine) -> None:
        self.acme, self.machine, self._begun = acme, machine, time.monotonic()
        self.device = Device(acme, machine, "", ())

    def tells(self, chapter: str) -> None:
        print(f"{time.monotonic() - self._begun:5.0f} s  {chapter}", flush=True)

    def logs_in(self, name: str, secret: str = PASSCODE) -> None:
        """Type name and passcode at the getty, up to the shell's prompt."""
        self.asks_for(name, secret)
        self.machine.console.reads(r"[$#] $")

    def asks_for(self, name: str, secret: str) -> None:
        console = self.machine.console
        console.types("")
        console.reads("login: $")
        console.types(name)
        console.asks_secretly("Password: $")
        console.types(secret)

    def leaves(self) -> None:
        self.machine.console.types("exit")
        self.machine.console.reads("login: $")

    def unit(self, name: str, *properties: str) -> dict[str, str]:
        shown = self.machine.run("systemctl", "show", name, f"--property={','.join(properties)}")
        return dict(line.split("=", 1) for line in shown.splitlines())

    def the_units_are_well(self) -> None:
        """Both run, neither was started anew, and nothing was denied to them or to their tools."""
        for name in UNITS:
            assert self.unit(name, "ActiveState", "NRestarts") == {"ActiveState": "active", "NRestarts": "0"}, self.journal()
        assert not _DENIED.search(self.journal()), self.journal()
        assert not re.search("type=1326", self.machine.run("journalctl", "--boot", "--dmesg", "--no-pager"))

    def journal(self) -> str:
        units = [word for name in UNITS for word in ("--unit", name)]
        return self.machine.run("journalctl", "--boot", "--no-pager", *units)

    def processes(self, uid: int) -> list[str]:
        return self.machine.attempt("ps", "-o", "pid=,args=", "-u", str(uid)).stdout.splitlines()

    def pam(self) -> str:
        return self.machine.run("sh", "-c", "cat /etc/pam.d/common-*; grep LOGIN_TIMEOUT /etc/login.defs; sshd -T")


def installs_by_the_portals_command(story: Story) -> None:
    machine = story.machine
    machine.run("useradd", "-m", "-s", "/bin/bash", "opa")
    machine.run("chpasswd", input=f"opa:{LOCAL}\nroot:{LOCAL}\n")
    command, key = story.acme.install_command()
    story.logs_in("root", LOCAL)
    machine.console.types(command)
    machine.console.reads("Paste the enrolment key and press Enter: $")
    machine.console.types(key)
    machine.console.reads("This device is enrolled at")
    machine.console.reads("# $")
    story.leaves()
    machine.until(lambda: "Keeping the accounts" in story.journal(), "the agent's first word")


def signs_in_at_the_console(story: Story, ada: Person) -> None:
    machine, console = story.machine, story.machine.console
    machine.until(
        lambda: ada.username in machine.attempt("cat", "/var/lib/homeport-accounts/roster.json").stdout, "the list of people"
    )
    console.types("")
    console.reads("login: $")
    console.types(ada.email)
    story.device.signs_in(console, ada)
    assert console.runs("id -un; pwd").split() == [ada.username, f"/home/{ada.username}"]
    console.types("sudo id -un")
    console.asks_secretly(f"password for {ada.username}: $")
    console.types(PASSCODE)
    console.reads(r"^root$")
    console.reads(r"\$ $")
    story.leaves()
    for written in (
        "/etc/sudoers.d/homeport",
        "/etc/sudoers.d/homeport-policy",
        "/etc/ssh/sshd_config.d/40-homeport-policy.conf",
    ):
        assert "Written by homeport-agent" in machine.read(written)  # visudo and sshd agreed, within the unit's sandbox


def signs_in_over_ssh(story: Story, bea: Person) -> None:
    with Terminal("/dev/pts", ["setsid", "--wait", "--ctty", *story.machine.ssh_words(bea.username)], seconds=240) as ssh:
        story.device.signs_in(ssh, bea)
        assert ssh.runs("id -un").strip() == bea.username


def lingers(story: Story, ada: Person) -> int:
    """Leave a service of systemd's for people, a timer and a crontab behind, as somebody with work to do does."""
    machine, uid = story.machine, story.device.uid(ada)
    machine.run("loginctl", "enable-linger", ada.username)  # hers to do where polkit is installed
    story.logs_in(ada.username)
    for command in ("--unit=work sleep 100000", "--unit=tick --on-active=1s --on-unit-active=1s touch /tmp/ticked"):
        assert "status" not in machine.console.runs(f"systemd-run --user {command}")
    story.leaves()
    machine.until(lambda: machine.attempt("test", "-e", "/tmp/ticked").returncode == 0, "her timer's first tick")
    machine.until(lambda: "State=lingering" in machine.run("loginctl", "show-user", str(uid)), "the end of her session")
    assert any("sleep 100000" in line for line in story.processes(uid))
    return uid


def is_suspended(story: Story, ada: Person, uid: int) -> None:
    machine = story.machine
    story.logs_in(ada.username)
    begun = time.monotonic()
    story.acme.suspend(ada)
    machine.console.reads("login: $")  # her session is over, and the getty is back
    machine.until(lambda: story.acme.answered(ada, "suspend"), "the receipt")
    print(f"         suspended: her session ended and the receipt came after {time.monotonic() - begun:.1f} s")
    receipt = story.acme.answered(ada, "suspend")
    assert {step["outcome"] for step in receipt["steps"]} == {"done"}, receipt
    assert story.processes(uid) == []
    assert machine.attempt("test", "-e", f"/var/lib/systemd/linger/{ada.username}").returncode != 0
    machine.until(lambda: story.unit(f"user@{uid}.service", "ActiveState")["ActiveState"] in {"inactive", "failed"}, "its end")
    machine.run("rm", "-f", "/tmp/ticked")
    story.asks_for(ada.username, PASSCODE)
    machine.console.reads("incorrect|expired|failure")
    assert machine.attempt("test", "-e", "/tmp/ticked").returncode != 0  # no timer of hers ticks any more


def is_removed(story: Story, before: str) -> None:
    machine = story.machine
    machine.run("dpkg", "--purge", "homeport-agent")
    assert story.pam() == before
    assert machine.run("find", "/etc", "/usr", "/var/lib", "-name", "*homeport*", "-not", "-path", "/var/lib/dpkg/*") == ""
    for name in UNITS:
        assert story.unit(name, "LoadState", "ActiveState") == {"LoadState": "not-found", "ActiveState": "inactive"}


def test_a_machine_lives_under_systemd(acme, machine):
    story = Story(acme, machine)
    story.tells("booted, " + machine.run("systemd-analyze").splitlines()[0])
    ada, bea = acme.new_person(), acme.new_person()
    before = story.pam()
    installs_by_the_portals_command(story)
    story.tells("installed and enrolled by the portal's command")
    signs_in_at_the_console(story, ada)
    story.tells("first sign-in at the serial console")
    story.the_units_are_well()
    for name in UNITS:
        said = machine.run("systemd-analyze", "security", "--no-pager", name).splitlines()[-1]
        print(f"         {said}")
        assert float(re.search(r"exposure level for .*: ([0-9.]+)", said)[1]) < _WORST_SCORE
    signs_in_over_ssh(story, bea)
    story.tells("first sign-in over ssh")
    machine.pull_the_cable()
    story.logs_in(ada.username)
    assert machine.console.runs("id -un").strip() == ada.username
    story.leaves()
    machine.plug_the_cable()
    story.tells("console again, with the cable pulled")
    uid = lingers(story, ada)
    is_suspended(story, ada, uid)
    story.tells("suspended: session, lingering service and timer are gone")
    acme.activate(ada)
    machine.until(lambda: acme.answered(ada, "activate"), "the receipt")
    story.the_units_are_well()
    machine.reboot()
    story.tells("activated and rebooted")
    for name in (ada.username, bea.username):
        story.logs_in(name)
        story.leaves()
    story.the_units_are_well()
    print(machine.run("homeport-agent", "doctor"))
    story.tells("both log in after the reboot")
    is_removed(story, before)
    story.logs_in("opa", LOCAL)
    story.leaves()
    story.tells("the package is gone, the stack is as before, the local administrator gets in")
