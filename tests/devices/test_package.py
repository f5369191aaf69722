"""The package goes in, is right, and goes out again, leaving the machine as it was."""

import hashlib
import subprocess
import sys
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


def test_a_stack_that_somebody_edited_stops_the_removal_and_local_people_get_in_even_without_the_module(machine):
    machine.run("useradd", "-m", "-s", "/bin/bash", "opa")
    machine.run("chpasswd", input="opa:sesame-and-lentils\n")
    before = stack(machine)
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    machine.run("sed", "-i", "/Primary/a auth optional pam_permit.so", "/etc/pam.d/common-auth")
    ended = machine.attempt("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--remove", "homeport-agent")
    assert ended.returncode != 0
    assert "Take those lines out" in ended.stderr
    assert "installed" in machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "homeport-agent")
    opens_the_console(machine)
    module = machine.run("find", "/usr/lib", "-name", "pam_homeport.so").strip()
    machine.run("mv", module, "/tmp/away.so")
    opens_the_console(machine)
    machine.run("mv", "/tmp/away.so", module)
    machine.run("env", "DEBIAN_FRONTEND=noninteractive", "pam-auth-update", "--package", "--force")
    machine.run("dpkg", "--remove", "homeport-agent")
    assert stack(machine) == before
    opens_the_console(machine)


def test_removal_without_purge_leaves_sshd_as_it_was_and_no_records_of_ours(machine):
    machine.run("ssh-keygen", "-A")
    machine.write("/etc/ssh/sshd_config.d/10-keys.conf", "PasswordAuthentication no\n")
    before = machine.run("sshd", "-T")
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    assert machine.run("sshd", "-T") != before
    publish = (
        "from homeport_agent.accounts.records import Records; from homeport_agent.accounts.roster import Person;"
        "from homeport_agent.root import Root; p = Person('u', 'ada', '', 'Ada', 20000); Records(Root.at('/')).sync({'ada': p})"
    )
    machine.run("env", "PYTHONPATH=/usr/share/homeport-agent", "python3", "-c", publish)
    machine.write("/run/userdb/opa.user", '{"userName": "opa", "uid": 30000}\n')
    assert {"ada.user", "ada.group", "20000.user", "20000.group"} <= set(machine.run("ls", "/run/userdb").split())
    machine.run("dpkg", "--remove", "homeport-agent")
    assert machine.run("sshd", "-T") == before
    assert machine.run("ls", "/run/userdb") == "opa.user\n"
    assert machine.attempt("ls", "/etc/homeport").returncode != 0


def types_the_password_over_ssh(machine) -> bool:
    with machine.ssh("opa", "-o", "NumberOfPasswordPrompts=1") as ssh:
        if "denied" in ssh.reads(r"[Pp]assword: $|Permission denied")[0]:
            return False
        ssh.types("sesame-and-lentils")
        return "denied" not in ssh.reads(r"\$ $|Permission denied")[0]


def test_where_sshd_took_no_passwords_it_takes_those_of_people_whom_the_owner_lists(machine):
    machine.run("useradd", "-m", "-s", "/bin/bash", "opa")
    machine.run("chpasswd", input="opa:sesame-and-lentils\n")
    machine.write("/etc/ssh/sshd_config.d/10-keys.conf", "PasswordAuthentication no\n")
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    assert machine.read("/etc/homeport/ssh-password-users") == ""
    machine.start_sshd()
    assert not types_the_password_over_ssh(machine)
    opens_the_console(machine)
    machine.write("/etc/homeport/ssh-password-users", "opa\n")
    assert types_the_password_over_ssh(machine)
    machine.run("rm", "/etc/homeport/ssh-password-users")
    machine.run("dpkg", "-i", "/tmp/agent.deb")  # an upgrade does not take back what the owner decided
    assert types_the_password_over_ssh(machine)


def test_what_is_installed_is_what_the_tools_of_debian_accept(machine):
    machine.run("dpkg", "-i", "/tmp/agent.deb")
    assert machine.run("dpkg", "--verify", "homeport-agent") == ""
    machine.run("ssh-keygen", "-A")
    assert "logingracetime 300" in machine.run("sshd", "-T")
    assert "kbdinteractiveauthentication yes" in machine.run("sshd", "-T")
    assert not (machine.root / "etc/homeport/ssh-password-users").exists()  # passwords over ssh go on where they were taken
    units = ["/usr/lib/systemd/system/homeport-accounts.service", "/usr/lib/systemd/system/homeport-agent.service"]
    verified = machine.attempt("systemd-analyze", "verify", "--man=no", *units)
    assert "StartLimitIntervalSec=0\n" in machine.read(units[0]).split("[Service]")[0]
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


def test_a_killed_run_leaves_no_machine(machine, layers):
    code = (
        "import sys, time; from pathlib import Path; from tests.support.debian.image import Layers;"
        "from tests.support.debian.machine import Machine; m = Machine(Layers((Path(sys.argv[1]),)), 'lab-8');"
        "print(m.pid, m._place, flush=True); time.sleep(600)"
    )
    words = [sys.executable, "-c", code, layers.option]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as run:
        pid, place = run.stdout.readline().split()
        assert Path(f"/proc/{pid}/root").exists()
        run.kill()
    machine.until(lambda: not Path(f"/proc/{pid}/root/etc").exists(), "the end of the machine")
    Path(place).rmdir()


def test_lintian_finds_nothing(package):
    ended = subprocess.run(["lintian", "--allow-root", package], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")
