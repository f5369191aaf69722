"""User groups over HTTP: the REST API in JumpCloud's form, the pages, and what is done with many users at once."""

import pytest

from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.permissions import Permission

READER = Actor(
    ActorKind.ADMINISTRATOR,
    "r",
    "reader@example.com",
    frozenset({Permission.USERS_READ, Permission.GROUPS_READ}),
    role="Read Only",
)
GROUPS = "/api/v2/usergroups"


def user(client, name, **values):
    body = {"username": name, "email": f"{name}@example.com", **values}
    return client.post("/api/systemusers", json=body).json()["_id"]


def group(client, name="Sales", members=()):
    made = client.post(GROUPS, json={"name": name, "description": f"about {name}"}).json()["id"]
    for member in members:
        assert change(client, made, "add", member).status_code == 204
    return made


def change(client, group_id, op, user_id):
    return client.post(f"{GROUPS}/{group_id}/members", json={"op": op, "type": "user", "id": user_id})


def test_group_is_made_read_changed_and_deleted_by_the_api(client):
    made = client.post(GROUPS, json={"name": "Sales", "memberSuggestionsNotify": True})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    path = f"{GROUPS}/{made.json()['id']}"
    assert (made.json()["type"], made.json()["description"], made.json()["membershipMethod"]) == ("user_group", "", "STATIC")
    changed = client.put(path, json={"name": "Selling", "description": "x"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["name"]) == (200, '"2"', "Selling")
    assert client.put(path, json={"name": "Sold"}, headers={"If-Match": '"1"'}).status_code == 412
    assert client.put(path, json={"name": "Sold"}).json()["description"] == "x"
    assert client.delete(path, headers={"If-Match": '"1"'}).status_code == 412
    assert client.delete(path).json()["name"] == "Sold"
    assert client.get(path).status_code == 404


def test_groups_are_listed_filtered_sorted_and_counted(client):
    for name in ("Support", "sales", "Engineering"):
        group(client, name)

    def names(query):
        answer = client.get(f"{GROUPS}?{query}")
        return [one["name"] for one in answer.json()], answer.headers["x-total-count"]

    assert names("") == (["Engineering", "sales", "Support"], "3")
    assert names("sort=-name&limit=1") == (["Support"], "3")
    assert names("filter=name:$eq:sales") == (["sales"], "1")
    assert names("search=ABOUT+eng") == (["Engineering"], "1")
    assert client.get(f"{GROUPS}?fields=name&limit=1").json()[0].keys() == {"id", "name"}
    assert client.get(f"{GROUPS}?filter=type:$eq:x").status_code == 400


def test_members_come_as_connections_and_the_way_back_from_the_user(client):
    ada, bob = user(client, "ada"), user(client, "bob")
    sales = group(client, members=[ada, bob])
    answer = client.get(f"{GROUPS}/{sales}/members?limit=1&skip=1")
    assert answer.headers["x-total-count"] == "2"
    assert answer.json() == [
        {
            "attributes": None,
            "from": {"attributes": None, "type": "user_group", "id": sales},
            "to": {"attributes": None, "type": "user", "id": bob},
        }
    ]
    (reached, _) = client.get(f"{GROUPS}/{sales}/membership").json()
    assert (reached["type"], reached["id"], reached["paths"][0][0]["from"]["id"]) == ("user", ada, sales)
    (back,) = client.get(f"/api/v2/users/{ada}/memberof").json()
    assert (back["type"], back["id"], back["paths"][0][0]["to"]["id"]) == ("user_group", sales, sales)
    assert change(client, sales, "update", ada).status_code == 204
    assert change(client, sales, "remove", ada).status_code == 204
    assert change(client, sales, "remove", ada).status_code == 204
    assert client.get(f"/api/v2/users/{ada}/memberof").json() == []
    assert client.get("/api/v2/users/nobody/memberof").status_code == 404
    assert client.get(f"{GROUPS}/none/members").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"op": "add", "type": "user", "id": "nobody"}, 404),
        ({"op": "add", "type": "system", "id": "x"}, 400),
        ({"op": "swap", "type": "user", "id": "x"}, 400),
        ({"op": "add", "type": "user"}, 400),
        ({"op": "add", "type": "user", "id": "\x00"}, 400),
    ],
)
def test_wrong_changes_of_members_are_answered_with_a_sentence(client, body, status):
    answer = client.post(f"{GROUPS}/{group(client)}/members", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert answer.json()["message"]


def test_name_that_is_taken_or_bad_is_named(client):
    group(client, "Sales")
    assert client.post(GROUPS, json={"name": "SALES"}).status_code == 409
    bad = client.post(GROUPS, json={"name": " "})
    assert (bad.status_code, bad.json()["details"][0]["field"]) == (400, "name")
    client.app.state.who = READER
    assert client.post(GROUPS, json={"name": "x"}).json()["details"] == [{"permission": "groups:write"}]


def test_group_is_added_changed_and_deleted_on_pages(client):
    assert "No user groups yet" in client.get("/admin/user-groups").text
    refused = client.post("/admin/user-groups/add", data={"name": " ", "description": "typed"})
    assert refused.status_code == 400
    assert "Enter a name for the group." in refused.text
    assert "typed" in refused.text
    path = client.post("/admin/user-groups/add", data={"name": "Sales"}).headers["location"]
    saved = client.post(path, data={"name": "Selling", "description": "x", "version": "1"})
    assert "Name: Sales → Selling" in saved.text
    told = client.post(path, data={"name": "Sold", "description": "mine", "version": "1"})
    assert told.status_code == 412
    assert "Name is now “Selling”. Saving replaces it." in told.text
    assert "mine" in told.text
    assert "Name: Selling → Sold" in client.post(path, data={"name": "Sold", "version": "2"}).text
    assert "Sold" in client.get("/admin/user-groups?q=sold").text
    ada = user(client, "ada")
    change(client, path.rpartition("/")[2], "add", ada)
    assert "1 user will no longer be in this group" in client.get(f"{path}/delete").text
    assert client.post(f"{path}/delete", data={"version": "1"}).status_code == 412
    assert client.post(f"{path}/delete").headers["location"] == "/admin/user-groups"
    assert client.get(path).status_code == 404


def test_members_are_searched_added_and_removed_on_pages(client):
    ada, bob = user(client, "ada", firstname="Ada"), user(client, "bob")
    path = f"/admin/user-groups/{group(client, members=[bob])}"
    choose = client.get(f"{path}/add-members?q=ad").text
    assert ada in choose
    assert "bob@example.com" not in choose
    assert client.post(f"{path}/add-members").status_code == 400
    assert "Ada was added" in client.post(f"{path}/add-members", data={"user": [ada, bob]}).text
    assert "ada@example.com" in client.get(path).text
    assert "bob@example.com" not in client.get(f"{path}?q=ada").text
    asked = client.get(f"{path}/remove-members?user={ada}&user=nobody").text
    assert "Remove 1 user from Sales" in asked
    assert "Ada (ada)" in asked
    assert client.post(f"{path}/remove-members", data={"user": ada}).headers["location"] == path
    assert "ada@example.com" not in client.get(path).text


def test_reader_sees_groups_without_ways_to_change_them(client):
    ada = user(client, "ada")
    path = f"/admin/user-groups/{group(client, members=[ada])}"
    client.app.state.who = READER
    page = client.get(path).text
    assert "ada@example.com" in page
    for text in ("Save", "Add users", "Delete", "Remove"):
        assert text not in page
    assert "Sales" in client.get(f"/admin/users/{ada}").text
    for verb, address in (("get", "delete"), ("get", "add-members"), ("post", "remove-members"), ("post", "add-members")):
        assert getattr(client, verb)(f"{path}/{address}").status_code == 403


def test_users_are_filtered_by_state_and_by_group_of_any_name(client):
    ada, _ = user(client, "ada"), user(client, "bob", state="STAGED")
    sales = group(client, "Sales team", members=[ada])
    for query in (f"group={sales}", "q=group:%22sales+TEAM%22", "q=group:%22Sales+team%22+state:activated"):
        page = client.get(f"/admin/users?{query}").text
        assert "ada@example.com" in page, query
        assert "bob@example.com" not in page, query
        assert "Remove the filter Group: Sales team" in page, query
    nobody = client.get("/admin/users?q=group:nothing").text
    assert "ada@example.com" not in nobody
    assert "No users" in nobody


def selected(client, verb, *users, **values):
    return client.post(f"/admin/users/selected/{verb}", data={"user": list(users), **values})


def test_many_are_suspended_after_a_page_that_names_and_counts_them(client, usage):
    ada, bob = user(client, "ada", firstname="Ada"), user(client, "bob", state="SUSPENDED")
    usage.counts[ada] = 3
    asked = client.get(f"/admin/users/selected/suspend?user={ada}&user={bob}&back=/admin/users?q=x").text
    for text in (
        "Suspend: 2 users",
        "Ada",
        "1 user will be suspended",
        "1 user already is",
        "3 accounts on devices are locked",
        'href="/admin/users?q=x"',
    ):
        assert text in asked
    done = selected(client, "suspend", ada, bob, "nobody", back="/admin/users?q=x").text
    assert "1 user suspended" in done
    assert "2 users stayed as they were" in done
    assert client.get(f"/api/systemusers/{ada}").json()["state"] == "SUSPENDED"
    assert "2 users activated" in selected(client, "activate", ada, bob).text
    assert "2 users deleted" in selected(client, "delete", ada, bob).text
    assert client.get("/api/systemusers").json()["totalCount"] == 0


def test_many_join_and_leave_a_group(client):
    ada, bob = user(client, "ada"), user(client, "bob")
    sales = group(client, members=[bob])
    assert "Sales" in client.get(f"/admin/users/selected/add?user={ada}").text
    missing = selected(client, "add", ada)
    assert missing.status_code == 400
    assert "Choose a group." in missing.text
    assert "1 user added to Sales" in selected(client, "add", ada, bob, group=sales).text
    assert "2 users removed from Sales" in selected(client, "remove", ada, bob, group=sales).text
    assert selected(client, "add", ada, group="none").status_code == 404


def test_bulk_page_leads_nobody_elsewhere_and_says_when_nobody_is_selected(client):
    ada = user(client, "ada")
    for back in ("https://evil.example", "//evil.example", "/admin/usersx", "javascript:alert(1)"):
        assert "evil" not in client.get("/admin/users/selected/delete", params={"user": ada, "back": back}).text
    assert "No user is selected" in client.get("/admin/users/selected/delete").text
    assert selected(client, "delete").status_code == 400

    client.app.state.who = READER
    for verb in ("activate", "suspend", "add", "remove", "delete"):
        assert client.get(f"/admin/users/selected/{verb}?user={ada}").status_code == 403
        assert selected(client, verb, ada).status_code == 403
    assert "selected" not in client.get("/admin/users").text


DETAILS = {
    "displayname": "Countess",
    "jobTitle": "Analyst",
    "department": "Engines",
    "company": "Babbage & Co",
    "location": "London",
    "costCenter": "42",
    "employeeIdentifier": "0001",
    "employeeType": "permanent",
    "description": "first\nof her kind",
}


def test_details_of_a_person_are_stored_shown_found_changed_and_recorded(client, usage):
    ada = user(client, "ada", **DETAILS)
    usage.counts[ada] = 7
    body = client.get(f"/api/systemusers/{ada}").json()
    assert {key: body[key] for key in DETAILS} == DETAILS
    assert (body["unix_uid"], body["unix_guid"]) == (20007, 20007)
    page = client.get(f"/admin/users/{ada}").text
    for text in ("Countess", "Analyst", "Babbage &amp; Co", "20007"):
        assert text in page
    assert client.get("/api/systemusers?search=ENGINES").json()["totalCount"] == 1
    assert client.get("/api/systemusers?filter=department:$eq:Engines&sort=-jobTitle").json()["totalCount"] == 1
    changed = client.put(f"/api/systemusers/{ada}", json={"department": "", "unix_uid": 5}).json()
    assert (changed["department"], changed["jobTitle"], changed["unix_uid"]) == ("", "Analyst", 20007)
    saved = client.post(f"/admin/users/{ada}", data={"job_title": "Countess", "version": "2"})
    assert "Job title: Analyst → Countess" in saved.text


def test_detail_that_does_not_fit_is_named(client):
    answer = client.post("/api/systemusers", json={"username": "a", "email": "a@example.com", "employeeIdentifier": "x" * 257})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "employeeIdentifier")
    page = client.post("/admin/users/add", data={"username": "a", "email": "a@example.com", "department": "x\x07"})
    assert page.status_code == 400
    assert "Control characters cannot stand here." in page.text


def test_search_ignores_case_in_every_script(client):
    user(client, "strasse", firstname="Jörg", lastname="GROSS")
    for word in ("JÖRG", "jörg", "groß"):
        assert client.get("/api/systemusers", params={"search": word}).json()["totalCount"] == 1, word
