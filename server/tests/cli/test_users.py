"""`homeport user`: users are added, found, changed, suspended and deleted over the REST API."""

import re

from tests.support.house import ORIGIN

from homeport.trust.signin.passkeys.model import Passkey


def test_a_user_is_added_and_shown(homeport):
    added = homeport.json("user", "add", "ada", "Ada@acme.example", "--firstname", "Ada")
    assert (added["username"], added["email"], added["state"]) == ("ada", "ada@acme.example", "ACTIVATED")
    assert homeport.json("user", "show", "ada") == added
    assert homeport.json("user", "show", "ada@acme.example") == added
    assert homeport.json("user", "show", added["_id"]) == added
    assert re.search(r"^User name: +ada$", homeport("user", "show", "ada"), re.MULTILINE)


def test_a_staged_user_gets_nothing_until_activated(homeport):
    assert homeport.json("user", "add", "ada", "ada@acme.example", "--staged")["state"] == "STAGED"
    homeport("user", "activate", "ada")
    assert homeport.json("user", "show", "ada")["state"] == "ACTIVATED"


def test_a_list_without_a_terminal_has_a_line_for_each_user_with_tabs(homeport, served):
    for name in ("ada", "grace"):
        served.house.user(name)
    lines = homeport("user", "list", "--sort", "username").splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["ada", "ada@acme.example"], ["grace", "grace@acme.example"]]


def test_all_users_come_however_many_pages_they_fill(homeport, served):
    for number in range(205):
        served.house.user(f"user{number:03}")
    found = homeport.json("user", "list", "--sort", "username")
    assert [one["username"] for one in found] == [f"user{number:03}" for number in range(205)]
    assert len(homeport.json("user", "list", "--limit", 150)) == 150


def test_a_list_is_narrowed_and_ordered(homeport, served):
    for name in ("ada", "adam", "grace"):
        served.house.user(name)
    homeport("user", "suspend", "adam", "--yes")

    def names(*options):
        return [one["username"] for one in homeport.json("user", "list", *options)]

    assert names("--filter", "state=SUSPENDED") == ["adam"]
    assert names("--filter", "state!=SUSPENDED", "--sort", "-username") == ["grace", "ada"]
    assert names("--filter", "username~ada", "--sort", "username") == ["ada", "adam"]
    assert names("--filter", "username:$eq:grace") == ["grace"]
    assert names("--search", "grace") == ["grace"]
    assert names("--search", "nobody") == []


def test_a_filter_of_another_form_is_a_usage_error(homeport):
    homeport("user", "list", "--filter", "state", status=2)
    assert "FIELD=VALUE" in homeport.said


def test_an_unknown_field_is_refused_with_the_servers_own_sentence(homeport):
    homeport("user", "list", "--filter", "colour=red", status=1)
    assert "There is no field “colour”. Use one of:" in homeport.said


def test_a_user_is_changed_field_by_field(homeport, served):
    served.house.user("ada")
    changed = homeport.json("user", "set", "ada", "--lastname", "Lovelace")
    assert (changed["firstname"], changed["lastname"]) == ("Ada", "Lovelace")
    changed = homeport.json("user", "set", "ada", "--job-title", "Analyst", "--cost-center", "7", "--displayname", "Countess")
    assert (changed["jobTitle"], changed["costCenter"], changed["displayname"]) == ("Analyst", "7", "Countess")
    homeport("user", "set", "ada", status=2)
    assert "Nothing to change" in homeport.said


def test_a_bad_address_is_refused_with_a_sentence(homeport):
    homeport("user", "add", "ada", "not an address", status=1)
    assert "e-mail address" in homeport.said
    assert homeport.json("user", "list") == []


def test_suspending_and_deleting_want_a_yes_where_nobody_can_be_asked(homeport, served):
    served.house.user("ada")
    for verb in ("suspend", "delete"):
        homeport("user", verb, "ada", status=2)
        assert "--yes" in homeport.said
    assert homeport.json("user", "show", "ada")["state"] == "ACTIVATED"
    homeport("user", "delete", "ada", "--yes")
    homeport("user", "show", "ada", status=1)
    assert "There is no user “ada”" in homeport.said


def test_a_key_that_may_only_read_is_told_which_permission_is_missing(homeport, served):
    homeport("user", "add", "ada", "ada@acme.example", status=1, HOMEPORT_API_KEY=served.reading_key)
    assert "users:write" in homeport.said


def test_a_group_of_people_is_made_filled_and_emptied(homeport, served):
    for name in ("ada", "grace"):
        served.house.user(name)
    homeport("user-group", "add", "Engineering")
    homeport("user-group", "join", "Engineering", "ada", "grace@acme.example")
    assert {one["username"] for one in homeport.json("user-group", "members", "Engineering")} == {"ada", "grace"}
    homeport("user-group", "leave", "Engineering", "ada")
    assert [one["username"] for one in homeport.json("user-group", "members", "Engineering")] == ["grace"]
    homeport("user-group", "delete", "Engineering", "--yes")
    assert len(homeport.json("user", "list")) == 2


def test_where_a_user_is_signed_in_is_listed_and_ended_and_passkeys_are_removed(homeport, served):
    ada = served.house.user("ada")

    def enter(act):
        act.user_sessions.start(ada, ORIGIN)
        for number in ("1", "2"):
            act.user_passkeys.passkeys.add(
                Passkey(served.house.entropy.new_id(), ada.id, number, "x", 0, f"Key {number}", served.house.clock.now())
            )

    served.house.do(enter)
    assert [one["remoteIP"] for one in homeport.json("user", "sessions", "ada")] == [ORIGIN.address]
    homeport("user", "end-sessions", "ada", status=2)
    homeport("user", "end-sessions", "ada", "--yes")
    assert "1 session ended." in homeport.said
    assert homeport("user", "sessions", "ada") == ""
    first = next(one for one in homeport.json("user", "passkeys", "ada") if one["name"] == "Key 1")
    homeport("user", "remove-passkeys", "ada", "--passkey", first["id"], "--yes")
    assert [one["name"] for one in homeport.json("user", "passkeys", "ada")] == ["Key 2"]
    homeport("user", "remove-passkeys", "ada", "--passkey", first["id"], "--yes", status=1)
    homeport("user", "remove-passkeys", "ada", "--yes")
    assert "1 passkey removed." in homeport.said
    homeport("user", "sessions", "nobody", status=1)
