"""`homeport device`, `device-group`, `enrollment-key`, `provisioning`, `enrollment` and `completion`, and how fast the help is."""

import re
import stat
import subprocess
import sys

import pytest

from .conftest import Shell


def test_a_device_is_found_renamed_and_deleted(homeport, served):
    device = served.house.device("lab-4")
    assert homeport.json("device", "show", "lab-4")["_id"] == device.id
    assert homeport.json("device", "rename", "lab-4", "Front desk")["displayName"] == "Front desk"
    assert homeport.json("device", "show", "Front desk")["hostname"] == "lab-4"
    assert homeport("device", "accounts", "lab-4") == ""
    assert homeport.json("device", "limit", "lab-4", "--to-assigned")["limitedToAssigned"] is True
    assert homeport.json("device", "limit", "lab-4", "--to-everybody")["limitedToAssigned"] is False
    homeport("device", "delete", "lab-4", "--accounts", "lock", "--yes")
    assert "The accounts on it are locked." in homeport.said
    assert homeport.json("device", "list") == []


def test_ssh_and_sudo_of_a_device_and_of_a_group_are_set_and_shown_with_who_said_so(homeport, served):
    served.house.device("lab-4")
    homeport("device-group", "add", "Servers")
    homeport("device-group", "join", "Servers", "lab-4")
    assert homeport.json("device-group", "policy", "Servers", "--ssh", "BROWSER", "--sudo", "NEVER")["sudo"] == "NEVER"
    assert homeport.json("device", "policy", "lab-4", "--sudo", "BROWSER")["effectiveSudo"]["from"] == "DEVICE"
    shown = homeport("device", "show", "lab-4")
    assert "BROWSER" in shown
    assert "DEVICE_GROUP" in shown
    assert homeport.json("device", "policy", "lab-4", "--sudo", "INHERIT")["effectiveSudo"]["value"] == "NEVER"
    for words in (
        ("device", "policy", "lab-4"),
        ("device-group", "policy", "Servers"),
        ("device", "policy", "lab-4", "--ssh", "x"),
    ):
        homeport(*words, status=2)


def test_a_passcode_is_reset_by_the_names_of_device_and_account(homeport, served):
    house = served.house
    house.provision()
    device, user = house.device("lab-4"), house.user("ada")
    house.do(lambda act: act.bindings.admit(user, act.devices.find(device.id), "01a20a00"))
    homeport("device", "reset-passcode", "lab-4", "ada", "--yes")
    assert "“lab-4” forgets the passcode of ada as soon as it is in contact." in homeport.said
    assert house.sql("SELECT kind FROM orders ORDER BY counter") == [("bind",), ("reset_passcode",)]
    homeport("device", "reset-passcode", "lab-4", "bob", "--yes", status=1)
    assert "“lab-4” has no account bob. See: homeport device accounts lab-4" in homeport.said


def test_a_code_of_the_help_desk_is_made_by_the_names_of_device_and_account(homeport, served):
    house = served.house
    house.provision()
    device, user = house.device("lab-4"), house.user("ada")
    house.do(lambda act: act.bindings.admit(user, act.devices.find(device.id), "01a20a00"))
    homeport("device", "unlock-code", "lab-4", "ada", "10", "0000", "0008", status=1)
    assert "no key in common yet" in homeport.said
    house.do(lambda act: act.help_desk.introduce(act.devices.find(device.id), "CQ" + "A" * 41, (0, 0)))
    written = homeport("device", "unlock-code", "lab-4", "ada", "10", "0000", "0008")
    assert re.fullmatch(r"\d{4} \d{4} \d{4}\n", written)
    assert "ada still needs the passcode; the access goes on until" in homeport.said
    code = homeport.json("device", "unlock-code", "lab-4", "ada", "2000000006")
    assert (len(code["code"]), code["newPasscode"]) == (12, True)
    homeport("device", "unlock-code", "lab-4", "ada", "1000000009", status=1)
    assert "Have them read out again." in homeport.said
    homeport("device", "unlock-code", "lab-4", "bob", "1000000008", status=1)
    assert "“lab-4” has no account bob. See: homeport device accounts lab-4" in homeport.said


def test_two_devices_with_one_name_are_told_apart_by_their_ids(homeport, served):
    ids = {served.house.device("lab-4").id, served.house.device("lab-4").id}
    homeport("device", "delete", "lab-4", "--yes", status=1)
    assert "2 devices are called “lab-4”. Give the id of one:" in homeport.said
    assert all(one in homeport.said for one in ids)
    homeport("device", "delete", ids.pop(), "--yes")
    assert homeport.json("device", "show", "lab-4")["_id"] in ids


def test_a_device_that_waits_is_approved(homeport, served):
    assert homeport.json("enrollment", "set", "--wait-for-approval")["newDevicesWaitForApproval"] is True
    served.house.device("lab-4")
    assert homeport.json("device", "show", "lab-4")["enrollmentStatus"] == "pending"
    homeport("device", "approve", "lab-4")
    assert homeport.json("device", "show", "lab-4")["enrollmentStatus"] == "active"


def test_a_setting_that_is_not_named_stays(homeport):
    homeport("device-group", "add", "Room 4")
    homeport("enrollment", "set", "--wait-for-approval", "--group", "Room 4")
    assert homeport.json("enrollment", "set", "--group", "") == {
        "newDevicesWaitForApproval": True,
        "defaultDeviceGroupId": None,
    }
    homeport("enrollment", "set", status=2)


def test_a_group_of_devices_is_made_filled_emptied_and_deleted(homeport, served):
    first, second = served.house.device("lab-1"), served.house.device("lab-2")
    homeport("device-group", "add", "Room 4", "--description", "The lab")
    homeport("device-group", "join", "Room 4", "lab-1", second.id)
    assert {one["_id"] for one in homeport.json("device-group", "members", "Room 4")} == {first.id, second.id}
    homeport("device-group", "leave", "Room 4", "lab-1")
    assert [one["_id"] for one in homeport.json("device-group", "members", "Room 4")] == [second.id]
    assert homeport.json("device-group", "set", "Room 4", "--description", "Away")["description"] == "Away"
    assert homeport.json("device-group", "set", "Room 4", "--rename", "Room 5")["name"] == "Room 5"
    homeport("device-group", "delete", "Room 5", "--yes")
    assert homeport.json("device-group", "list") == []
    assert len(homeport.json("device", "list")) == 2


def test_nobody_joins_when_one_of_those_named_is_not_there(homeport, served):
    served.house.device("lab-1")
    homeport("device-group", "add", "Room 4")
    homeport("device-group", "join", "Room 4", "lab-1", "lab-9", status=1)
    assert "There is no device “lab-9”" in homeport.said
    assert homeport.json("device-group", "members", "Room 4") == []


def test_an_enrolment_key_is_handed_out_once_into_a_file_of_ones_own(homeport, tmp_path):
    target = tmp_path / "room-4.key"
    homeport("enrollment-key", "add", "Room 4", "--max-uses", 10, "--days", 3, "--key-out", target)
    key = target.read_text().strip()
    assert key.startswith("hpe1.")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert key not in homeport.said
    shown = homeport.json("enrollment-key", "show", "Room 4")
    assert (shown["maxUses"], shown["state"]) == (10, "usable")
    assert key.split(".")[2] not in str(shown)
    assert homeport.json("enrollment-key", "show", shown["id"]) == shown
    assert homeport.json("enrollment-key", "revoke", "Room 4", "--yes")["state"] == "revoked"


def test_without_a_terminal_or_a_file_no_enrolment_key_is_made(homeport, tmp_path):
    homeport("enrollment-key", "add", "Room 4", status=2)
    assert "--key-out" in homeport.said
    (tmp_path / "there").write_text("mine")
    homeport("enrollment-key", "add", "Room 4", "--key-out", tmp_path / "there", status=2)
    assert homeport.json("enrollment-key", "list") == []
    assert (tmp_path / "there").read_text() == "mine"


def test_a_key_that_cannot_be_written_to_its_file_is_not_lost(homeport, tmp_path):
    shown = homeport("enrollment-key", "add", "Room 4", "--key-out", tmp_path / "no such folder" / "key", status=2)
    assert shown.startswith("hpe1.")
    assert "It is printed above" in homeport.said


def test_a_device_joins_the_group_of_its_key(homeport, served):
    homeport("device-group", "add", "Room 4")
    homeport("enrollment-key", "add", "Room 4", "--group", "Room 9", "--key-out", "-", status=1)
    assert homeport("enrollment-key", "add", "Room 4", "--group", "Room 4", "--key-out", "-").startswith("hpe1.")


def test_provisioning_is_set_for_one_system(homeport):
    shown = homeport("provisioning", "set", "linux", "--enabled", "--lease-days", 7, "--permission", "ADMIN")
    assert shown.startswith("LINUX\tyes\tyes\tADMIN\tno\t7\t")
    assert homeport("provisioning", "set", "macos", "--enabled").startswith("MACOS\tyes\tno\t"), "enabled, and not verified"
    homeport("provisioning", "set", "macos", "--sudo", "NEVER", status=1)
    assert "for Linux only" in homeport.said
    assert "TAKE_OVER" in homeport("provisioning", "set", "linux", "--existing-account", "TAKE_OVER")
    homeport("provisioning", "set", "linux", "--existing-account", "ASK", status=2)
    homeport("provisioning", "set", "linux", status=2)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_us(homeport, shell):
    script = homeport("completion", shell)
    assert f"_HOMEPORT_COMPLETE={shell}_complete" in script or f"_HOMEPORT_COMPLETE={shell}_complete" in script.replace('"', "")


def test_bash_really_completes(homeport, tmp_path):
    """The script in a real bash: the function that it registers, called as bash calls it."""
    (tmp_path / "homeport").write_text(f'#!/bin/sh\nexec {sys.executable} -m homeport "$@"\n')
    (tmp_path / "homeport").chmod(0o755)
    (tmp_path / "completion").write_text(homeport("completion", "bash"))
    program = (
        f"PATH={tmp_path}:$PATH; source {tmp_path}/completion; COMP_WORDS=(homeport enrollment-key re); COMP_CWORD=2; "
        '_homeport_completion homeport; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split() == ["revoke"]


HEAVY = (
    "fastapi",
    "sqlalchemy",
    "pydantic",
    "cryptography",
    "alembic",
    "rich",
    "http.client",
    "ssl",
    "tomli_w",
    "uvicorn",
    "httpx2",
)


@pytest.mark.parametrize("words", [["--help"], ["user", "list", "--help"], ["apply", "--help"]])
def test_the_help_imports_nothing_heavy(words):
    program = (
        "import sys\nfrom homeport.cli import main\n"
        f"main({words!r}, standalone_mode=False)\nprint(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)
    assert "Usage:" in done.stdout
    assert [name for name in done.stderr.split() if name in HEAVY] == []


def test_a_folder_without_a_database_is_not_taken_for_a_log_that_holds(tmp_path):
    here = Shell({})
    here("audit", "verify", "--data", tmp_path, status=2)
    assert f"There is no database in {tmp_path}." in here.said
    assert list(tmp_path.iterdir()) == []
