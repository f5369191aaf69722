"""The package goes in, is right, and goes out again, leaving the machine as it was."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from tests.support.debian.image import Layers, unpacked
from tests.support.debian.machine import Machine
from tools.agent_deb import build

pytestmark = pytest.mark.xdist_group("debian-bare")
KEPT = ("common-account", "common-auth", "common-password", "common-session", "common-session-noninteractive")


@pytest.fixture(scope="module")
def layers():
    with unpacked() as root:
        yield Layers((root,))


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("package"))


@pytest.fixture
def machine(layers, package):
    with Machine(layers, "lab-7") as booted:
        (booted.root / "tmp/agent.deb").write_bytes(package.read_bytes())
        yield booted


def stack(machine) -> dict[str, str]:
    return {name: machine.read(f"/etc/pam.d/{name}") for name in KEPT}


def opens_the_console(machine) -> None:
    with machine.console() as console:
        console.reads("login: $")
        console.types("opa")
        console.asks_secretly("Password: $")
        console.types("sesame-and-lentils")
        console.reads(r"\$ $")


def test_the_same_commit_gives_the_same_bytes(package, tmp_path):
    again = build(tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()


def test_removal_leaves_the_machine_as_it_was_and_a_local_account_always_gets_in(machine):
    machine.run("useradd", "-m", "-s", "/bin/bash", "opa")
    machine.run("chpasswd", input="opa:sesame-and-lentils\n")
    before, limits = stack(machine), machine.read("/etc/login.defs")
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    assert "LOGIN_TIMEOUT\t\t300" in machine.read("/etc/login.defs")
    opens_the_console(machine)
    machine.run("dpkg", "-i", "/tmp/agent.deb")  # an upgrade
    assert machine.read("/etc/login.defs").count("300") == 1
    machine.run("dpkg", "--purge", "homeport-agent")
    assert (stack(machine), machine.read("/etc/login.defs")) == (before, limits)
    opens_the_console(machine)
    left = machine.run("find", "/etc", "/usr", "/var/lib", "-name", "*homeport*", "-not", "-path", "/var/lib/dpkg/*")
    assert left == ""


def test_a_login_timeout_that_the_owner_chose_is_left_alone(machine):
    machine.run("sed", "-i", "s/^LOGIN_TIMEOUT.*/LOGIN_TIMEOUT 90/", "/etc/login.defs")
    before = machine.read("/etc/login.defs")
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    machine.run("dpkg", "--remove", "homeport-agent")
    assert machine.read("/etc/login.defs") == before


def test_what_is_installed_is_what_the_tools_of_debian_accept(machine):
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    assert machine.run("dpkg", "--verify", "homeport-agent") == ""
    machine.run("ssh-keygen", "-A")
    assert "logingracetime 300" in machine.run("sshd", "-T")
    assert "kbdinteractiveauthentication yes" in machine.run("sshd", "-T")
    units = ["/usr/lib/systemd/system/homeport-accounts.service", "/usr/lib/systemd/system/homeport-agent.service"]
    verified = machine.attempt("systemd-analyze", "verify", "--man=no", *units)
    assert (verified.returncode, "homeport" in verified.stderr) == (0, False), verified.stderr
    assert machine.run("stat", "-c", "%U %a", "/var/lib/homeport-agent", "/var/lib/homeport-accounts") == (
        "homeport-agent 700\nroot 700\n"
    )
    assert machine.run("homeport-agent", "--version").startswith("homeport-agent 0")
    assert machine.entry("group", "homeport-admins") is not None


def test_the_units_are_enabled_for_the_next_boot(machine):
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    wanted = machine.run("ls", "/etc/systemd/system/multi-user.target.wants").split()
    assert {"homeport-accounts.service", "homeport-agent.service"} <= set(wanted)


def test_lintian_finds_nothing(package):
    ended = subprocess.run(["lintian", "--allow-root", package], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")
