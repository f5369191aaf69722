"""The REST API and the pages of users over HTTP, with a real store; who is asking is set by the test."""

import pytest

from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.permissions import Permission

READER = Actor(ActorKind.ADMINISTRATOR, "r", "reader@example.com", frozenset({Permission.USERS_READ}), role="Read Only")
ADA = {"username": "ada", "email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace"}


def act_as(client, actor):
    client.app.state.who = actor


def test_created_user_comes_back_with_the_published_field_names(client):
    answer = client.post("/api/systemusers", json={**ADA, "password": "ignored", "sudo": True})
    assert answer.status_code == 200
    body = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert {key: body[key] for key in ADA} == ADA
    assert (body["state"], body["activated"], body["suspended"], body["account_locked"]) == ("ACTIVATED", True, False, False)
    assert body["created"] == "2026-11-23T12:00:00.000Z"
    assert client.get(f"/api/systemusers/{body['_id']}").json() == body


@pytest.mark.parametrize(
    ("flags", "state"),
    [({}, "ACTIVATED"), ({"state": "STAGED"}, "STAGED"), ({"activated": False}, "STAGED"), ({"suspended": True}, "SUSPENDED")],
)
def test_state_of_a_new_user_follows_state_and_the_older_flags(client, flags, state):
    assert client.post("/api/systemusers", json={**ADA, **flags}).json()["state"] == state


def test_list_pages_filters_sorts_and_searches(client):
    for name in ("charlie", "ada", "bob"):
        client.post("/api/systemusers", json={"username": name, "email": f"{name}@example.com"})

    def names(query):
        body = client.get(f"/api/systemusers?{query}").json()
        return [user["username"] for user in body["results"]], body["totalCount"]

    assert names("") == (["ada", "bob", "charlie"], 3)
    assert names("limit=1&skip=1&sort=-username") == (["bob"], 3)
    assert names("filter=username:$eq:ada") == (["ada"], 1)
    assert names("filter=email:$startsWith:b&filter=state:$eq:ACTIVATED") == (["bob"], 1)
    assert names("search=char") == (["charlie"], 1)
    assert client.get("/api/systemusers?fields=username&limit=1").json()["results"][0].keys() == {"_id", "username"}


@pytest.mark.parametrize(
    "query", ["filter=username", "filter=password:$eq:x", "filter=username:$regex:x", "sort=password", "limit=-1", "skip=x"]
)
def test_list_that_cannot_be_understood_is_answered_with_a_sentence(client, query):
    answer = client.get(f"/api/systemusers?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert answer.json()["message"]


def test_change_with_an_old_etag_is_refused(client):
    path = f"/api/systemusers/{client.post('/api/systemusers', json=ADA).json()['_id']}"
    first = client.put(path, json={"lastname": "Byron"}, headers={"If-Match": '"1"'})
    assert (first.status_code, first.headers["etag"], first.json()["lastname"]) == (200, '"2"', "Byron")
    assert client.put(path, json={"lastname": "King"}, headers={"If-Match": '"1"'}).status_code == 412
    assert client.put(path, json={"lastname": "King"}, headers={"If-Match": 'W/"2"'}).status_code == 412
    assert client.put(path, json={"lastname": "King"}, headers={"If-Match": "*"}).status_code == 200
    assert client.delete(path, headers={"If-Match": '"1"'}).status_code == 412
    assert client.delete(path).json()["lastname"] == "King"
    assert client.get(path).status_code == 404


def test_states_change_by_their_routes_and_by_put(client):
    path = f"/api/systemusers/{client.post('/api/systemusers', json=ADA).json()['_id']}"
    assert client.post(f"{path}/state/suspend").json() == "SUSPENDED"
    assert client.get(path).json()["suspended"] is True
    assert client.post(f"{path}/state/activate", json={"email": {}}).json() == "ACTIVATED"
    assert client.put(path, json={"suspended": True}).json()["state"] == "SUSPENDED"
    assert client.put(path, json={"suspended": False}).json()["state"] == "ACTIVATED"
    assert client.put(path, json={"state": "STAGED"}).status_code == 400


def test_refusals_have_the_published_body(client):
    taken = (client.post("/api/systemusers", json=ADA), client.post("/api/systemusers", json=ADA))[1]
    assert (taken.status_code, taken.json()["code"], taken.json()["status"]) == (409, 409, "CONFLICT")
    bad = client.post("/api/systemusers", json={**ADA, "username": "a b"})
    assert bad.status_code == 400
    assert bad.json()["details"][0]["field"] == "username"
    assert client.post("/api/systemusers", json={"username": "x"}).status_code == 400
    act_as(client, READER)
    denied = client.post("/api/systemusers", json=ADA)
    assert (denied.status_code, denied.json()["details"]) == (403, [{"permission": "users:write"}])
    act_as(client, None)
    assert client.get("/api/systemusers").status_code == 401


def add(client, **values):
    answer = client.post("/admin/users/add", data={**ADA, **values})
    assert answer.status_code == 303
    return answer.headers["location"]


def test_user_is_added_changed_and_deleted_on_pages(client):
    assert "No users yet" in client.get("/admin/users").text
    assert "Add User" in client.get("/admin/users/add").text
    path = add(client)
    page = client.get(path).text
    assert "Ada Lovelace" in page
    assert "A panel about ada." in page
    saved = client.post(path, data={**ADA, "lastname": "Byron", "version": "1"})
    assert "Last name: Lovelace → Byron" in saved.text
    assert "Nothing changed." in client.post(path, data={**ADA, "lastname": "Byron", "version": "2"}).text
    assert "Yes, Delete" in client.get(f"{path}/delete").text
    assert client.post(f"{path}/delete").headers["location"] == "/admin/users"
    assert client.get(path).status_code == 404


def test_form_keeps_what_was_typed_and_says_what_is_wrong(client):
    answer = client.post("/admin/users/add", data={**ADA, "username": "no good", "email": "nowhere"})
    assert answer.status_code == 400
    for text in ("no good", "nowhere", "There is a problem", "#field-username", "#field-email"):
        assert text in answer.text
    path = add(client)
    taken = client.post("/admin/users/add", data={**ADA, "username": "other"})
    assert taken.status_code == 400
    assert "Another user already has the e-mail address ada@example.com." in taken.text
    wrong = client.post(path, data={**ADA, "email": "nowhere", "version": "1"})
    assert 'name="version" value="1"' in wrong.text


def test_form_tells_of_a_change_that_somebody_else_made_meanwhile(client):
    path = add(client)
    client.post(path, data={**ADA, "firstname": "Augusta", "version": "1"})
    answer = client.post(path, data={**ADA, "lastname": "Byron", "version": "1"})
    assert answer.status_code == 412
    assert "was changed by somebody else" in answer.text
    assert "First name is now “Augusta”. Saving replaces it." in answer.text
    assert 'value="Byron"' in answer.text
    assert "Last name: Lovelace → Byron" in client.post(path, data={**ADA, "lastname": "Byron", "version": "2"}).text


def test_states_change_on_pages_after_a_confirmation(client, usage):
    path = add(client)
    usage.counts[path.rpartition("/")[2]] = 2
    assert "2 accounts on devices are locked and expired" in client.get(f"{path}/suspend").text
    assert client.post(f"{path}/suspend").status_code == 303
    assert "Suspended" in client.get(path).text
    assert "2 accounts on devices are opened again" in client.get(f"{path}/activate").text
    usage.on_macs = 1
    assert "1 account on a device is opened again" in client.get(f"{path}/activate").text


def test_nobody_is_told_that_an_account_on_a_mac_is_locked_with_its_user(client, usage):
    path = add(client)
    user_id = path.rpartition("/")[2]
    usage.counts[user_id], usage.on_macs = 2, 2
    for page in (f"{path}/suspend", f"{path}/delete", f"/admin/users/selected/suspend?user={user_id}"):
        text = client.get(page).text
        assert "2 accounts on Macs stay open" in text
        assert "locked" not in text
    assert client.post(f"{path}/activate").status_code == 303
    assert "Suspended" not in client.get(path).text


def test_list_page_searches_filters_and_shows_chips(client):
    add(client)
    add(client, username="bob", email="bob@example.com", firstname="Bob", state="STAGED")
    assert "ada@example.com" not in client.get("/admin/users?q=bob").text
    staged = client.get("/admin/users?q=state:staged").text
    assert "bob@example.com" in staged
    assert "ada@example.com" not in staged
    assert "Remove the filter State: Staged" in staged


def test_reader_sees_pages_without_ways_to_change(client):
    path = add(client)
    act_as(client, READER)
    page = client.get(path).text
    assert "Ada" in page
    for text in ("Suspend", "Delete", "Save"):
        assert text not in page
    assert "Add User" not in client.get("/admin/users").text
    for answer in (
        client.get("/admin/users/add"),
        client.get(f"{path}/delete"),
        client.post(f"{path}/delete"),
        client.post(path, data=ADA),
    ):
        assert answer.status_code == 403
        assert "users:write" in answer.text
    act_as(client, None)
    assert client.get(path).headers["location"].startswith("/signin?next=")
