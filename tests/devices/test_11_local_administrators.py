"""Local administrators and root always get in, whatever our processes do: gone, stopped in the middle, or never enrolled."""

import os
import signal

import pytest

pytestmark = [pytest.mark.xdist_group("devices"), pytest.mark.shares_machine(people=0)]
SECRET = "sesame-and-lentils"


@pytest.fixture
def machine(lab):
    """The machine, with its own administrator and an sshd that opens for root."""
    if lab.machine.entry("passwd", "opa") is None:
        lab.machine.run("useradd", "-m", "-s", "/bin/bash", "-G", "sudo", "opa")
        lab.machine.run("chpasswd", input=f"opa:{SECRET}\nroot:{SECRET}\n")
        lab.machine.start_sshd("-o", "PermitRootLogin=yes")
    return lab.machine


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


STATE = ("/var/lib/homeport-accounts/ledger.json", "/var/lib/homeport-agent/device.json")


def damaged(lab) -> None:
    lab.kill()
    lab.machine.run("tar", "--create", "--file=/var/kept.tar", "/var/lib/homeport-accounts", "/var/lib/homeport-agent")
    for path in STATE:
        lab.machine.write(path, "{")
    lab.machine.run("rm", "-rf", "/run/homeport")


TROUBLES = {
    "none": lambda lab: lab.machine.wire.mend(),
    "the server hangs": lambda lab: lab.machine.wire.hang(),
    "both killed": lambda lab: lab.kill(),
    "both stopped": stopped,
    "state damaged": damaged,
}


@pytest.fixture(params=TROUBLES)
def _trouble(request, lab, machine):
    TROUBLES[request.param](lab)
    yield
    if (machine.root / "var/kept.tar").exists():
        machine.run("rm", *STATE)
        machine.run("tar", "--extract", "--file=/var/kept.tar", "--directory=/")
        machine.run("rm", "/var/kept.tar")


@pytest.mark.usefixtures("_trouble")
def test_a_local_administrator_and_root_get_in(machine):
    for name in ("opa", "root"):
        gets_in(machine, name)
