"""Local administrators and root always get in, whatever our processes do: gone, stopped in the middle, or never enrolled."""

import os
import signal

import pytest

pytestmark = pytest.mark.xdist_group("devices")
SECRET = "sesame-and-lentils"


@pytest.fixture
def machine_with_administrator(lab):
    machine = lab.machine
    machine.run("useradd", "-m", "-s", "/bin/bash", "-G", "sudo", "opa")
    machine.run("chpasswd", input=f"opa:{SECRET}\nroot:{SECRET}\n")
    machine.start_sshd("-o", "PermitRootLogin=yes")
    return machine


def gets_in(machine, name: str) -> None:
    """Log in at the console and over ssh, and become root by sudo."""
    with machine.console() as console:
        console.reads("login: $")
        console.types(name)
        console.asks_secretly("Password: $")
        console.types(SECRET)
        console.reads(r"[$#] $")
        assert console.runs("id -un").strip() == name
        if name != "root":
            console.types("sudo -k; sudo id -un")
            console.asks_secretly("password for opa: $")
            console.types(SECRET)
            console.reads(r"^root$")
    with machine.ssh(name) as ssh:
        ssh.asks_secretly("[Pp]assword: $")
        ssh.types(SECRET)
        ssh.reads(r"[$#] $")
        assert ssh.runs("id -un").strip() == name


def stopped(lab) -> None:
    for service in lab.services.values():
        os.kill(service.pid, signal.SIGSTOP)


def damaged(lab) -> None:
    lab.kill()
    for path in ("/var/lib/homeport-accounts/ledger.json", "/var/lib/homeport-agent/device.json"):
        lab.machine.write(path, "{")
    lab.machine.run("rm", "-rf", "/run/homeport")


TROUBLES = {
    "none": lambda lab: lab.machine.wire.mend(),
    "the server hangs": lambda lab: lab.machine.wire.hang(),
    "both killed": lambda lab: lab.kill(),
    "both stopped": stopped,
    "state damaged": damaged,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_local_administrator_and_root_get_in(lab, machine_with_administrator, trouble):
    TROUBLES[trouble](lab)
    for name in ("opa", "root"):
        gets_in(machine_with_administrator, name)
