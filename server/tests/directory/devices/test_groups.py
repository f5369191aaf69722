import pytest

from homeport.directory.devices.model import LONGEST_GROUP_NAME
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission

READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader", frozenset({Permission.GROUPS_READ, Permission.DEVICES_READ}))


def groups_of(directory, device):
    with directory.read() as actions:
        return [group.name for group in actions.groups.of_device(READER, device.id)]


def found(directory, **asked):
    with directory.read() as actions:
        page = actions.groups.list(READER, Listing(**asked))
        return [(group.name, actions.groups.counts(READER, [group])[group.id]) for group in page.items], page.total


def audited(directory, admin, event_type):
    with directory.database.read() as unit:
        asked = Listing(filters=(Filter("event_type", "eq", event_type),))
        return directory.audit(unit).search(admin, asked).items


def test_groups_are_listed_by_name_whatever_its_case_with_their_numbers_of_devices(each_directory):
    first, second = each_directory.a_device(), each_directory.a_device()
    each_directory.a_group("servers", first, second)
    each_directory.a_group("Lab", first)
    each_directory.a_group("Kiosks")
    assert found(each_directory) == ([("Kiosks", 0), ("Lab", 1), ("servers", 2)], 3)
    assert found(each_directory, sort=("-name",), limit=1, skip=1) == ([("Lab", 1)], 3)
    assert found(each_directory, text="SERV") == ([("servers", 2)], 1)
    assert groups_of(each_directory, first) == ["Lab", "servers"]


def test_name_is_taken_whatever_its_case_and_a_group_may_change_the_case_of_its_own(each_directory, admin):
    group = each_directory.a_group("Lab")
    other = each_directory.a_group("Kiosks")
    with pytest.raises(Conflict), each_directory.write() as actions:
        actions.groups.create(admin, " lAB ")
    with pytest.raises(Conflict), each_directory.write() as actions:
        actions.groups.update(admin, other.id, name="LAB")
    with each_directory.write() as actions:
        assert actions.groups.update(admin, group.id, name="LAB").name == "LAB"


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * (LONGEST_GROUP_NAME + 1), "\u202eLab"])
def test_bad_name_is_refused_beside_its_field(directory, admin, name):
    with directory.write() as actions, pytest.raises(Invalid) as refused:
        actions.groups.create(admin, name)
    assert list(refused.value.fields) == ["name"]


def test_second_of_two_administrators_is_told(directory, admin):
    group = directory.a_group("Lab")
    with directory.write() as actions:
        assert actions.groups.update(admin, group.id, description="Ground floor", version=1).version == 2
        assert actions.groups.update(admin, group.id, description="Ground floor", version=2).version == 2
    for change in ("update", "delete"):
        with directory.write() as actions, pytest.raises(PreconditionFailed):
            getattr(actions.groups, change)(admin, group.id, version=1)


def test_device_joins_and_leaves_once_and_each_change_is_audited(each_directory, admin):
    device = each_directory.a_device()
    group = each_directory.a_group("Lab")
    with each_directory.write() as actions:
        assert actions.groups.join(admin, group.id, [device.id, device.id]) == 1
        assert actions.groups.join(admin, group.id, [device.id]) == 0
        assert actions.groups.members(admin, group.id, Listing()).total == 1
        assert actions.groups.leave(admin, group.id, [device.id]) == 1
        assert actions.groups.leave(admin, group.id, [device.id]) == 0
    changes = [entry.detailed()["op"] for entry in audited(each_directory, admin, "association_change")]
    assert sorted(changes) == ["add", "remove"]


def test_one_device_that_is_not_there_keeps_all_others_out(directory, admin):
    device = directory.a_device()
    group = directory.a_group("Lab")
    with pytest.raises(NotFound), directory.write() as actions:
        actions.groups.join(admin, group.id, [device.id, "none"])
    assert groups_of(directory, device) == []


def test_deleted_device_leaves_its_groups(directory, admin):
    device = directory.a_device()
    directory.a_group("Lab", device)
    with directory.write() as actions:
        actions.devices.delete(admin, device.id)
    assert found(directory) == ([("Lab", 0)], 1)


def test_new_devices_join_the_group_of_their_key_else_the_default_one(each_directory, admin):
    with each_directory.write() as actions:
        default, special = actions.groups.create(admin, "All"), actions.groups.create(admin, "Lab")
        _, text = actions.keys.create(admin, "Delivery", group_id=special.id)
    before = each_directory.a_device()
    with each_directory.write() as actions:
        actions.groups.set_default(admin, default.id)
        assert actions.groups.default(READER) == default
    assert groups_of(each_directory, before) == []
    assert groups_of(each_directory, each_directory.a_device()) == ["All"]
    assert groups_of(each_directory, each_directory.a_device(text)) == ["Lab"]
    with pytest.raises(Invalid), each_directory.write() as actions:
        actions.keys.create(admin, "Delivery", group_id="none")


def test_deleting_a_group_keeps_its_devices_and_nothing_names_it_afterwards(each_directory, admin):
    device = each_directory.a_device()
    group = each_directory.a_group("Lab", device)
    with each_directory.write() as actions:
        _, text = actions.keys.create(admin, "Delivery", group_id=group.id)
        actions.groups.set_default(admin, group.id)
        actions.groups.delete(admin, group.id)
        assert actions.groups.default(admin) is None
        assert actions.keys.get(admin, text.split(".")[1]).group_id is None
        assert actions.devices.get(admin, device.id).id == device.id
    assert groups_of(each_directory, each_directory.a_device(text)) == []
    assert audited(each_directory, admin, "group_delete")[0].detailed()["devices"] == 1


def test_reader_may_look_and_change_nothing(directory):
    group = directory.a_group("Lab")
    for change in (
        lambda groups: groups.create(READER, "x"),
        lambda groups: groups.update(READER, group.id, name="x"),
        lambda groups: groups.delete(READER, group.id),
        lambda groups: groups.join(READER, group.id, []),
        lambda groups: groups.leave(READER, group.id, []),
        lambda groups: groups.set_default(READER, None),
    ):
        with directory.write() as actions, pytest.raises(Denied):
            change(actions.groups)


def test_group_is_written_in_jumpclouds_fields(directory, caller):
    api = caller()
    made = api.post("/api/v2/systemgroups", json={"name": "Lab", "description": "Ground floor", "membershipMethod": "STATIC"})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    group_id = made.json()["id"]
    assert made.json() == {
        "id": group_id,
        "type": "system_group",
        "name": "Lab",
        "description": "Ground floor",
        "email": "",
        "attributes": None,
        "membershipMethod": "STATIC",
        "limitedToAssigned": False,
        "ssh": "INHERIT",
        "sudo": "INHERIT",
    }
    path = f"/api/v2/systemgroups/{group_id}"
    assert api.get(path).json() == made.json()
    assert api.put(path, json={"name": "Hall"}, headers={"If-Match": '"1"'}).json()["description"] == "Ground floor"
    assert api.put(path, json={"name": "Lab"}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.post("/api/v2/systemgroups", json={"name": "HALL"}).status_code == 409
    assert api.post("/api/v2/systemgroups", json={"name": ""}).json()["details"][0]["field"] == "name"
    listed = api.get("/api/v2/systemgroups", params={"filter": "name:eq:Hall", "fields": "name"})
    assert (listed.json(), listed.headers["x-total-count"]) == ([{"id": group_id, "name": "Hall"}], "1")
    assert api.delete(path).json()["id"] == group_id
    assert api.get(path).status_code == 404


def test_filter_by_name_does_not_care_about_case(directory, caller):
    directory.a_group("Lab")
    found = caller().get("/api/v2/systemgroups", params={"filter": "name:$contains:lAB"})
    assert [group["name"] for group in found.json()] == ["Lab"]


def test_membership_is_written_as_connections_and_paths(directory, caller):
    api = caller()
    device, group = directory.a_device(), directory.a_group("Lab")
    path = f"/api/v2/systemgroups/{group.id}"
    operation = {"op": "add", "type": "system", "id": device.id}
    for _ in range(2):
        assert api.post(f"{path}/members", json=operation).status_code == 204
    ends = {
        "from": {"attributes": None, "id": group.id, "type": "system_group"},
        "to": {"attributes": None, "id": device.id, "type": "system"},
    }
    assert api.get(f"{path}/members").json() == [{"attributes": None, **ends}]
    assert api.get(f"{path}/membership").json() == [
        {"compiledAttributes": None, "id": device.id, "type": "system", "paths": [[{"attributes": None, **ends}]]}
    ]
    (found,) = api.get(f"/api/v2/systems/{device.id}/memberof").json()
    assert (found["id"], found["type"], found["paths"][0][0]["to"]["id"]) == (group.id, "system_group", group.id)
    assert api.post(f"{path}/members", json={**operation, "op": "remove"}).status_code == 204
    assert api.get(f"{path}/members").json() == []
    assert api.post(f"{path}/members", json={**operation, "id": "none"}).status_code == 404
    assert api.post(f"{path}/members", json={**operation, "op": "update"}).status_code == 400


def test_settings_and_keys_name_the_group_that_new_devices_join(directory, caller):
    api = caller()
    group = directory.a_group("Lab")
    settings = "/api/v2/devices/settings/enrollment"
    assert api.put(settings, json={"newDevicesWaitForApproval": False, "defaultDeviceGroupId": group.id}).status_code == 204
    assert api.put(settings, json={"newDevicesWaitForApproval": False}).status_code == 204
    assert api.get(settings).json()["defaultDeviceGroupId"] == group.id
    assert api.put(settings, json={"newDevicesWaitForApproval": False, "defaultDeviceGroupId": None}).status_code == 204
    assert api.get(settings).json()["defaultDeviceGroupId"] is None
    key = api.post("/api/v2/enrollment-keys", json={"name": "Lab", "deviceGroupId": group.id})
    assert key.json()["deviceGroupId"] == group.id
    refused = api.post("/api/v2/enrollment-keys", json={"name": "Lab", "deviceGroupId": "none"})
    assert refused.json()["details"][0]["field"] == "deviceGroupId"


def test_reader_gets_403_for_changes_and_answers_for_the_rest(directory, caller):
    api = caller("reader")
    group = directory.a_group("Lab")
    assert api.get(f"/api/v2/systemgroups/{group.id}").status_code == 200
    assert api.delete(f"/api/v2/systemgroups/{group.id}").status_code == 403
    assert api.post("/api/v2/systemgroups", json={"name": "x"}).status_code == 403
