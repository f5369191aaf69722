"""What stands on the terminals of a real Debian when people come for the first time: at its console, and over ssh.

The machine is that of tests/devices: Debian's own login and sshd, the agent's package, a real server and its simulated Okta.
"""

from tests.devices.company import company
from tests.devices.device import device
from tests.support.debian.image import installed
from tests.support.debian.machine import Machine
from tests.support.debian.terminal import Terminal


def texts() -> dict[str, str]:
    """Sign two people in; what stood on their terminals, by the name of the picture."""
    shown = {}
    with company() as acme, installed() as layers, Machine(layers, "lab-7", port=acme.port) as machine:
        acme.set_provisioning()
        # Debian greets with the kernel's version, which is that of the machine that takes the pictures.
        machine.run("sh", "-c", ": >/etc/motd; rm -f /etc/update-motd.d/*")
        grace, alan = acme.new_person("grace"), acme.new_person("alan")
        with device(acme, machine, grace, alan) as lab:
            with machine.console(rows=40) as console:
                console.reads("login: $")
                console.types(grace.email)
                lab.signs_in(console, grace)
                shown["console"] = _ended_by(console, "id -un; pwd")
            machine.start_sshd()
            options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
            with machine.terminal("ssh", *options, "alan@lab-7", rows=40) as ssh:
                lab.signs_in(ssh, alan)
                shown["ssh"] = "$ ssh alan@lab-7\n" + _ended_by(ssh, "id -un; pwd")
    return shown


def _ended_by(terminal: Terminal, command: str) -> str:
    """Type a last command as a person does, and return all that stands there."""
    terminal.types(command)
    terminal.reads(r"\$ $")
    return terminal.text.strip("\n")
