"""The command that the portal's page Add a Device gives: copied, run on a bare machine, the key pasted."""

import hashlib
import json

import pytest
from tests.support.debian.image import Layers, unpacked
from tests.support.debian.machine import Machine

pytestmark = pytest.mark.xdist_group("devices")
LAST = " && sudo systemctl start homeport-agent"


@pytest.fixture
def bare(acme):
    with unpacked() as root, Machine(Layers((root,)), "lab-bare", port=acme.port) as machine:
        yield machine


def test_the_portals_command_installs_and_enrols_a_bare_machine(acme, bare):
    command, key = acme.install_command()
    assert command.endswith(LAST)  # nothing here is process 1 of systemd; test-vm runs the whole line
    with bare.terminal("sh") as terminal:
        terminal.reads("# $")
        terminal.types(command.removesuffix(LAST))
        terminal.reads("OK$")  # the checksum
        terminal.reads("Setting up homeport-agent", 60)
        terminal.reads("Paste the enrolment key and press Enter: $", 60)
        terminal.types(key)
        terminal.reads("This device is enrolled at", 20)
    assert json.loads(bare.read("/var/lib/homeport-agent/device.json"))["server"] == acme.estate.url


def test_a_package_that_was_changed_on_its_way_is_not_installed(acme, bare):
    command, _ = acme.install_command()
    command = command.replace(command.split("echo '")[1][:64], hashlib.sha256(b"another").hexdigest())
    ended = bare.attempt("sh", "-c", command.removesuffix(LAST), input="")
    assert "did NOT match" in ended.stderr
    assert bare.attempt("dpkg", "-s", "homeport-agent").returncode != 0
