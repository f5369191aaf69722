"""A person at Debian's own login: the module, both halves as two processes under two users, and a server that can be cut off."""

import contextlib
import os
import signal
import time

import pytest
from standin import StandIn, person
from tests.support.debian.image import installed, kept
from tests.support.debian.machine import Machine

pytestmark = pytest.mark.xdist_group("at-the-login")
PASSCODE, OTHER = "correct horse 7", "sesame and lentils"


@pytest.fixture(scope="module")
def enrolled():
    """A machine that has a local administrator and is enrolled at a server: its layers, and the server's keys and devices."""
    with installed() as layers, contextlib.closing(StandIn()) as server, contextlib.ExitStack() as stack:
        with Machine(layers, "lab-7", port=server.httpd.server_port) as machine:
            machine.run("useradd", "-m", "-s", "/bin/bash", "opa")
            machine.run("chpasswd", input=f"opa:{OTHER}\n")
            enroll = ("homeport-agent", "enroll", "--server", server.url, "--key-file", "-")
            machine.run(*enroll, input=f"{server.enrollment_key}\n")
            changed = ("etc", "home", "var/lib/homeport-agent", "var/lib/homeport-accounts")
            made = stack.enter_context(kept(layers, machine.root, *changed))
        yield made, server


class Lab:
    """An enrolled machine with a local administrator; both halves run."""

    def __init__(self, machine, server):
        self.machine, self.server = machine, server
        (self.device_id,) = server.devices
        machine.run("systemd-tmpfiles", "--create", "homeport-agent.conf")  # as at each boot
        machine.run("install", "-d", "-o", "homeport-agent", "/run/homeport-agent")  # RuntimeDirectory=
        self.accounts = self.network = None
        self.start_accounts()
        self.start_network()

    def start_accounts(self):
        self.accounts = self.machine.start("homeport-agent", "accounts", log="/var/log/accounts.log")
        self.machine.until((self.machine.root / "run/homeport/pam.sock").exists, "the PAM socket")

    def start_network(self):
        self.network = self.machine.start("homeport-agent", "run", user="homeport-agent", log="/var/log/agent.log")
        self.machine.until((self.machine.root / "var/lib/homeport-accounts/roster.json").exists, "the list of people")

    def kill(self):
        self.accounts.kill()
        self.network.kill()

    def first_sign_in(self, name="ada", passcode=PASSCODE):
        with self.machine.console() as console:
            console.reads("login: $")
            console.types(name)
            console.reads("Number shown there: $")
            console.types(self.server.number)
            console.asks_secretly("Choose a passcode for ada on this device: $")
            console.types(passcode)
            console.asks_secretly("The same again: $")
            console.types(passcode)
            console.reads(r"\$ $")
            said = console.runs("id -un; pwd")
        return said, console.text

    def logs_in(self, name, passcode):
        with self.machine.console() as console:
            console.reads("login: $")
            console.types(name)
            console.asks_secretly("Password: $")
            console.types(passcode)
            console.reads(r"\$ $|Login incorrect|suspended|expired")
            return console.text.rstrip().endswith("$")


@pytest.fixture
def lab(enrolled):
    layers, known = enrolled
    server = StandIn(known)
    with Machine(layers, "lab-7", port=server.httpd.server_port) as machine:
        try:
            yield Lab(machine, server)
        finally:
            print(machine.read("/var/log/accounts.log"), machine.read("/var/log/agent.log"))


def test_the_first_sign_in_by_e_mail_makes_the_account_and_then_the_passcode_is_enough_with_everything_cut(lab):
    said, shown = lab.first_sign_in("Ada@acme.example")
    assert said == "ada\n/home/ada\n"
    assert "▀" in shown  # the QR code
    assert "WDJB-MJHT" in shown
    assert PASSCODE not in shown
    assert all(len(line) <= 80 for line in shown.split("Linux lab-7")[0].splitlines())
    assert lab.machine.entry("shadow", "ada")[1].startswith("$y$")
    lab.machine.wire.cut()
    lab.kill()
    assert lab.logs_in("ada", PASSCODE)
    assert not lab.logs_in("ada", "wrong one 7")
    assert lab.logs_in("opa", OTHER)


def test_a_name_that_may_not_sign_in_here_sees_an_ordinary_prompt_and_costs_no_call(lab):
    before = len(lab.machine.wire.asked)
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("mallory")
        console.asks_secretly("Password: $")
        console.types("whatever it is")
        console.reads("Login incorrect")
    assert not any("device_authorization" in one for one in lab.machine.wire.asked[before:])


def test_a_wrong_number_can_be_typed_five_times_and_no_more(lab):
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        for left in ("4 tries", "3 tries", "2 tries", "1 try"):
            console.reads("Number shown there: $")
            console.types("000000")
            console.reads(f"not the number in the browser. {left} left")
        console.reads("Number shown there: $")
        console.types("000000")
        console.reads("Reason: number_wrong   Sign-in: s-1")
    assert lab.machine.entry("passwd", "ada") is None


def test_who_comes_back_after_a_time_out_sees_the_same_code(lab):
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        console.reads("Number shown there: $")
    # The same console again: its terminal is free only when the first login is gone.
    lab.machine.until(lambda: lab.machine.attempt("pgrep", "-x", "login").returncode != 0, "the end of the first login")
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        console.reads("Number shown there: $")
    assert len(lab.server.grants) == 1


def test_local_people_get_in_while_both_halves_hang(lab):
    for pid in (inner := [lab.accounts.pid, lab.network.pid]):
        os.kill(pid, signal.SIGSTOP)
    try:
        assert lab.logs_in("opa", OTHER)
    finally:  # what started them stopped along with them
        for pid in [*inner, lab.accounts.process.pid, lab.network.process.pid]:
            os.kill(pid, signal.SIGCONT)


def test_another_person_who_approves_gets_nothing(lab):
    lab.server.account = lab.server.account | {"user_id": "u-eve", "username": "eve"}
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        console.reads("Number shown there: $")
        console.types(lab.server.number)
        console.reads("Reason: another_person")
    assert lab.machine.entry("passwd", "eve") is None


def ssh_first_sign_in(lab, ssh):
    ssh.reads(r"Number shown there: $")
    ssh.types(lab.server.number)
    ssh.asks_secretly("Choose a passcode for ada on this device: $")
    ssh.types(PASSCODE)
    ssh.asks_secretly("The same again: $")
    ssh.types(PASSCODE)
    ssh.reads(r"\$ $")


def test_the_first_sign_in_over_ssh_turns_the_record_into_an_account(lab):
    lab.machine.start_sshd()
    assert lab.machine.run("getent", "passwd", "ada").startswith("ada:x:20000:20000:Ada Lovelace:/home/ada:")
    assert lab.machine.entry("passwd", "ada") is None
    with lab.machine.ssh("ada") as ssh:
        ssh_first_sign_in(lab, ssh)
        assert ssh.runs("id -un; pwd") == "ada\n/home/ada\n"
        assert all(len(line) <= 80 for line in ssh.text.splitlines()[:8])
        assert "\u2580" not in ssh.text  # no QR code: the client's terminal may not draw it
    assert lab.machine.entry("passwd", "ada")[2] == "20000"
    assert not (lab.machine.root / "run/userdb/ada.user").exists()


def test_where_nobody_may_type_a_password_over_ssh_the_browser_opens_the_first_session_all_the_same(lab):
    lab.machine.write("/etc/homeport/ssh-password-users", "")
    lab.machine.write("/etc/ssh/sshd_config.d/10-keys.conf", "PasswordAuthentication no\n")
    lab.machine.start_sshd()
    with lab.machine.ssh("opa") as ssh:
        ssh.reads("Permission denied")
        assert "assword" not in ssh.text
    with lab.machine.ssh("ada") as ssh:
        ssh_first_sign_in(lab, ssh)
        assert ssh.runs("id -un") == "ada\n"


def test_over_ssh_a_name_that_may_not_sign_in_here_looks_like_any_other(lab):
    lab.machine.start_sshd()
    with lab.machine.ssh("mallory") as ssh:
        ssh.asks_secretly("[Pp]assword: $")
        ssh.types("whatever it is")
        ssh.reads("Permission denied|[Pp]assword: $")
        assert "Sign in at" not in ssh.text


def test_a_record_alone_opens_nothing_while_both_halves_are_dead(lab):
    lab.machine.start_sshd()
    lab.kill()
    with lab.machine.ssh("ada") as ssh:
        ssh.asks_secretly("[Pp]assword: $")
        ssh.types(PASSCODE)
        ssh.reads("Permission denied|[Pp]assword: $")


def has_sudo_policy(lab, words):
    lab.machine.until(lambda: words in lab.machine.read(SUDOERS), f"{words!r} in {SUDOERS}")


SSHD, SUDOERS = "/etc/ssh/sshd_config.d/40-homeport-policy.conf", "/etc/sudoers.d/homeport-policy"


def test_over_ssh_somebody_with_an_account_needs_a_key_and_a_dead_agent_changes_nothing(lab):
    lab.first_sign_in()
    lab.machine.start_sshd()
    lab.kill()
    with lab.machine.ssh("ada") as ssh:
        ssh.reads(r"Permission denied \(publickey\)")


def test_over_ssh_by_browser_each_time_and_closed_while_nothing_of_ours_runs(lab):
    lab.first_sign_in()
    sshd = lab.machine.start_sshd()
    lab.server.set_policy(ssh="browser")
    # Told to read its files again, sshd starts anew, and for a moment nobody listens.
    lab.machine.until(lambda: "Server listening on" in sshd.log.partition("Received SIGHUP")[2], "sshd's new start")
    assert "keyboard-interactive" in lab.machine.read(SSHD)
    with lab.machine.ssh("ada") as ssh:
        ssh.reads("Number shown there: $")
        ssh.types(lab.server.number)
        ssh.reads(r"\$ $")
        assert ssh.runs("id -un") == "ada\n"
    lab.kill()
    with lab.machine.ssh("ada") as ssh:
        ssh.reads(r"Permission denied \(keyboard-interactive\)")
    with lab.machine.ssh("opa") as ssh:  # a local person is none of our business
        ssh.asks_secretly("[Pp]assword: $")
        ssh.types(OTHER)
        ssh.reads(r"\$ $")


def sudo(lab):
    console = lab.machine.console()
    console.reads("login: $")
    console.types("ada")
    console.asks_secretly("Password: $")
    console.types(PASSCODE)
    console.reads(r"\$ $")
    console.types("sudo -k; sudo id -un; echo ended-$?")
    return console


def test_sudo_by_passcode_by_browser_with_a_reason_and_never(lab):
    lab.server.account |= {"permission": "admin"}
    lab.first_sign_in()
    with sudo(lab) as console:
        console.asks_secretly("password for ada: $")
        console.types(PASSCODE)
        console.reads("^root$")
    lab.server.set_policy(sudo="browser")
    has_sudo_policy(lab, "homeport-sudo")
    with sudo(lab) as console:
        console.reads("Why do you need to act as administrator\\? $")
        console.types("the disk is full")
        console.reads("Number shown there: $")
        console.types(lab.server.number)
        console.reads("^root$")
    asked = list(lab.server.grants.values())[-1]["form"]
    assert (asked["scope"], asked["message"], asked["user_id"]) == ("sudo", "the disk is full", "u-ada")
    lab.server.set_policy(sudo="never")
    has_sudo_policy(lab, "homeport-never")
    with sudo(lab) as console:
        console.reads("ended-1")
        assert "root" not in console.text.split("ended-$?")[-1]


def test_sudo_by_browser_is_closed_while_nothing_of_ours_runs(lab):
    lab.server.account |= {"permission": "admin"}
    lab.first_sign_in()
    lab.server.set_policy(sudo="browser")
    has_sudo_policy(lab, "homeport-sudo")
    lab.kill()
    with sudo(lab) as console:
        console.reads("ended-1")
        assert "root" not in console.text.split("ended-$?")[-1]


@pytest.mark.parametrize("claims", [{"nonce": "another"}, {"purpose": "device_login"}, {"exp": 1}, {"aud": "d-other"}])
def test_an_approval_that_is_not_for_this_very_prompt_lets_nobody_act_as_root(lab, claims):
    lab.server.account |= {"permission": "admin"}
    lab.first_sign_in()
    lab.server.set_policy(sudo="browser")
    has_sudo_policy(lab, "homeport-sudo")
    lab.server.approval_claims = claims
    with sudo(lab) as console:
        console.reads("act as administrator")
        console.types("")
        console.reads("Number shown there: $")
        console.types(lab.server.number)
        console.reads("Reason: order_")
        assert "root" not in console.text.split("Reason: order_")[-1]


def test_a_forgotten_passcode_is_reset_by_whoever_types_the_e_mail_address(lab):
    lab.first_sign_in()
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada@acme.example")
        console.reads("Number shown there: $")
        console.types(lab.server.number)
        for prompt in ("Choose a passcode for ada on this device: $", "The same again: $"):
            console.asks_secretly(prompt)
            console.types("walnut harbour 17")
        console.reads(r"\$ $")
    assert list(lab.server.grants.values())[-1]["form"]["scope"] == "passcode_reset"
    assert lab.logs_in("ada", "walnut harbour 17")
    assert not lab.logs_in("ada", PASSCODE)


def test_a_lease_warns_three_days_before_and_is_renewed_by_the_browser_when_it_is_over(lab):
    lab.first_sign_in()
    soon = lab.machine.run("date", "-u", "-d", "+2 days", "+%F").strip()
    lab.machine.run("usermod", "-e", soon, "ada")
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        console.asks_secretly("Password: $")
        console.types(PASSCODE)
        console.reads(f"Your access to this device ends on {soon}")
        console.reads(r"\$ $")
    lab.machine.run("usermod", "-e", "2020-01-01", "ada")
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        console.reads("Number shown there: $")
        console.types(lab.server.number)
        console.reads(r"\$ $")
    assert lab.logs_in("ada", PASSCODE)
    # Now its clock seems to have been set back: the signed word of a later time counts.
    later = {"account": person("bea", 20001), "iat": int(time.time()) + 20 * 86_400}
    lab.network.wait_for_log(f"Order {lab.server.push(lab.device_id, 'suspend', **later)}")
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        console.reads("Number shown there: $")


def test_who_lost_the_account_here_may_sign_in_anew(lab):
    lab.first_sign_in()
    lab.server.push(lab.device_id, "unbind", after="lock")
    lab.machine.until(lambda: lab.machine.entry("shadow", "ada")[7] == "1", "the end of the binding")
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("ada")
        console.reads("Number shown there: $")
        console.types(lab.server.number)
        console.reads(r"\$ $|Choose a passcode")


def test_an_sshd_that_is_out_of_order_keeps_its_files_and_holds_up_no_suspension(lab):
    lab.first_sign_in()
    before = lab.machine.read(SSHD)
    lab.machine.write("/etc/ssh/sshd_config.d/99-broken.conf", "NoSuchWord yes\n")
    lab.server.set_policy(ssh="browser")
    lab.network.wait_for_log("tool_failed")
    assert lab.machine.read(SSHD) == before
    lab.server.push(lab.device_id, "suspend")
    lab.machine.until(lambda: lab.machine.entry("shadow", "ada")[7] == "1", "the suspension")


def test_the_doctor_proves_the_stack_and_names_what_is_out_of_order(lab):
    lab.first_sign_in()
    said = lab.machine.run("homeport-agent", "doctor")
    assert "BAD" not in said
    for words in (
        "USER_UNKNOWN for an unknown name",
        "USER_UNKNOWN for root",
        "SUCCESS for ada, an account that may come in",
        "AUTHINFO_UNAVAIL for anybody, with the agent dead",
    ):
        assert words in said
    lab.server.push(lab.device_id, "suspend")
    lab.machine.until(lambda: lab.machine.entry("shadow", "ada")[7] == "1", "the suspension")
    assert "PERM_DENIED for ada, a suspended account" in lab.machine.run("homeport-agent", "doctor")
    lab.machine.run("pam-auth-update", "--package", "--remove", "homeport")
    ended = lab.machine.attempt("homeport-agent", "doctor")
    assert ended.returncode == 1
    assert "BAD   common-auth does not ask pam_homeport.so." in ended.stdout
