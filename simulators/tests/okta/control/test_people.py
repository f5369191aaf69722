from base64 import urlsafe_b64decode
from json import loads

ADA = "ada.lovelace@acme.example"


def test_person_is_added_changed_and_deleted(okta):
    added = okta.control(
        "POST",
        "/users",
        {"login": "mary@acme.example", "password": "pw", "groups": ["Everyone", "New"], "claims": {"nickname": "M"}},
        201,
    )
    assert (added["password"], added["status"], added["first_name"]) == ("pw", "ACTIVE", "Mary")
    browser = okta.browser()
    assert "code=" in browser.sign_in(login="mary@acme.example", password="pw").headers["location"]
    changed = okta.control("PATCH", f"/users/{added['id']}", {"email": "m@acme.example", "login": "m@acme.example", "groups": []})
    assert (changed["id"], changed["login"], changed["groups"]) == (added["id"], "m@acme.example", ["Everyone"])
    okta.control("DELETE", "/users/m@acme.example", status=204)
    okta.control("GET", f"/users/{added['id']}", status=404)


def test_extra_claims_and_new_email_arrive_in_the_token(okta):
    okta.control(
        "PATCH", f"/users/{ADA}", {"email": "ada@acme.example", "email_verified": False, "claims": {"nickname": "Ada ✓"}}
    )
    token = loads(urlsafe_b64decode(okta.redeem(okta.code()).json()["id_token"].split(".")[1] + "=="))
    assert (token["email"], token["email_verified"], token["nickname"]) == ("ada@acme.example", False, "Ada ✓")


def test_bad_people_are_refused_with_a_sentence(okta):
    for body in ({}, {"login": ADA}, {"login": "x", "status": "GONE"}, {"login": 1}, {"login": "x", "shoe_size": 1}):
        okta.control("POST", "/users", body, 400)
    okta.control("PATCH", f"/users/{ADA}", {"id": "00uOther"}, 400)
    okta.control("PATCH", f"/users/{ADA}", {"groups": [1]}, 400)


def test_groups_are_added_changed_and_deleted(okta):
    group = okta.control("POST", "/groups", {"name": "Ops", "members": [ADA]}, 201)
    assert group["members"] == [ADA]
    assert "Ops" in okta.control("GET", f"/users/{ADA}")["groups"]
    okta.control("POST", "/groups", {"name": "Ops"}, 400)
    assert okta.control("PATCH", "/groups/Ops", {"name": "Operations", "members": []})["members"] == []
    okta.control("DELETE", f"/groups/{group['id']}", status=204)
    assert "Operations" not in [group["name"] for group in okta.control("GET", "/groups")]
    okta.control("PATCH", "/groups/Ops", {}, 404)
