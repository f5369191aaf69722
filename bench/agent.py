"""The agent on a Debian machine: its memory, the time it adds to a login, and names while thousands of people may sign in."""

import statistics
from collections.abc import Iterator

from tests.devices.device import PASSCODE, PROCESSES

from bench.frame import Figure
from bench.lab import Lab, lab
from bench.process import proportional_mib

ROUNDS = 40
PEOPLE = 5000
_PHASES = ("authenticate", "acct_mgmt")
# Run on the machine, by its own Python: how long one lookup of each name takes, in microseconds, the median of many.
_LOOK_UP = """
import pwd, statistics, sys, time
for name in sys.argv[1:]:
    took = []
    for _ in range(300):
        begun = time.perf_counter()
        try:
            pwd.getpwnam(name)
        except KeyError:
            pass
        took.append((time.perf_counter() - begun) * 1e6)
    print(statistics.median(took))
"""
_PUBLISH = """
import sys
sys.path.insert(0, "/usr/share/homeport-agent")
from homeport_agent.accounts.records import Records
from homeport_agent.accounts.roster import Person
from homeport_agent.root import Root
people = [Person(f"u-{n}", f"person{n}", "", f"Person {n}", 30000 + n) for n in range(int(sys.argv[1]))]
Records(Root.at("/")).sync({person.username: person for person in people})
"""
# Run on the machine: PAM's phases at a login, once with the stack as installed and once without our lines, turn by turn.
_LOG_IN = """
import subprocess, sys, time
name, passcode, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
for _ in range(rounds):
    for service in ("login", "login-alone"):
        begun = time.perf_counter()
        words = ["pamtester", service, name, *sys.argv[4:]]
        done = subprocess.run(words, input=passcode + "\\n", capture_output=True, text=True)
        print((time.perf_counter() - begun) * 1000, end=" ")
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
    print()
"""


def run() -> Iterator[Figure]:
    with lab() as opened:
        parts = [proportional_mib(opened.device.services[name].pid) for name in PROCESSES]
        yield Figure("memory of the agent's two processes, proportional set size", sum(parts), "MiB", 50, absolute=True)
        yield from added_to_a_login(opened)
        yield from lookups(opened)


def added_to_a_login(opened: Lab) -> Iterator[Figure]:
    """How much longer PAM takes for somebody with an account than pam_unix alone takes; each pair was measured in one moment."""
    machine = opened.device.machine
    for name in ("common-auth", "common-account"):
        machine.run("sh", "-c", f"cp /etc/pam.d/{name} /etc/pam.d/{name}-alone")
    machine.run("sh", "-c", "sed 's/@include common-\\(auth\\|account\\)/&-alone/' /etc/pam.d/login >/etc/pam.d/login-alone")
    # The lines of ours go, and with them what they jump over; pam_unix then ends the block as it did before.
    ours = "pam_homeport|pam_succeed_if.so quiet service != sshd|/etc/homeport/"
    machine.run("sed", "-E", "-i", f"\\#{ours}#d", "/etc/pam.d/common-auth-alone", "/etc/pam.d/common-account-alone")
    said = machine.run("python3", "-c", _LOG_IN, opened.ada.username, PASSCODE, str(ROUNDS), *_PHASES, seconds=300)
    pairs = [tuple(map(float, line.split())) for line in said.splitlines()]
    alone = statistics.median(one for _, one in pairs)
    yield Figure("a login by passcode, PAM's phases with pam_unix alone, median", alone, "ms", absolute=True)
    added = statistics.median(ours - without for ours, without in pairs)
    yield Figure(f"added to it by the agent, median of {ROUNDS} differences", added, "ms", 10, absolute=True)
    yield Figure("a login with the agent, beside pam_unix alone", (alone + added) / alone, "times")


def lookups(opened: Lab) -> Iterator[Figure]:
    """How long the system takes to find a name: one of its own, one of a person who may come, and one that nobody has."""
    machine = opened.device.machine
    machine.run("useradd", "opa")
    names = {"an account of the machine": "opa", "somebody who may come": "person7", "nobody": "not-here"}
    taken = {}
    for people in (10, PEOPLE):
        machine.run("python3", "-I", "-c", _PUBLISH, str(people), seconds=120)
        said = machine.run("python3", "-I", "-c", _LOOK_UP, *names.values(), seconds=120).split()
        taken[people] = dict(zip(names, map(float, said), strict=True))
    for what in names:
        few, many = taken[10][what], taken[PEOPLE][what]
        yield Figure(f"name lookup, {what}, {PEOPLE:,} assigned people, median", many / 1000, "ms", 1, absolute=True)
        yield Figure(f"name lookup, {what}, growth from 10 to {PEOPLE:,}", many / few, "times", 3)
