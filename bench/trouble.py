"""Trouble at the login: a server that hangs, and ten thousand names that nobody has; whom of the others it slows down."""

import json
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.devices.device import PASSCODE
from tests.support.debian import pam_flood_path
from tests.support.debian.machine import Machine

from bench.frame import Figure
from bench.lab import Lab, lab
from bench.process import proportional_mib

TURNS, ROUNDS = 4, 6
NAMES, BY_SSH = 10_000, 300
SECRET = "sesame-and-lentils"
ACCOUNTS = "homeport-accounts"
# Run on the machine, by its own Python: milliseconds that lookups, and PAM's phases at a login by passcode, take.
_MEASURE = """
import json, pwd, subprocess, sys, time
took = {"lookup": [], "nobody": []}
people = dict(one.split("=") for one in sys.argv[2:])
for _ in range(int(sys.argv[1])):
    for what, name in (("lookup", "root"), ("nobody", "not-here")):
        begun = time.perf_counter()
        for _ in range(100):
            try:
                pwd.getpwnam(name)
            except KeyError:
                pass
        took[what].append((time.perf_counter() - begun) * 10)
    for name, passcode in people.items():
        begun = time.perf_counter()
        words = ["pamtester", "login", name, "authenticate", "acct_mgmt"]
        done = subprocess.run(words, input=passcode + "\\n", capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        took.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
print(json.dumps(took))
"""
_ASK = "#!/bin/sh\necho whatever\n"


def run() -> Iterator[Figure]:
    with lab() as opened:
        machine = opened.device.machine
        machine.run("useradd", "-m", "-s", "/bin/bash", "opa")
        machine.run("chpasswd", input=f"opa:{SECRET}\nroot:{SECRET}\n")
        machine.write("/tmp/pam_flood.py", pam_flood_path().read_text())
        machine.write("/tmp/ask", _ASK, 0o755)
        machine.start_sshd("-o", "MaxStartups=100")
        yield from a_hung_server(opened)
        yield from ten_thousand_names(opened)


def a_hung_server(opened: Lab) -> Iterator[Figure]:
    """What takes longer while the server takes every connection and answers none; the two states took turns."""
    wire = opened.device.machine.wire
    up, hung = _in_turns(opened, wire.hang, wire.mend)
    for what, words in _words(opened).items():
        yield Figure(f"{words}, with the server hung", _ratio(hung[what], up[what]), "times", 1.5)


def ten_thousand_names(opened: Lab) -> Iterator[Figure]:
    """What takes longer while somebody tries names, what the agent keeps of it, and whether the answer tells who is known."""
    machine, accounts = opened.device.machine, opened.device.services[ACCOUNTS]
    machine.run("python3", "/tmp/pam_flood.py", "300", "sshd")  # what is kept once is kept by now
    memory, asked = proportional_mib(accounts.pid), len(machine.wire.asked)
    logged = len(accounts.log)
    floods = []

    def begin() -> None:
        machine.run("rm", "-f", "/tmp/enough")
        words = ["python3", "/tmp/pam_flood.py", str(NAMES // TURNS), "sshd", "/tmp/enough"]
        floods.append(machine.start(*words, log="/tmp/flood.log"))

    def end() -> None:
        if floods:
            machine.write("/tmp/enough", "")
            floods[-1].process.wait(120)

    quiet, noisy = _in_turns(opened, begin, end)
    for what, words in _words(opened).items():
        yield Figure(f"{words}, while names are tried", _ratio(noisy[what], quiet[what]), "times", 3)
    tried = sum(sum(json.loads(line).values()) for line in machine.read("/tmp/flood.log").splitlines())
    yield Figure("names tried through PAM and the agent", tried, "", NAMES, least=True)
    _by_ssh(machine, [f"ghost{number}" for number in range(BY_SSH)])
    yield Figure("names tried by ssh besides", BY_SSH, "")
    calls = [one for one in machine.wire.asked[asked:] if "desired-state" not in one and "/reports" not in one]
    yield Figure("calls to the server because of them", len(calls), "", 0)
    yield Figure("memory of the part that answers PAM, afterwards", proportional_mib(accounts.pid) / memory, "times", 1.1)
    yield Figure("what it wrote into its log meanwhile", len(accounts.log) - logged, "bytes", 1000)
    known, unknown = _by_ssh(machine, ["opa"] * 25), _by_ssh(machine, [f"nobody{number}" for number in range(25)])
    yield Figure(
        "a refusal by ssh, nobody's name beside a known one", statistics.median(unknown) / statistics.median(known), "times", 1.5
    )


def _words(opened: Lab) -> dict[str, str]:
    return {
        "lookup": "lookup of root",
        "nobody": "lookup of nobody's name",
        "root": "root's login",
        "opa": "login of a local account",
        opened.ada.username: "login by passcode, with an account of ours",
    }


def _in_turns(
    opened: Lab, begin: Callable[[], None], end: Callable[[], None]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    people = [f"root={SECRET}", f"opa={SECRET}", f"{opened.ada.username}={PASSCODE}"]

    def measure(into: dict[str, list[float]]) -> None:
        said = opened.device.machine.run("python3", "-I", "-c", _MEASURE, str(ROUNDS), *people, seconds=300)
        for what, took in json.loads(said).items():
            into.setdefault(what, []).extend(took)

    without: dict[str, list[float]] = {}
    trouble: dict[str, list[float]] = {}
    for _ in range(TURNS):
        measure(without)
        begin()
        measure(trouble)
        end()
    return without, trouble


def _by_ssh(machine: Machine, names: list[str]) -> list[float]:
    """Try each name once with a wrong password, 25 at a time; how many seconds each took."""
    options = [
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "NumberOfPasswordPrompts=1",
        "-o",
        "PreferredAuthentications=keyboard-interactive",
    ]
    ssh = ["env", "SSH_ASKPASS=/tmp/ask", "SSH_ASKPASS_REQUIRE=force", "setsid", "ssh", *options]
    # The time of one attempt is read on the machine, because starting a program there takes a while of its own.
    timed = [
        "python3",
        "-Ic",
        "import subprocess, sys, time; t = time.monotonic(); subprocess.run(sys.argv[1:], capture_output=True); print(time.monotonic() - t)",
    ]
    with ThreadPoolExecutor(25) as pool:
        return [
            float(one)
            for one in pool.map(lambda name: machine.run(*timed, *ssh, f"{name}@localhost", "true", seconds=300), names)
        ]


def _ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(above) / statistics.median(below)
