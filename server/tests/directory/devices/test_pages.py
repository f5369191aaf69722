import html
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from homeport.directory.devices.model import AccountReport, AccountState, BindingAct, Desired, OrderOutcome, OrderReport
from homeport.directory.devices.pages.words import DEVICE_REASONS
from homeport.foundation.kernel.actor import system

READER = system("panel")


@pytest.fixture
def portal(caller):
    return caller()


def words(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_empty_list_offers_to_add_a_device_to_those_who_may(portal, caller):
    assert "/admin/devices/add" in portal.get("/admin/devices").text
    assert "/admin/devices/add" not in caller("reader").get("/admin/devices").text
    assert caller("nobody").get("/admin/devices").headers["location"] == "/signin?next=/admin/devices"


def test_list_shows_devices_with_a_status_word_and_finds_them(directory, portal, clock):
    first = directory.a_device()
    clock.forward(minutes=10)
    second = directory.a_device()
    text = words(portal.get("/admin/devices"))
    assert "Not in contact" in text
    assert "Active" in text
    assert "2 devices" in text
    found = portal.get("/admin/devices", params={"q": f"serial_number:{second.serial_number}"}).text
    assert second.id in found
    assert first.id not in found
    assert portal.get("/admin/devices", params={"sort": "-last_contact_at", "page": "9"}).status_code == 200


def test_device_page_shows_facts_accounts_and_others_sections(directory, portal):
    directory.provision()
    user, device = directory.a_user("ada"), directory.a_device()
    directory.admit(user, device)
    text = words(portal.get(f"/admin/devices/{device.id}"))
    for expected in (device.serial_number, "Debian GNU/Linux 12", "uid 20000", "Present", "Not reported yet", "Delete Device"):
        assert expected in text
    assert f"section about {device.hostname}" in text
    with directory.write() as actions:
        actions.bindings.report(device.id, accounts=[AccountReport(user.id, AccountState.ACTIVE)])
    assert "No passcode yet" in words(portal.get(f"/admin/devices/{device.id}"))


def test_refusal_of_a_device_is_shown_with_its_remedy(directory, portal):
    directory.provision()
    device = directory.a_device()
    binding = directory.admit(directory.a_user("ada"), device)
    refused = OrderReport(binding.id, BindingAct.BIND, OrderOutcome.REFUSED, "account_name_taken")
    with directory.write() as actions:
        actions.bindings.report(device.id, orders=[refused])
    text = words(portal.get(f"/admin/devices/{device.id}"))
    assert "The device reports account_name_taken for ada The device has another account of this name." in text
    assert "Refused account_name_taken" in text


def test_every_reason_of_the_protocol_has_a_remedy():
    page = Path(__file__).parents[4].joinpath("docs/protocols/device.md").read_text()
    listed = page.partition("Device-side reasons:")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z_]+)`", listed)) == set(DEVICE_REASONS)


def test_reader_sees_a_device_and_no_button(directory, caller):
    directory.provision()
    device = directory.a_device()
    directory.admit(directory.a_user("ada"), device)
    text = caller("reader").get(f"/admin/devices/{device.id}").text
    assert "Delete Device" not in text
    assert "Remove" not in text
    assert caller("reader").get(f"/admin/devices/{device.id}/delete").status_code == 403


def test_renaming_keeps_the_page_and_says_what_changed(directory, portal):
    device = directory.a_device()
    path = f"/admin/devices/{device.id}"
    text = words(portal.post(path, data={"display_name": "Front desk", "version": "1"}))
    assert f"Name: {device.hostname} → Front desk" in text
    stale = portal.post(path, data={"display_name": "Other", "version": "1"})
    assert stale.status_code == 412
    assert "Name is now “Front desk”." in stale.text
    assert "Somebody else changed this device" in stale.text
    assert 'value="Other"' in stale.text


def test_waiting_device_is_approved_from_its_page(directory, admin, portal):
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=True)
    device = directory.a_device()
    assert "This device waits for approval" in portal.get(f"/admin/devices/{device.id}").text
    assert portal.post(f"/admin/devices/{device.id}/approve").headers["location"] == f"/admin/devices/{device.id}"
    assert "This device waits" not in portal.get(f"/admin/devices/{device.id}").text


def test_removing_a_binding_asks_what_becomes_of_the_account(directory, portal):
    directory.provision()
    device = directory.a_device()
    binding = directory.admit(directory.a_user("ada"), device)
    path = f"/admin/devices/{device.id}/bindings/{binding.id}/remove"
    asked = portal.get(path).text
    assert re.search(r'value="lock"\s+checked', asked)
    assert "Yes, Remove" in asked
    assert portal.post(path, data={"after": "remove"}).status_code == 303
    assert directory.binding(binding.id).desired is Desired.REMOVED
    assert directory.binding(binding.id).after == "remove"
    assert portal.get(path).status_code == 404


def test_deleting_counts_what_ends_and_goes_back_to_the_list(directory, portal):
    directory.provision()
    device = directory.a_device()
    directory.admit(directory.a_user("ada"), device)
    asked = portal.get(f"/admin/devices/{device.id}/delete").text
    assert "1 binding ends" in asked
    assert re.search(r'value="keep"\s+checked', asked)
    assert portal.post(f"/admin/devices/{device.id}/delete").headers["location"] == "/admin/devices"
    assert portal.get(f"/admin/devices/{device.id}").status_code == 404


def test_key_is_shown_once_with_the_command(portal):
    made = portal.post("/admin/devices/add", data={"name": "Room 5", "max_uses": "3", "days": "30"})
    found = re.search(r"hpe1\.[0-9a-f-]+\.[0-9A-Za-z_-]+\.order-root-fingerprint", made.text)
    assert found
    assert "homeport-agent enroll --server https://id.example.com --key-file -" in made.text
    later = portal.get("/admin/devices/add")
    assert found[0].split(".")[2] not in later.text
    assert "3 of 3" in words(later)


def test_wrong_key_form_keeps_what_was_typed_and_names_the_fields(portal):
    wrong = portal.post("/admin/devices/add", data={"name": "", "max_uses": "many", "days": "7"})
    assert wrong.status_code == 400
    assert 'href="#field-name"' in wrong.text
    assert 'href="#field-max_uses"' in wrong.text
    assert 'value="many"' in wrong.text


def test_what_was_typed_for_a_key_is_still_there_after_the_password_was_asked_again(directory, portal, caller):
    lab = directory.a_group("Lab")
    typed = {"name": "Room 4 & “attic” 100%", "max_uses": "12", "days": "30", "group": lab.id}
    sent = caller("admin since long").post("/admin/devices/add", data=typed)
    assert sent.status_code == 303
    way = urlsplit(sent.headers["location"])
    assert way.path == "/signin/confirm"
    back = portal.get(parse_qs(way.query)["next"][0])
    assert html.unescape(back.text).count(f'value="{typed["name"]}"') == 1
    assert 'value="12"' in back.text
    assert re.search(r'value="30"[^>]* selected', back.text)
    assert re.search(rf'value="{lab.id}"[^>]* selected', back.text)
    assert "hpe1." not in back.text, "opening an address makes no key"
    again = portal.get("/admin/devices/add", params={**typed, "name": "x" * 101})
    assert again.status_code in {200, 400}


def test_key_is_revoked_after_a_question(directory, portal):
    key_id = directory.a_key(2).split(".")[1]
    assert "2 of 2 uses are given up" in portal.get(f"/admin/enrollment-keys/{key_id}/revoke").text
    assert portal.post(f"/admin/enrollment-keys/{key_id}/revoke").status_code == 303
    after = portal.get("/admin/devices/add").text
    assert "Revoked" in after
    assert f"/admin/enrollment-keys/{key_id}/revoke" not in after


def test_reader_sees_keys_and_no_form(caller):
    text = caller("reader").get("/admin/devices/add").text
    assert "enrollment_keys:write" in text
    assert "Make Enrolment Key" not in text


def test_approval_of_new_devices_is_switched(directory, admin, portal):
    for data, wanted in (({"wanted": "on"}, True), ({}, False)):
        assert portal.post("/admin/enrollment-settings", data=data).status_code == 303
        with directory.read() as actions:
            assert actions.keys.approval_wanted(admin) is wanted


def test_provisioning_is_saved_with_what_changed(portal):
    path = "/admin/provisioning/linux"
    data = {"enabled": "on", "permission": "admin", "who": "several", "lease_days": "30"}
    data["existing"] = "take_over"
    text = words(portal.post(path, data=data))
    for change in (
        "Provisioning: Disabled → Enabled",
        "New accounts: Standard → Administrator",
        "Who gets an account: The first person only → Several people",
        "Lease: 14 days → 30 days",
        "An account of the name: Refuse → Let the person take it over",
    ):
        assert change in text
    assert "Nothing changed" in words(portal.post(path, data=data))
    wrong = portal.post(path, data={**data, "lease_days": "soon"})
    assert wrong.status_code == 400
    assert 'value="soon"' in wrong.text


@pytest.mark.parametrize("system", ["macos", "windows"])
def test_provisioning_of_another_system_has_the_fields_that_fit_and_says_that_it_is_unverified(directory, portal, system):
    path = f"/admin/provisioning/{system}"
    opened = portal.get(path)
    assert "Unverified on" in words(opened)
    assert not any(f'name="{field}"' in opened.text for field in ("ssh", "sudo", "existing"))
    text = words(portal.post(path, data={"enabled": "on", "permission": "admin", "who": "several", "lease_days": "30"}))
    assert "Provisioning: Disabled → Enabled, unverified" in text
    late = portal.post(path, data={"permission": "standard", "who": "first", "lease_days": "7", "version": "0"})
    assert late.status_code == 412
    assert "is now “Enabled, unverified”" in late.text
    refused = portal.post(path, data={"lease_days": "7", "existing": "take_over"})
    assert refused.status_code == 400
    assert "for Linux only" in refused.text
    directory.a_user_group("Staff")
    assert portal.post(f"{path}/groups", data={"group": "Staff", "group_lease": "3"}).status_code == 303
    assert "3 days" in words(portal.get(path))
    assert "No user group is treated differently" in words(portal.get("/admin/provisioning/linux"))


def test_reader_sees_provisioning_and_cannot_save(caller):
    reader = caller("reader")
    assert "provisioning:write" in reader.get("/admin/provisioning/linux").text
    assert reader.post("/admin/provisioning/linux", data={"lease_days": "3"}).status_code == 403


def test_provider_panel_has_a_row_for_each_way_and_says_while_none_is_enabled(directory, panels):
    text = str(panels.provisioning(None, READER))
    assert "Federation takes no effect before the way for Linux is enabled" in text
    assert text.count("Under MDM (Apple)") == 1
    assert text.count(">Configure<") == 3
    assert text.count("Self Service Account Provisioning") == 3
    assert text.count("Automated Device Enrollment") == 1
    directory.provision()
    assert "Federation takes no effect" not in str(panels.provisioning(None, READER))


def test_users_panel_says_by_which_ways_they_are_assigned(directory, panels):
    user, other, (first, second) = directory.a_user("ada"), directory.a_user("bob"), (directory.a_device(), directory.a_device())
    assert "No device is assigned" in str(panels.user_assignments(user, READER))
    staff, lab = directory.a_user_group("Staff", user), directory.a_group("Lab", second)
    for who, where in ((user, first), (staff, lab), (other, second)):
        directory.assign(who, where)
    text = words_of(panels.user_assignments(user, READER))
    assert f"{first.name} By name {second.name} User group Staff , on device group Lab" in text


def words_of(fragment):
    return " ".join(re.sub(r"<[^>]+>", " ", str(fragment)).split())


def test_users_panel_lists_their_accounts(directory, panels):
    directory.provision()
    user, device = directory.a_user("ada"), directory.a_device()
    assert "No account on any device yet" in str(panels.user_bindings(user, READER))
    directory.admit(user, device)
    text = str(panels.user_bindings(user, READER))
    assert f"/admin/devices/{device.id}" in text
    assert "uid 20000" in text
