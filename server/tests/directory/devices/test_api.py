from datetime import timedelta

import pytest

from homeport.directory.devices.model import DeviceStatus


@pytest.fixture
def api(caller):
    return caller()


def test_device_is_written_in_jumpclouds_fields(directory, api, clock):
    device = directory.a_device()
    answer = api.get(f"/api/systems/{device.id}")
    assert answer.headers["etag"] == '"1"'
    assert answer.json() == {
        "_id": device.id,
        "displayName": device.hostname,
        "hostname": device.hostname,
        "os": "Debian GNU/Linux",
        "osFamily": "linux",
        "version": "12",
        "osVersionDetail": {"osName": "Debian GNU/Linux", "distributionName": "Debian GNU/Linux", "version": "12"},
        "arch": "",
        "serialNumber": device.serial_number,
        "agentVersion": "",
        "lastContact": "2026-11-23T12:00:00.000Z",
        "active": True,
        "created": "2026-11-23T12:00:00.000Z",
        "remoteIP": "192.0.2.7",
        "enrollmentStatus": "active",
        "limitedToAssigned": False,
        "ssh": "INHERIT",
        "sudo": "INHERIT",
        "effectiveSsh": {"value": "KEY", "from": "SETTING", "groupId": None, "groupName": None},
        "effectiveSudo": {"value": "PASSCODE", "from": "SETTING", "groupId": None, "groupName": None},
    }
    clock.forward(minutes=4)
    assert api.get(f"/api/systems/{device.id}").json()["active"] is False


def test_list_is_counted_filtered_sorted_and_cut_to_fields(directory, admin, api):
    machines = [directory.a_device() for _ in range(3)]
    body = api.get("/api/systems", params={"limit": 2, "sort": "-hostname", "fields": "hostname"}).json()
    assert body["totalCount"] == 3
    assert body["results"] == [{"_id": one.id, "hostname": one.hostname} for one in (machines[2], machines[1])]
    found = api.get("/api/systems", params={"filter": f"serialNumber:$eq:{machines[0].serial_number}"})
    assert [one["_id"] for one in found.json()["results"]] == [machines[0].id]
    assert found.headers["x-total-count"] == "1"
    with directory.write() as actions:
        actions.devices.rename(admin, machines[0].id, "Front Desk")
    named = api.get("/api/systems", params={"filter": "displayName:$eq:Front Desk"})
    assert [one["_id"] for one in named.json()["results"]] == [machines[0].id]
    assert api.get("/api/systems", params={"search": "nothing"}).json() == {"totalCount": 0, "results": []}
    assert api.get("/api/systems", params={"sort": "device_key"}).status_code == 400


def test_device_is_renamed_only_over_the_version_that_was_read(directory, api):
    path = f"/api/systems/{directory.a_device().id}"
    answer = api.put(path, json={"displayName": "Front desk", "allowSshRootLogin": False}, headers={"If-Match": '"1"'})
    assert (answer.json()["displayName"], answer.headers["etag"]) == ("Front desk", '"2"')
    assert api.put(path, json={}).json()["displayName"] == "Front desk"
    stale = api.put(path, json={"displayName": "Other"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, 412)
    assert api.put(path, json={"displayName": "a\nb"}).json()["details"][0]["field"] == "displayName"


def test_ssh_and_sudo_of_one_device_are_set_and_told_with_who_had_the_last_word(directory, api):
    device = directory.a_device()
    group = directory.a_group("Servers", device)
    path, of_group = f"/api/systems/{device.id}", f"/api/v2/systemgroups/{group.id}"
    answer = api.put(of_group, json={"name": "Servers", "sudo": "NEVER"})
    assert (answer.json()["ssh"], answer.json()["sudo"], answer.headers["etag"]) == ("INHERIT", "NEVER", '"2"')
    assert api.put(of_group, json={"name": "Servers"}).json()["sudo"] == "NEVER", "what is left out stays"
    body = api.get(path).json()
    assert body["effectiveSudo"] == {"value": "NEVER", "from": "DEVICE_GROUP", "groupId": group.id, "groupName": "Servers"}
    changed = api.put(path, json={"ssh": "BROWSER"}, headers={"If-Match": api.get(path).headers["etag"]})
    assert (changed.json()["ssh"], changed.json()["effectiveSsh"]["from"], changed.headers["etag"]) == (
        "BROWSER",
        "DEVICE",
        '"2"',
    )
    listed = {one["_id"]: one for one in api.get("/api/systems").json()["results"]}
    assert listed[device.id] == api.get(path).json()
    assert [one["sudo"] for one in api.get("/api/v2/systemgroups").json()] == ["NEVER"]
    assert api.put(path, json={"ssh": "INHERIT"}).json()["effectiveSsh"]["value"] == "KEY"
    refused = api.put(path, json={"ssh": "ALWAYS"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "ssh")


def test_who_manages_devices_changes_everything_but_how_strict_they_are(directory, caller):
    device, group = directory.a_device(), directory.a_group("Servers")
    api = caller("manager")
    for path, body in ((f"/api/systems/{device.id}", {}), (f"/api/v2/systemgroups/{group.id}", {"name": "Racks"})):
        assert api.put(path, json=body).status_code == 200
        assert api.put(path, json=body | {"sudo": "PASSCODE"}).status_code == 403
        assert api.get(path).json()["sudo"] == "INHERIT"


def test_device_is_approved_and_deleted(directory, admin, api):
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=True)
    device = directory.a_device()
    assert device.status is DeviceStatus.PENDING
    assert api.post(f"/api/v2/systems/{device.id}/approve").json()["enrollmentStatus"] == "active"
    assert api.delete(f"/api/systems/{device.id}", params={"after": "burn"}).status_code == 400
    read = api.get(f"/api/systems/{device.id}").headers["ETag"]
    assert api.put(f"/api/systems/{device.id}", json={"displayName": "Front desk"}).status_code == 200
    assert api.delete(f"/api/systems/{device.id}", headers={"If-Match": read}).status_code == 412
    read = api.get(f"/api/systems/{device.id}").headers["ETag"]
    assert api.delete(f"/api/systems/{device.id}", headers={"If-Match": read}).json()["_id"] == device.id
    gone = api.get(f"/api/systems/{device.id}")
    assert (gone.status_code, gone.json()["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("wrong", ["%00", "a%20b", "x" * 65, "%F0%9F%92%A9"])
def test_what_cannot_be_an_id_never_reaches_the_database(api, wrong):
    assert api.get(f"/api/systems/{wrong}").status_code == 400


def test_bindings_are_listed_and_removed(directory, api):
    directory.provision()
    user, device, other = directory.a_user("ada"), directory.a_device(), directory.a_device()
    binding = directory.admit(user, device)
    (found,) = api.get(f"/api/v2/systems/{device.id}/bindings").json()["bindings"]
    assert (found["id"], found["userName"], found["uid"], found["permission"]) == (binding.id, "ada", 20000, "STANDARD")
    assert (found["desired"], found["observed"], found["after"]) == ("present", "unknown", None)
    assert api.delete(f"/api/v2/systems/{other.id}/bindings/{binding.id}").status_code == 404
    removed = api.delete(f"/api/v2/systems/{device.id}/bindings/{binding.id}", params={"after": "remove"}).json()
    assert (removed["desired"], removed["after"]) == ("removed", "remove")
    assert api.get("/api/v2/systems/none/bindings").status_code == 404


def test_enrolment_key_is_made_once_listed_without_secret_and_revoked(directory, api, clock):
    ends = (clock.now() + timedelta(days=30)).isoformat()
    made = api.post("/api/v2/enrollment-keys", json={"name": "Lab", "maxUses": 5, "expiresAt": ends})
    assert made.status_code == 201
    assert made.json()["key"].startswith(f"hpe1.{made.json()['id']}.")
    listed = api.get("/api/v2/enrollment-keys").json()
    assert listed["totalCount"] == 1
    assert listed["enrollmentKeys"] == [{name: value for name, value in made.json().items() if name != "key"}]
    assert listed["enrollmentKeys"][0]["usesLeft"] == 5
    assert api.delete(f"/api/v2/enrollment-keys/{made.json()['id']}").json()["state"] == "revoked"
    wrong = api.post("/api/v2/enrollment-keys", json={"name": "", "maxUses": 0})
    assert {one["field"] for one in wrong.json()["details"]} == {"name", "maxUses"}


def test_provisioning_settings_are_read_and_written_as_jumpcloud_does(api):
    path = "/api/v2/devices/settings/signinwithjumpcloud"
    default = {
        "enabled": False,
        "verified": False,
        "defaultPermission": "STANDARD",
        "severalUsers": False,
        "leaseDays": 14,
        "groups": [],
    }
    default |= {"ssh": "KEY", "sudo": "PASSCODE", "existingAccount": "REFUSE"}
    settings = api.get(path).json()["settings"]
    assert settings == [
        {"osFamily": family, **default, "verified": family == "LINUX"} for family in ("LINUX", "MACOS", "WINDOWS")
    ]
    written = api.put(path, json={"settings": [{"osFamily": "LINUX", "enabled": True, "defaultPermission": "ADMIN"}]})
    assert (written.status_code, written.content) == (204, b"")
    api.put(path, json={"settings": [{"osFamily": "LINUX", "severalUsers": True, "existingAccount": "TAKE_OVER"}]})
    assert api.put(path, json={"settings": [{"osFamily": "LINUX", "existingAccount": "ASK"}]}).status_code == 400
    assert api.get(path).json()["settings"][0] == {
        "osFamily": "LINUX",
        **default,
        "enabled": True,
        "verified": True,
        "defaultPermission": "ADMIN",
        "severalUsers": True,
        "existingAccount": "TAKE_OVER",
    }


@pytest.mark.parametrize("family", ["WINDOWS", "MACOS"])
def test_a_setting_that_only_linux_has_changes_nothing_elsewhere(api, family):
    path = "/api/v2/devices/settings/signinwithjumpcloud"
    both = [{"osFamily": "LINUX", "enabled": True}, {"osFamily": family, "enabled": True, "existingAccount": "TAKE_OVER"}]
    answer = api.put(path, json={"settings": both})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "existingAccount")
    assert not any(setting["enabled"] for setting in api.get(path).json()["settings"])
    published = {"osFamily": family, "enabled": True, "defaultPermission": "ADMIN"}  # what JumpCloud's own tools send
    assert api.put(path, json={"settings": [published]}).status_code == 204
    found = next(setting for setting in api.get(path).json()["settings"] if setting["osFamily"] == family)
    assert (found["enabled"], found["verified"], found["defaultPermission"]) == (True, False, "ADMIN")
    assert api.put(path, json={"settings": [found]}).status_code == 204, "what was read can be written back"
    assert api.put(path, json={"settings": [{"osFamily": "UNKNOWN"}]}).status_code == 400


def test_enrolment_setting_is_read_and_written(api):
    path = "/api/v2/devices/settings/enrollment"
    assert api.get(path).json() == {"newDevicesWaitForApproval": False, "defaultDeviceGroupId": None}
    assert api.put(path, json={"newDevicesWaitForApproval": True}).status_code == 204
    read = api.get(path)
    assert read.json() == {"newDevicesWaitForApproval": True, "defaultDeviceGroupId": None}
    held = {"If-Match": read.headers["ETag"]}
    assert api.put(path, json={"newDevicesWaitForApproval": False}, headers=held).status_code == 204
    assert api.put(path, json={"newDevicesWaitForApproval": True}, headers=held).status_code == 412
    assert api.get(path).json()["newDevicesWaitForApproval"] is False


def test_reader_reads_and_changes_nothing_and_nobody_gets_anything(directory, caller):
    device = directory.a_device()
    reader, nobody = caller("reader"), caller("nobody")
    assert reader.get("/api/systems").status_code == 200
    for method, path, body in (
        ("PUT", f"/api/systems/{device.id}", {"displayName": "x"}),
        ("DELETE", f"/api/systems/{device.id}", None),
        ("POST", f"/api/v2/systems/{device.id}/approve", None),
        ("POST", "/api/v2/enrollment-keys", {"name": "x"}),
        ("DELETE", f"/api/v2/enrollment-keys/{device.enrolled_with}", None),
        ("PUT", "/api/v2/devices/settings/signinwithjumpcloud", {"settings": [{"osFamily": "LINUX", "enabled": True}]}),
        ("PUT", "/api/v2/devices/settings/enrollment", {"newDevicesWaitForApproval": True}),
    ):
        refused = reader.request(method, path, json=body)
        assert refused.status_code == 403, path
        assert refused.json()["details"][0]["permission"]
        assert nobody.request(method, path, json=body).status_code == 401, path
