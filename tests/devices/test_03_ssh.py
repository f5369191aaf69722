"""ssh: the first sign-in of an assigned person, an unassigned name, and the key once the account is there."""

import pytest
from tests.devices.device import PASSCODE

ONCE = ("-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=keyboard-interactive")
pytestmark = pytest.mark.xdist_group("devices-2")


def test_a_first_sign_in_over_ssh_ends_in_the_persons_own_shell(lab, ada):
    lab.machine.start_sshd()
    with lab.machine.ssh(ada.username) as ssh:
        lab.signs_in(ssh, ada)
        assert ssh.runs("id -un; pwd") == f"{ada.username}\n/home/{ada.username}\n"
    assert "\x1b" not in ssh.text.split("Choose a passcode")[0]
    assert PASSCODE not in ssh.text
    assert lab.machine.entry("shadow", ada.username)[1].startswith("$y$")
    assert lab.machine.run("ls", "/run/userdb").count(f"{ada.username}.user") == 0
    lab.give_a_key(ada)
    assert lab.key_opens(ada)
    lab.kill()
    assert lab.key_opens(ada)


def test_a_name_that_may_not_sign_in_looks_like_any_password_prompt_and_costs_no_call(lab):
    lab.machine.start_sshd()
    lab.machine.run("useradd", "-m", "opa")
    lab.machine.run("chpasswd", input="opa:sesame-and-lentils\n")
    before, shown = lab.machine.wire.carried, []
    for name in ("mallory", "opa"):
        with lab.machine.ssh(name, *ONCE) as ssh:
            ssh.asks_secretly("[Pp]assword: $")
            ssh.types("whatever it is")
            ssh.reads("Permission denied")
            ssh.ends()
            shown.append(ssh.text.replace(name, "NAME"))
    assert shown[0] == shown[1]
    assert lab.machine.wire.carried - before <= 1  # the agent's own waiting request may have begun anew


def test_an_account_that_ssh_made_is_not_made_twice(lab, ada):
    lab.machine.start_sshd()
    with lab.machine.ssh(ada.username) as ssh:
        lab.signs_in(ssh, ada)
    assert lab.machine.read("/etc/passwd").count(f"\n{ada.username}:") == 1
    lab.logs_in(ada)
