import pytest

from homeport.directory.devices.model import Desired
from homeport.directory.people.model import User

WIRE = {"user": "users", "user_group": "usergroups", "system": "systems", "system_group": "systemgroups"}


@pytest.fixture
def api(caller):
    return caller()


def operation(op, kind, one, **more):
    return {"op": op, "type": kind, "id": one.id, **more}


def ends(answer):
    assert answer.status_code == 200, answer.text
    return [(one["from"]["type"], one["to"]["type"], one["to"]["id"]) for one in answer.json()]


@pytest.mark.parametrize("person", ["user", "user_group"])
@pytest.mark.parametrize("place", ["system", "system_group"])
def test_association_is_made_and_ended_from_both_ends(directory, api, person, place):
    who = directory.a_user("ada") if person == "user" else directory.a_user_group("Staff")
    where = directory.a_device() if place == "system" else directory.a_group("Lab")
    from_person, from_place = (f"/api/v2/{WIRE[kind]}/{one.id}/associations" for kind, one in ((person, who), (place, where)))
    for _ in range(2):
        assert api.post(from_place, json=operation("add", person, who)).status_code == 204
    assert ends(api.get(from_place, params={"targets": person})) == [(place, person, who.id)]
    assert ends(api.get(from_person, params={"targets": place})) == [(person, place, where.id)]
    for _ in range(2):
        assert api.post(from_person, json=operation("remove", place, where)).status_code == 204
    assert ends(api.get(from_place, params={"targets": [person]})) == []
    assert api.post(from_person, json=operation("add", place, where)).status_code == 204
    assert ends(api.get(from_person, params={"targets": [place, "radius_server"]})) == [(person, place, where.id)]


def test_associations_are_narrowed_counted_and_windowed(directory, api):
    device, people = directory.a_device(), [directory.a_user(name) for name in ("ada", "bob", "carol")]
    for who in (*people, directory.a_user_group("Staff")):
        directory.assign(who, device)
    path = f"/api/v2/systems/{device.id}/associations"
    found = api.get(path, params={"targets": "user", "limit": 1, "skip": 1})
    assert (ends(found), found.headers["x-total-count"]) == ([("system", "user", people[1].id)], "3")
    assert len(ends(api.get(path, params={"targets": ["user", "user_group"]}))) == 4
    assert ends(api.get(path, params={"targets": "policy"})) == []
    assert api.get(path, params={"targets": "toaster"}).status_code == 400
    assert api.get(path).status_code == 400
    assert api.get(path, params={"targets": "user", "skip": 10**20}).status_code == 400


def test_every_way_from_a_device_to_a_user_is_told(directory, api):
    ada = directory.a_user("ada")
    staff = directory.a_user_group("Staff", ada)
    device = directory.a_device()
    lab = directory.a_group("Lab", device)
    for who in (ada, staff):
        for where in (device, lab):
            directory.assign(who, where)
    (found,) = api.get(f"/api/v2/systems/{device.id}/users").json()
    assert (found["type"], found["id"], len(found["paths"])) == ("user", ada.id, 4)
    longest = max(found["paths"], key=len)
    assert [step["to"]["id"] for step in longest] == [lab.id, staff.id, ada.id]
    back = api.get(f"/api/v2/users/{ada.id}/systems")
    (found,) = back.json()
    assert (found["type"], found["id"], len(found["paths"]), back.headers["x-total-count"]) == ("system", device.id, 4, "1")
    assert [step["to"]["id"] for step in max(found["paths"], key=len)] == [staff.id, lab.id, device.id]
    assert api.get(f"/api/v2/users/{directory.a_user().id}/systems").json() == []
    assert api.get("/api/v2/systems/none/users").status_code == 404


def test_association_does_not_promise_administrator_rights(directory, api):
    device, ada = directory.a_device(), directory.a_user("ada")
    body = operation("add", "user", ada, attributes={"sudo": {"enabled": True, "withoutPassword": False}})
    path = f"/api/v2/systems/{device.id}/associations"
    assert api.post(path, json=body).status_code == 400
    assert api.post(path, json=operation("update", "user", ada)).status_code == 400
    assert ends(api.get(path, params={"targets": "user"})) == []


def test_device_and_group_are_limited_by_a_put_and_accounts_follow(directory, api):
    directory.provision(several_users=True)
    device, ada = directory.a_device(), directory.a_user("ada")
    binding = directory.admit(ada, device)
    put = api.put(f"/api/systems/{device.id}", json={"limitedToAssigned": True}, headers={"If-Match": '"1"'})
    assert (put.json()["limitedToAssigned"], put.headers["etag"]) == (True, '"2"')
    assert directory.binding(binding.id).desired is Desired.SUSPENDED
    assert api.put(f"/api/systems/{device.id}", json={"limitedToAssigned": False}).json()["limitedToAssigned"] is False
    group = directory.a_group("Lab", device)
    put = api.put(f"/api/v2/systemgroups/{group.id}", json={"name": "Hall", "limitedToAssigned": True})
    assert (put.json()["name"], put.json()["limitedToAssigned"]) == ("Hall", True)
    assert directory.binding(binding.id).desired is Desired.SUSPENDED


def test_reader_may_look_and_not_assign(directory, caller):
    reader, device, ada = caller("reader"), directory.a_device(), directory.a_user("ada")
    assert isinstance(ada, User)
    path = f"/api/v2/systems/{device.id}/associations"
    assert reader.get(path, params={"targets": "user"}).json() == []
    assert reader.post(path, json=operation("add", "user", ada)).status_code == 403
