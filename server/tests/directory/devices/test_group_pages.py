import csv
import io
import re

import pytest

from homeport.directory.devices.model import After, Desired, DeviceStatus, GroupRule, OSFamily


@pytest.fixture
def portal(caller):
    return caller()


def words(answer, status=200):
    assert answer.status_code == status, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def found(answer):
    return set(re.findall(r'name="device" value="([^"]+)"', answer.text))


def test_group_is_made_changed_and_deleted_on_its_pages(directory, portal):
    assert "Add Device Group" in words(portal.get("/admin/device-groups"))
    made = portal.post("/admin/device-groups/add", data={"name": "Lab", "description": "Ground floor"})
    path = made.headers["location"]
    text = words(portal.get(path))
    assert "No device is in this group yet" in text
    saved = portal.post(path, data={"name": "Hall", "description": "Ground floor", "version": 1})
    assert "Name: Lab → Hall" in words(saved)
    assert "Hall" in words(portal.get("/admin/device-groups", params={"q": "hal"}))
    assert "0 devices will no longer be in this group" in words(portal.get(f"{path}/delete"))
    assert portal.post(f"{path}/delete", data={"version": 1}).status_code == 412
    assert portal.post(f"{path}/delete", data={"version": 2}).headers["location"] == "/admin/device-groups"
    assert portal.get(path).status_code == 404


def test_bad_name_keeps_what_was_typed_and_says_what_is_wrong(directory, portal):
    directory.a_group("Lab")
    for name, sentence in (("", "Enter a name of 1 to 100"), ("LAB", "already called LAB")):
        answer = portal.post("/admin/device-groups/add", data={"name": name, "description": "Typed with care"})
        assert sentence in words(answer, 400)
        assert "Typed with care" in answer.text


def test_second_of_two_administrators_is_told_and_keeps_what_was_typed(directory, portal):
    path = f"/admin/device-groups/{directory.a_group('Lab').id}"
    portal.post(path, data={"name": "Lab", "description": "First", "version": 1})
    answer = portal.post(path, data={"name": "Lab", "description": "Second", "version": 1})
    assert "Description is now “First”. Saving replaces it." in words(answer, 412)
    assert ">\nSecond</textarea>" in answer.text
    assert 'name="version" value="2"' in answer.text
    assert "Saved" in words(portal.post(path, data={"name": "Lab", "description": "Second", "version": 2}))


def test_devices_are_filtered_by_group_contact_and_key(directory, portal, clock):
    old = directory.a_device()
    clock.forward(days=2)
    new = directory.a_device()
    lab = directory.a_group("Lab", old)
    listed = lambda **asked: found(portal.get("/admin/devices", params=asked))  # noqa: E731 - one word for each line below
    assert listed() == {old.id, new.id}
    assert listed(group=lab.id) == listed(q="group:lab") == listed(contact="day") == {old.id}
    assert listed(contact="week") == set()
    assert listed(contact="now") == listed(enrolled_with=new.enrolled_with) == {new.id}


def test_several_devices_are_approved_after_a_confirmation_that_counts(directory, admin, portal):
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=True)
    waiting = [directory.a_device() for _ in range(2)]
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=False)
    ids = [one.id for one in (*waiting, directory.a_device())]
    asked = portal.get("/admin/devices/selected/approve", params={"device": ids})
    assert "Approve 2 devices" in words(asked)
    assert "1 device is approved already" in words(asked)
    assert found(asked) == {one.id for one in waiting}
    assert portal.post("/admin/devices/selected/approve", data={"device": list(found(asked))}).status_code == 303
    with directory.read() as actions:
        assert {actions.devices.get(admin, one).status for one in ids} == {DeviceStatus.ACTIVE}


def test_several_devices_join_and_leave_a_group(directory, portal):
    devices, lab = [directory.a_device() for _ in range(2)], directory.a_group("Lab")
    ids = [one.id for one in devices]
    assert "Add 2 devices to a group" in words(portal.get("/admin/devices/selected/join", params={"device": ids}))
    refused = portal.post("/admin/devices/selected/join", data={"device": ids})
    assert "Choose a group." in words(refused, 400)
    assert found(refused) == set(ids)
    joined = portal.post("/admin/devices/selected/join", data={"device": ids, "group": lab.id})
    assert found(portal.get(joined.headers["location"])) == set(ids)
    asked = portal.get(f"/admin/device-groups/{lab.id}/remove-devices", params={"device": ids[:1]})
    assert "Remove 1 device from Lab" in words(asked)
    portal.post(f"/admin/device-groups/{lab.id}/remove-devices", data={"device": ids[:1]})
    portal.post("/admin/devices/selected/leave", data={"device": ids[1:], "group": lab.id})
    assert "No device is in this group yet" in words(portal.get(f"/admin/device-groups/{lab.id}"))
    assert "Nothing is selected" in words(portal.get("/admin/devices/selected/join"))


def test_several_devices_are_deleted_with_what_becomes_of_their_accounts(directory, portal):
    directory.provision()
    device = directory.a_device()
    binding = directory.admit(directory.a_user("ada"), device)
    asked = portal.get("/admin/devices/selected/delete", params={"device": [device.id]})
    assert "1 binding ends" in words(asked)
    assert portal.post("/admin/devices/selected/delete", data={"device": [device.id], "after": "lock"}).status_code == 303
    assert (directory.binding(binding.id).desired, directory.binding(binding.id).after) == (Desired.REMOVED, After.LOCK)
    assert portal.get(f"/admin/devices/{device.id}").status_code == 404


def test_one_device_that_is_gone_leaves_all_others_alone(directory, portal):
    device = directory.a_device()
    assert portal.post("/admin/devices/selected/delete", data={"device": [device.id, "none"]}).status_code == 404
    assert portal.get(f"/admin/devices/{device.id}").status_code == 200


def test_export_is_what_the_list_shows_and_no_formula(directory, admin, portal):
    device, other = directory.a_device(), directory.a_device()
    directory.a_group("Lab", device)
    directory.a_group("Floor 2", device)
    with directory.write() as actions:
        actions.devices.rename(admin, device.id, "=HYPERLINK()")
    answer = portal.get("/admin/devices.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "devices.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["name"], row["groups"]) for row in rows] == [("'=HYPERLINK()", "Floor 2; Lab"), (other.hostname, "")]
    assert rows[0]["serial_number"] == device.serial_number
    narrowed = portal.get("/admin/devices.csv", params={"q": other.hostname})
    assert [row["id"] for row in csv.DictReader(io.StringIO(narrowed.text))] == [other.id]


@pytest.mark.parametrize("place", ["devices", "device-groups"])
def test_access_is_limited_and_people_are_assigned_on_one_page(directory, portal, place):
    directory.provision(several_users=True)
    ada, staff = directory.a_user("ada"), directory.a_user_group("Staff")
    device = directory.a_device()
    group = directory.a_group("Lab", device)
    binding = directory.admit(ada, device)
    path = f"/admin/{place}/{(device if place == 'devices' else group).id}/access"
    assert "Nobody is assigned yet" in words(portal.get(path))
    assert "Only assigned people may sign in" in words(portal.post(path, data={"limited": "yes", "version": 1}))
    assert directory.binding(binding.id).desired is Desired.SUSPENDED
    assert "meanwhile" in words(portal.post(path, data={"limited": "no", "version": 1}), 412)
    refused = portal.post(f"{path}/assign", data={"who": "nobody@example.com"})
    assert "no user and no user group of this name" in words(refused, 400)
    assert "nobody@example.com" in refused.text
    for who in ("ADA", "staff"):
        assert portal.post(f"{path}/assign", data={"who": who}).headers["location"] == f"{path}#assigned"
    assert directory.binding(binding.id).desired is Desired.PRESENT
    page = portal.get(path)
    assert f"/admin/user-groups/{staff.id}" in page.text
    asked = portal.get(f"{path}/remove", params={"type": "user", "id": ada.id})
    assert "Remove ada from" in words(asked)
    assert "are suspended" in words(asked)
    assert portal.post(f"{path}/remove", data={"type": "user", "id": ada.id}).status_code == 303
    assert directory.binding(binding.id).desired is Desired.SUSPENDED
    assert portal.get(f"{path}/remove", params={"type": "user", "id": ada.id}).status_code == 404


def test_page_of_a_device_says_who_may_sign_in_and_in_which_groups_it_is(directory, portal):
    ada, device = directory.a_user("ada"), directory.a_device()
    group = directory.a_group("Lab", device)
    assert "Everybody in the directory" in words(portal.get(f"/admin/devices/{device.id}"))
    directory.limit(group)
    text = words(portal.get(f"/admin/devices/{device.id}"))
    assert "Only people who are assigned" in text
    assert "Lab" in text
    access = words(portal.get(f"/admin/devices/{device.id}/access"))
    assert "Limited by its groups" in access
    assert ada.email not in access
    directory.assign(ada, group)
    assert ada.email in words(portal.get(f"/admin/devices/{device.id}/access"))


def test_rules_by_user_group_are_kept_on_the_page_of_provisioning(directory, portal, admin):
    staff = directory.a_user_group("Staff")
    path = "/admin/provisioning/linux"
    for data, sentence in (
        ({"group": "nobody", "admin": "on"}, "no user group of this name"),
        ({"group": "staff"}, "Choose administrator rights, a lease, or both"),
        ({"group": "staff", "group_lease": "91"}, "Enter a lease from 1 to 90"),
        ({"group": "staff", "group_lease": "soon"}, "Enter a lease from 1 to 90"),
    ):
        answer = portal.post(f"{path}/groups", data=data)
        assert sentence in words(answer, 400)
        assert f'value="{data["group"]}"' in answer.text
    assert portal.post(f"{path}/groups", data={"group": "STAFF", "admin": "on", "group_lease": "3"}).status_code == 303
    text = words(portal.get(path))
    assert "3 days" in text
    with directory.read() as actions:
        assert actions.provisioning.rules(admin, OSFamily.LINUX) == [GroupRule(staff.id, admin=True, lease_days=3)]
    assert "Remove the rule for Staff" in words(portal.get(f"{path}/groups/{staff.id}/remove"))
    assert portal.post(f"{path}/groups/{staff.id}/remove").status_code == 303
    assert "No user group is treated differently" in words(portal.get(path))
    assert portal.get(f"{path}/groups/{staff.id}/remove").status_code == 404


def test_default_group_and_the_group_of_a_key_are_chosen_where_devices_are_added(directory, portal, admin):
    lab = directory.a_group("Lab")
    portal.post("/admin/enrollment-settings", data={"default_group": lab.id})
    with directory.read() as actions:
        assert actions.groups.default(admin) == lab
    assert "New devices join it" in words(portal.get("/admin/device-groups"))
    made = portal.post("/admin/devices/add", data={"name": "Delivery", "max_uses": "1", "days": "7", "group": lab.id})
    key = re.search(r"hpe1\.[\w.-]+", made.text)[0]
    device = directory.a_device(key)
    assert f"/admin/devices?enrolled_with={device.enrolled_with}" in portal.get("/admin/devices/add").text
    portal.post("/admin/enrollment-settings", data={"default_group": "none"})
    with directory.read() as actions:
        assert actions.groups.default(admin) is None
    assert "Delivery" not in words(portal.get("/admin/devices/add", params={"q": "other"}))


def test_reader_sees_groups_and_access_and_no_button(directory, caller):
    reader, device = caller("reader"), directory.a_device()
    group = directory.a_group("Lab", device)
    pages = ("/admin/devices", "/admin/device-groups", f"/admin/device-groups/{group.id}", f"/admin/devices/{device.id}/access")
    for page in pages:
        text = reader.get(page).text
        assert text.count('method="post"') == 1, f"{page} offers more than to sign out"
        assert 'class="bulk"' not in text, page


@pytest.mark.parametrize("place", ["devices", "device-groups"])
def test_ssh_and_sudo_are_chosen_on_one_page_and_the_page_of_a_device_says_who_had_the_last_word(
    directory, portal, caller, place
):
    device = directory.a_device()
    group = directory.a_group("Servers", device)
    page, of_device = f"/admin/{place}/{(device if place == 'devices' else group).id}", f"/admin/devices/{device.id}"
    assert "A session over ssh opens by: A key from the setting for all devices" in words(portal.get(of_device))
    saved = portal.post(f"{page}/policy", data={"ssh": "browser", "sudo": "inherit", "version": 1})
    assert "→ The browser, each time" in words(saved)
    assert "With sudo:" not in words(saved)
    said = "set on this device" if place == "devices" else "set by the device group Servers"
    assert f"The browser, each time {said}" in words(portal.get(of_device))
    assert "The browser, each time" in words(portal.get(page))
    told = words(portal.get("/admin/provisioning/linux"))
    assert ("1 device has a policy of its own" if place == "devices" else "Servers The browser, each time As above") in told
    late = portal.post(f"{page}/policy", data={"ssh": "passcode", "sudo": "never", "version": 1})
    assert "meanwhile" in words(late, 412)
    assert re.search(r'value="never"[^>]*checked', late.text), "what was chosen stays"
    assert 'name="version" value="2"' in late.text
    if place == "device-groups":
        assert "What it says of ssh and sudo ends" in words(portal.get(f"{page}/delete"))
    manager = caller("manager")
    assert "provisioning:write" in words(manager.get(f"{page}/policy"))
    assert manager.post(f"{page}/policy", data={"ssh": "passcode"}).status_code == 403
    assert portal.post(f"{page}/policy", data={"ssh": "always"}).status_code == 400
