"""Names that nobody has: ten thousand of them at ssh, and such that mean something to a file, a path or a protocol."""

import contextlib
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.debian import pam_flood_path
from tests.support.debian.image import SUITE
from tests.support.debian.machine import SSH_OPTIONS, Machine

pytestmark = pytest.mark.xdist_group("devices")
MANY, BY_SSH = 10_000, 100
USER_UNKNOWN = "10"
MIB = 2**20
ASK = "#!/bin/sh\necho whatever\n"


def resident(service) -> int:
    """Bytes of memory that a process keeps."""
    fields = Path(f"/proc/{service.pid}/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) * 1024


def threads(service) -> int:
    return len(list(Path(f"/proc/{service.pid}/task").iterdir()))


def written(machine: Machine) -> int:
    """Bytes in our logs and in our folders."""
    folders = [machine.root / one for one in ("var/lib/homeport-accounts", "var/lib/homeport-agent", "run/userdb")]
    logs = [*(machine.root / "var/log").glob("homeport-*.log")]
    kept = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    total = 0
    for path in (*logs, *kept):
        with contextlib.suppress(FileNotFoundError):  # a file that was written anew takes the place of its elder
            total += path.stat().st_size
    return total


def attempts_by_ssh(machine: Machine, count: int) -> None:
    """So many real ssh attempts with names that nobody has and a wrong password, 25 at a time."""
    machine.write("/tmp/ask", ASK, 0o755)
    options = " ".join([*SSH_OPTIONS, "-o NumberOfPasswordPrompts=1 -o PreferredAuthentications=keyboard-interactive"])
    ssh = f"SSH_ASKPASS=/tmp/ask SSH_ASKPASS_REQUIRE=force setsid ssh {options} ghost$1@localhost true"
    machine.run("sh", "-c", f"seq {count} | xargs -P 25 -n 1 sh -c '{ssh} 2>/dev/null || true' ghost", seconds=300)


def test_ten_thousand_names_at_ssh_cost_no_call_no_memory_and_nobody_elses_login(lab, ada, bea):
    machine = lab.machine
    # The sshd of Debian 13 keeps an address waiting that failed too often; what is behind that is looked at here.
    patient = ["-o", "PerSourcePenalties=no"] if SUITE == "trixie" else []
    machine.start_sshd("-o", "MaxStartups=100", *patient)
    lab.bind(ada)
    machine.write("/tmp/pam_flood.py", pam_flood_path().read_text())
    machine.run("python3", "/tmp/pam_flood.py", "300", "sshd")  # what is kept once is kept by now
    before = {name: (resident(one), threads(one)) for name, one in lab.services.items()}
    bytes_before, asked_before = written(machine), len(machine.wire.asked)

    flood = machine.start("python3", "/tmp/pam_flood.py", str(MANY), "sshd", "/tmp/enough", log="/tmp/flood.log")
    assert machine.run("getent", "passwd", ada.username).startswith(f"{ada.username}:x:")
    lab.logs_in(ada).close()
    attempts_by_ssh(machine, BY_SSH)
    failed = "Failed keyboard-interactive/pam for invalid user ghost"
    machine.until(lambda: machine.read("/var/log/sshd.log").count(failed) == BY_SSH, "what sshd says of each")
    assert flood.running, "all that was in the middle"
    machine.write("/tmp/enough", "")
    assert flood.process.wait(300) == 0
    results = json.loads(machine.read("/tmp/flood.log"))
    assert list(results) == [USER_UNKNOWN]
    assert results[USER_UNKNOWN] >= MANY

    assert lab.asked_for_somebody(asked_before) == []
    for name, service in lab.services.items():
        memory, many = before[name]
        machine.until(lambda service=service, many=many: threads(service) <= many, f"the end of {name}'s conversations")
        assert resident(service) - memory < 4 * MIB, name
    assert written(machine) - bytes_before < 64 * 1024
    with machine.console() as console:  # and whoever comes for the first time gets in
        console.reads("login: $")
        console.types(bea.username)
        lab.signs_in(console, bea)
    for service in lab.services.values():
        assert "Traceback" not in service.log


HOSTILE = {
    "newline": "ada\nroot",
    "colon": "ada:x:0:0",
    "path": "../../etc/passwd",
    "ten kilobytes": "a" * 10_000,
    "format": "%s%n$(id)`id`",
    "escape": "\x1b[2Jada",
    "no ASCII": "ädä\u202e",
}


def framed(text: bytes) -> bytes:
    return b"H" + len(text).to_bytes(4, "big") + text


def said_to_the_socket(machine: Machine, user: bytes) -> bytes:
    """Send a hello as the module would if it checked nothing; the first bytes that come back."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(machine.root / "run/homeport/pam.sock"))
        hello = b"op=auth\nuser=" + user + b"\nservice=sshd\ntty=ssh\nrhost=198.51.100.7\nruser=\n"
        try:
            connection.sendall(framed(hello))
            return connection.makefile("rb").read(7)
        except (ConnectionResetError, BrokenPipeError):  # it did not wait for the end of what was too long
            return b""


@pytest.fixture
def unharmed(lab):
    """The files of accounts and the names that the system knows stay as they are."""
    machine = lab.machine
    machine.start_sshd()
    machine.run("homeport-agent", "status")  # answered once the names of the list are published
    files = ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/sudoers.d/homeport-policy")
    before = [machine.read(one) for one in files], machine.run("ls", "/run/userdb", "/etc/sudoers.d", "/home")
    yield machine
    assert ([machine.read(one) for one in files], machine.run("ls", "/run/userdb", "/etc/sudoers.d", "/home")) == before
    for service in lab.services.values():
        assert service.running
        assert "Traceback" not in service.log


def test_a_hostile_name_gets_an_ordinary_refusal_and_changes_nothing(lab, ada, unharmed):
    machine = unharmed
    asked = len(machine.wire.asked)
    machine.write("/tmp/ask", ASK, 0o755)
    options = [*SSH_OPTIONS, "-oNumberOfPasswordPrompts=1", "-oPreferredAuthentications=keyboard-interactive"]
    ssh = ["env", "SSH_ASKPASS=/tmp/ask", "SSH_ASKPASS_REQUIRE=force", "setsid", "ssh", *options]
    with ThreadPoolExecutor(2 * len(HOSTILE)) as pool:
        by_ssh = pool.map(lambda name: machine.attempt(*ssh, "-l", name, "localhost", "true").returncode, HOSTILE.values())
        by_pam = pool.map(
            lambda name: machine.attempt("pamtester", "sshd", name, "authenticate", input="x\n").returncode, HOSTILE.values()
        )
    assert set(by_ssh) == {255}
    assert set(by_pam) == {1}
    # OpenSSH's own client sends neither control characters nor signs of a shell; those came to sshd's PAM stack above.
    postponed = "Postponed keyboard-interactive for invalid user"
    machine.until(lambda: machine.read("/var/log/sshd.log").count(postponed) == len(HOSTILE) - 3, "what sshd says of them")
    for name in HOSTILE.values():
        for raw in (name.encode(), b"\0" + name.encode(), name.encode() + b"\0root", b"\xff\xfe" + name.encode()):
            answer = said_to_the_socket(machine, raw)
            assert answer in {b"", b"R\0\0\0\x0210"}, "no conversation, or: a user we know nothing of"
    assert said_to_the_socket(machine, b"x" * 70_000) == b""
    with machine.console() as console:
        for typed in ("../../etc/passwd", "ada:x:0:0", "ro\0ot", "a" * 3_000, "%s%n$(id)"):
            console.reads("login: $")
            console.types(typed)
            console.asks_secretly("Password: $")
            console.types("whatever")
            if console.reads("Login incorrect|Maximum number of tries")[0].startswith("Max"):
                break
    with machine.terminal("/bin/login", "-p", "--", HOSTILE["newline"]) as console:
        console.asks_secretly("Password: $")
        console.types("whatever")
        console.reads("Login incorrect")
    assert lab.asked_for_somebody(asked) == []
    assert said_to_the_socket(machine, ada.username.encode())[:1] == b"W", "who may come is asked as before"
