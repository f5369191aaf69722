"""sudo by the passcode, by an approval in the browser with a reason, and never; for administrators only, and with our processes dead."""

import pytest
from tests.devices.device import PASSCODE

pytestmark = pytest.mark.xdist_group("devices")
SETTINGS = "/api/v2/devices/settings/signinwithjumpcloud"
RULES = {"passcode": "", "browser": "pam_service=homeport-sudo", "never": "pam_service=homeport-never"}


@pytest.fixture
def administrators(acme):
    """A user group whose members are administrators of their devices: `administrators("add", person)`."""
    group = acme.asks("POST", "/api/v2/usergroups", {"name": "Administrators of devices"})["id"]

    def set_rules(*rules):
        acme.asks("PUT", SETTINGS, {"settings": [{"osFamily": "LINUX", "groups": rules}]})

    def change(operation, person):
        acme.asks("POST", f"/api/v2/usergroups/{group}/members", {"op": operation, "type": "user", "id": person.id})

    set_rules({"userGroupId": group, "permission": "ADMIN"})
    yield change
    set_rules()
    acme.asks("DELETE", f"/api/v2/usergroups/{group}")


def try_sudo(console):
    console.types("sudo -k; sudo id -un; echo ended-$?")


def by_passcode(console) -> str:
    """Try sudo with the passcode; what it said."""
    try_sudo(console)
    begun = len(console.text)
    console.asks_secretly(r"password for \S+: $")
    console.types(PASSCODE)
    console.reads(r"^ended-\d")
    return console.text[begun:]


def refused(console) -> bool:
    """Whether sudo is refused without having asked for anything."""
    try_sudo(console)
    return console.reads(r"^(ended-\d)|password for \S+: $|administrator\? $|shown there: $")[1] == "ended-1"


def set_policy(portal, lab, word):
    """Choose sudo for this one device in the portal, and wait until it is in the device's files."""
    portal.sets_policy(lab, sudo=word)
    rule = "/etc/sudoers.d/homeport-policy"
    lab.machine.until(lambda: lab.machine.read(rule).splitlines()[1:] == expected(word), rule)
    lab.machine.run("visudo", "-cf", "/etc/sudoers")


def expected(word):
    return [f"Defaults:%homeport-users {RULES[word]}, pam_login_{RULES[word][4:]}"] if RULES[word] else []


def test_sudo_is_as_the_device_and_the_persons_permission_say_and_a_change_counts_at_once(
    acme, portal, lab, ada, bea, administrators
):
    administrators("add", ada)
    lab.bind(ada)
    lab.bind(bea)
    lab.machine.run("visudo", "-cf", "/etc/sudoers")
    at_ada, at_bea = lab.logs_in(ada), lab.logs_in(bea)
    assert "\nroot\nended-0" in by_passcode(at_ada)
    assert f"{bea.username} is not in the sudoers file" in by_passcode(at_bea)

    # By an approval in the browser, with a reason; Ada's session stands since before.
    set_policy(portal, lab, "browser")
    try_sudo(at_ada)
    at_ada.reads("Why do you need to act as administrator. $")
    at_ada.types("the disk of <b>lab</b> is full")
    code = at_ada.reads(r"with code +([A-Z]{4}-[A-Z]{4})")[1]
    at_ada.reads("Number shown there: $")
    asked, number = acme.signs_in_seeing(ada, f"{acme.estate.url}/device?user_code={code}")
    assert "the disk of &lt;b&gt;lab&lt;/b&gt; is full" in asked
    at_ada.types(number)
    at_ada.reads("^root$")
    at_ada.reads(r"^ended-0\n.*\$ $")
    (told,) = acme.audited("sudo_approve", lab.id)
    assert told["details"]["message"] == "the disk of <b>lab</b> is full"
    assert told["details"]["user_id"] == ada.id
    assert "the disk of" in acme.asks("GET", f"/api/v2/sign-ins/{told['details']['sign_in_id']}", text=True)

    # It holds with our processes dead, and the passcode is no way around it.
    lab.kill()
    assert refused(at_ada)
    assert refused(lab.logs_in(ada))
    lab.start()

    # Never.
    set_policy(portal, lab, "never")
    assert refused(at_ada)
    lab.kill()
    assert refused(at_ada)
    lab.start()

    # The permission: from one person to the other, while both their sessions stand.
    set_policy(portal, lab, "passcode")
    administrators("remove", ada)
    administrators("add", bea)
    lab.machine.until(
        lambda: lab.machine.entry("group", "homeport-admins")[3] == bea.username, "the administrators as the directory says"
    )
    assert "\nroot\n" not in by_passcode(at_ada)
    assert "is not in the sudoers file" in by_passcode(lab.logs_in(ada))
    assert "\nroot\nended-0" in by_passcode(lab.logs_in(bea))
    lab.machine.run("visudo", "-cf", "/etc/sudoers")
    administrators("add", ada)
    lab.machine.until(lambda: ada.username in lab.machine.entry("group", "homeport-admins")[3], "Ada's return")
    assert "\nroot\nended-0" in by_passcode(at_ada)
