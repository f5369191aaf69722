"""A device in trouble: /etc read-only, no room, the server gone for a week, two devices with one key, noise at both sockets."""

import json
import random
import time

import pytest
from tests.devices.device import PASSCODE, PROCESSES, device

pytestmark = pytest.mark.xdist_group("devices-journal")
FILES = ("passwd", "shadow", "group", "gshadow")
# Garbage for a socket: run on the machine, as the user whom the socket answers.
NOISE = """
import random, socket, struct, sys
path, seed = sys.argv[1], int(sys.argv[2])
noise = random.Random(seed)
words = [b'H', b'A', b'R', b'{}', b'{"do":"apply"}', b'{"do":"begin","nonce":[]}', b'op=auth', b'user=\\xff\\x00', b'\\n', b'[' * 500]
for _ in range(150):
    body = b''.join(noise.choice([*words, noise.randbytes(noise.randrange(40))]) for _ in range(noise.randrange(1, 9)))
    size = noise.choice([len(body), len(body), 0, 65535, 2**31, 2**32 - 1])
    head = noise.choice([struct.pack('>I', size), b'H' + struct.pack('>I', size), b''])
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(path)
            one.settimeout(0.05)
            one.sendall(head + body)
            one.shutdown(socket.SHUT_WR)
            while one.recv(4096):
                pass
        except OSError:
            pass
"""


def accounts_of(machine) -> dict[str, str]:
    return {name: machine.read(f"/etc/{name}") for name in FILES}


def tries_to_sign_in(lab, person) -> str:
    """Go the whole way at the console; what the prompt said in the end."""
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(person.username)
        code = console.reads(r"with code +([A-Z]{4}-[A-Z]{4})")[1]
        console.reads("Number shown there: $")
        console.types(lab.company.signs_in(person, f"{lab.company.estate.url}/device?user_code={code}"))
        console.reads(r"Reason: (\S+)\s")
        return " ".join(console.text.split("Number shown there:")[1].split())


def signs_in(lab, person) -> None:
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(person.username)
        lab.signs_in(console, person)


@pytest.fixture
def cyd(acme):
    """A third person; asked for before `lab`, whose agent hears of everybody when it starts."""
    return acme.new_person()


def test_a_read_only_etc_and_then_a_full_one_are_said_plainly_and_harm_nothing(cyd, acme, lab, ada, bea):
    machine = lab.machine
    lab.bind(ada)
    console = lab.logs_in(ada)
    uid, before = lab.uid(ada), accounts_of(machine)
    machine.run("sh", "-c", "mount -t tmpfs -o size=6M tmpfs /mnt && cp -a /etc/. /mnt && mount --move /mnt /etc")
    machine.run("mount", "-o", "remount,ro", "/etc")

    said = tries_to_sign_in(lab, bea)
    assert "read-only" in said
    assert "read_only" in said
    acme.suspend(ada)
    machine.until(lambda: not machine.processes(uid), "the end of her processes")
    console.ends()
    assert "suspended" in lab.refuses_the_passcode(ada)
    assert accounts_of(machine) == before

    machine.run("mount", "-o", "remount,rw", "/etc")
    machine.until(lambda: acme.answered(ada, "suspend"), "the suspension, whole")
    assert machine.entry("shadow", ada.username)[7] == "1"
    acme.activate(ada)
    machine.until(lambda: acme.answered(ada, "activate"), "the activation")
    # What was earned at the prompt was an order, which waited too.
    machine.until(lambda: machine.entry("passwd", bea.username), "the account")

    machine.run("sh", "-c", "cat /dev/zero >/etc/filler || true")
    before = accounts_of(machine)
    assert "Free some space" in tries_to_sign_in(lab, cyd)
    assert accounts_of(machine) == before
    machine.run("rm", "/etc/filler")
    machine.until(lambda: machine.entry("passwd", cyd.username), "the account")
    signs_in(lab, cyd)


def test_a_week_without_a_server_changes_nothing_but_what_it_says_afterwards(acme, lab, ada):
    acme.set_provisioning(lease_days=9)
    machine = lab.machine
    lab.bind(ada)
    lab.kill()
    machine.wire.cut()
    acme.suspend(ada)
    for name in PROCESSES:
        lab.launch(name, "+7d")
    lab.services["homeport-agent"].wait_for_log("Keeping the accounts")
    with lab.logs_in(ada) as console:
        assert "Your access to this device ends on" in console.text
    machine.wire.mend()
    machine.until(lambda: acme.answered(ada, "suspend"), "the suspension that waited", 180)
    assert "incorrect" in lab.refuses_the_passcode(ada)


def test_an_sshd_that_does_not_run_or_is_out_of_order_keeps_nobody_from_the_console(acme, ada, bea, new_machine):
    machine = new_machine()
    machine.run("rm", "-r", "/run/sshd")  # Debian makes it when the service starts
    with device(acme, machine, ada) as lab:
        policy = machine.root / "etc/ssh/sshd_config.d/40-homeport-policy.conf"
        machine.until(policy.exists, "the policy")
        lab.kill()
    machine.write("/etc/ssh/sshd_config.d/99-broken.conf", "NoSuchWord yes\n")
    machine.run("sh", "-c", "rm /var/lib/homeport-accounts/roster.json /var/lib/homeport-accounts/policy.json")
    policy.unlink()
    lab.start()
    assert not policy.exists()
    signs_in(lab, ada)


def test_noise_at_the_live_sockets_of_both_halves_lets_nobody_in_and_stops_nothing(lab, ada):
    machine, seed = lab.machine, random.randrange(2**31)
    print(f"noise of seed {seed}")
    before, begun = accounts_of(machine), time.monotonic()
    for path in ("/run/homeport/pam.sock", "/run/homeport/accounts.sock", "/run/homeport-agent/agent.sock"):
        machine.run("python3", "-c", NOISE, path, str(seed), seconds=300)
    assert accounts_of(machine) == before
    assert all(service.running for service in lab.services.values())
    assert not any("Traceback" in service.log for service in lab.services.values())
    print(f"450 frames in {time.monotonic() - begun:.1f} s")
    signs_in(lab, ada)
    lab.logs_in(ada, PASSCODE)
    assert json.loads(machine.read("/var/lib/homeport-accounts/ledger.json"))["accounts"]
