"""The booted Debian is a machine of its own: its login works at a terminal, its network can be cut, nothing of it stays."""

import os
import socket
import threading
from pathlib import Path

import pytest
from tests.support.debian.image import Layers, require_root, unpacked
from tests.support.debian.machine import Machine, MachineError
from tests.support.debian.terminal import TerminalError
from tests.support.debian.wire import interfaces
from tests.support.processes import free_port

pytestmark = pytest.mark.xdist_group("debian-support")


@pytest.fixture(scope="module")
def layers():
    with unpacked() as root:
        yield Layers((root,))


@pytest.fixture
def machine(layers):
    with Machine(layers, "lab-7") as booted:
        booted.run("useradd", "-m", "-s", "/bin/bash", "opa")
        booted.run("chpasswd", input="opa:sesame-and-lentils\n")
        yield booted


def test_a_machine_has_its_own_name_files_processes_and_network(machine):
    assert machine.run("hostname") == "lab-7\n"
    assert machine.run("ps", "-eo", "pid=,comm=").split()[0] == "1"
    assert interfaces(machine.pid) == ["lo"]
    assert machine.entry("passwd", "opa")[6] == "/bin/bash"
    assert str(machine.root) not in machine.run("cat", "/proc/self/mountinfo")


def test_debians_login_takes_the_password_at_the_console(machine):
    with machine.console() as console:
        console.reads("login: $")
        console.types("opa")
        console.asks_secretly("Password: $")
        console.types("sesame-and-lentils")
        console.reads(r"\$ $")
        assert console.runs("id -un; tty") == "opa\n/dev/pts/0\n"
        console.types("exit")
        assert console.ends() == 0
    assert "sesame" not in console.text


def test_a_wrong_password_is_refused_at_the_console(machine):
    with machine.console() as console:
        console.reads("login: $")
        console.types("opa")
        console.asks_secretly("Password: $")
        console.types("wrong")
        console.reads("Login incorrect")


def test_debians_sshd_and_ssh_open_a_shell(machine):
    machine.start_sshd()
    with machine.ssh("opa") as ssh:
        ssh.asks_secretly("password: $")
        ssh.types("sesame-and-lentils")
        ssh.reads(r"\$ $")
        assert ssh.runs("id -un") == "opa\n"
        assert ssh.runs("false").endswith("status 1")


def test_a_terminal_says_what_it_showed_when_the_words_never_come(machine):
    with machine.terminal("sh", "-c", "echo something else; sleep 5") as terminal, pytest.raises(TerminalError) as said:
        terminal.reads("never", seconds=0.5)
    assert "something else" in str(said.value)


def test_a_command_that_fails_says_what_it_said(machine):
    with pytest.raises(MachineError, match="no such user"):
        machine.run("id", "nobody-here")


def test_the_wire_carries_refuses_and_hangs(layers):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server, Machine(layers, "lab-8", port=port) as machine:
        threading.Thread(target=_greet, args=[server], daemon=True).start()
        ask = ["python3", "-c", f"import socket; print(socket.create_connection(('127.0.0.1', {port}), 1).recv(9).decode())"]
        assert machine.run(*ask) == "hello\n"
        machine.wire.cut()
        assert "refused" in machine.attempt(*ask).stderr
        machine.wire.hang()
        assert "timed out" in machine.attempt(*ask).stderr
        machine.wire.mend()
        assert machine.run(*ask) == "hello\n"


def test_nothing_stays_after_a_machine_is_switched_off(layers):
    with Machine(layers, "lab-9") as machine:
        machine.start("sleep", "600", log="/var/log/sleep.log")
        place, pid = machine._place, machine.pid
        uid_zero = machine.processes(0)
    assert not place.exists()
    assert not any(Path(f"/proc/{number}").exists() for number in (pid, *uid_zero))
    assert str(place) not in Path("/proc/self/mountinfo").read_text()


def test_without_root_a_sentence_says_what_is_missing():
    os.seteuid(65534)
    try:
        with pytest.raises(AssertionError, match="need root: run `make test`, or use sudo"):
            require_root()
    finally:
        os.seteuid(0)


def _greet(server):
    while True:
        try:
            end, _ = server.accept()
        except OSError:
            return
        with end:
            end.sendall(b"hello")
