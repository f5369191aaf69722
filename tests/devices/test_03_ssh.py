"""ssh: the first sign-in of an assigned person, a name that may not come, and the three ways of whoever has an account."""

import pytest
from tests.devices.device import PASSCODE

ONCE = ("-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=keyboard-interactive")
DROP_IN = "/etc/ssh/sshd_config.d/40-homeport-policy.conf"
METHODS = {"key": "publickey", "browser": "keyboard-interactive:pam", "passcode": ""}
pytestmark = pytest.mark.xdist_group("devices")


def test_a_first_sign_in_over_ssh_ends_in_the_persons_own_shell(lab, ada):
    lab.machine.start_sshd()
    with lab.machine.ssh(ada.username) as ssh:
        lab.signs_in(ssh, ada)
        assert ssh.runs("id -un; pwd") == f"{ada.username}\n/home/{ada.username}\n"
    assert "\x1b" not in ssh.text.split("Choose a passcode")[0]
    assert PASSCODE not in ssh.text
    assert lab.machine.entry("shadow", ada.username)[1].startswith("$y$")
    assert lab.machine.run("ls", "/run/userdb").count(f"{ada.username}.user") == 0
    assert lab.machine.read("/etc/passwd").count(f"\n{ada.username}:") == 1
    lab.logs_in(ada)  # the account that ssh made is the console's too


def test_a_name_that_may_not_sign_in_looks_like_any_password_prompt_and_costs_no_call(acme, lab, ada, bea):
    lab.machine.start_sshd()
    acme.asks("PUT", f"/api/systems/{lab.id}", {"limitedToAssigned": True})
    acme.asks("POST", f"/api/v2/systems/{lab.id}/associations", {"op": "add", "type": "user", "id": ada.id})
    roster = "/var/lib/homeport-accounts/roster.json"
    lab.machine.until(lambda: bea.username not in lab.machine.read(roster), "the list without Bea")
    lab.machine.run("useradd", "-m", "opa")
    lab.machine.run("chpasswd", input="opa:sesame-and-lentils\n")
    assert any("/agent/v1/people" in one for one in lab.machine.wire.asked), "what is asked is seen here"
    begun, shown = len(lab.machine.wire.asked), []
    for name in ("mallory", "opa", "root", bea.username):
        with lab.machine.ssh(name, *ONCE) as ssh:
            ssh.asks_secretly("[Pp]assword: $")
            ssh.types("whatever it is")
            ssh.reads("Permission denied")
            ssh.ends()
            shown.append(ssh.text.replace(name, "NAME"))
    assert len(set(shown)) == 1, "nobody can tell by the prompts who is known here"
    assert lab.asked_for_somebody(begun) == []
    assert not any(name in lab.services["homeport-agent"].log for name in ("mallory", "opa"))
    with lab.machine.ssh(ada.username) as ssh:  # who is assigned is asked for the number
        ssh.reads("Number shown there: $")
    assert lab.asked_for_somebody(begun), "what is asked for her is seen here"


def by_passcode(lab, person) -> str:
    """Try to come in by the passcode; `in`, or the ways that sshd would take."""
    with lab.machine.ssh(person.username, "-o", "NumberOfPasswordPrompts=1") as ssh:
        found = ssh.reads(r"[Pp]assword: $|Permission denied \((\S+)\)|Number shown there: $")
        if "assword" in found[0]:
            ssh.types(PASSCODE)
            found = ssh.reads(r"\$ $|Permission denied \((\S+)\)")
        return found[1] or ("in" if found[0] == "$ " else "browser")


def by_browser(lab, person) -> str:
    with lab.machine.ssh(person.username) as ssh:
        lab.signs_in(ssh, person, passcode=None)
        return ssh.runs("id -un").strip()


def becomes(lab, policy, change):
    """Change the policy and wait until the sshd that runs has it."""
    log = lab.machine.root / "var/log/sshd.log"
    before = log.read_text().count("Server listening on")
    change()
    lab.machine.until(lambda: METHODS[policy] in lab.machine.read(DROP_IN).partition("AuthenticationMethods ")[2], DROP_IN)
    lab.machine.until(lambda: log.read_text().count("Server listening on") > before, "sshd's new start")


def test_each_way_in_is_set_for_one_device_and_the_stricter_ones_hold_with_nothing_of_ours_alive(acme, portal, lab, ada):
    lab.machine.start_sshd()
    lab.bind(ada)
    lab.give_a_key(ada)

    # A key, while the lease lasts: the default.
    for alive in (True, False):
        assert lab.key_opens(ada)
        assert by_passcode(lab, ada) == "publickey"
        if alive:
            lab.kill()
    lab.start()

    # The browser each time, said by this device in the portal.
    becomes(lab, "browser", lambda: portal.sets_policy(lab, ssh="browser"))
    assert not lab.key_opens(ada)
    assert by_passcode(lab, ada) == "browser"
    assert by_browser(lab, ada) == ada.username
    lab.kill()
    assert not lab.key_opens(ada)
    assert by_passcode(lab, ada) == "keyboard-interactive"
    lab.start()

    # The passcode, off by default, said over the REST API; it works without us as on any machine, and so do keys.
    answer = {}
    becomes(lab, "passcode", lambda: answer.update(acme.asks("PUT", f"/api/systems/{lab.id}", {"ssh": "PASSCODE"})))
    assert answer["effectiveSsh"] == {"value": "PASSCODE", "from": "DEVICE", "groupId": None, "groupName": None}
    assert by_passcode(lab, ada) == "in"
    assert lab.key_opens(ada)

    # The group's word, once the device itself says nothing; and it goes with the group.
    group = acme.asks("POST", "/api/v2/systemgroups", {"name": "Servers"})["id"]
    acme.asks("PUT", f"/api/v2/systemgroups/{group}", {"name": "Servers", "ssh": "BROWSER"})
    acme.asks("POST", f"/api/v2/systemgroups/{group}/members", {"op": "add", "type": "system", "id": lab.id})
    becomes(lab, "browser", lambda: portal.sets_policy(lab))
    assert not lab.key_opens(ada)
    becomes(lab, "key", lambda: acme.asks("DELETE", f"/api/v2/systemgroups/{group}"))
    assert lab.key_opens(ada)
    assert by_passcode(lab, ada) == "publickey"
