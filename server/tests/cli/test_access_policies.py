"""`homeport access-policy` and `homeport ip-list`: who may sign in to the portals, from the command line."""


def test_the_user_portal_is_denied_and_allowed_again(homeport, served):
    ada = served.house.user("ada")
    made = homeport.json("access-policy", "deny-user-portal", "--message", "Not here.")
    assert (made["type"], made["effect"]["action"], made["disabled"]) == ("user_portal", "deny", False)
    asked = homeport("access-policy", "simulate", "ada")
    assert "Denied, by the policy “Deny the user portal”." in asked
    homeport("access-policy", "set", "Deny the user portal", "--mode", "monitor")
    answer = homeport.json("access-policy", "simulate", ada.email)
    assert (answer["action"], answer["wouldBe"]) == ("allow", "deny")
    homeport("access-policy", "delete", "Deny the user portal", "--yes")
    assert homeport.json("access-policy", "list") == []


def test_a_policy_keeps_what_a_change_leaves_out(homeport, served):
    served.house.user("ada")
    office = homeport.json("ip-list", "add", "Office", "192.0.2.0/24", "198.51.100.7")
    assert office["ips"] == ["192.0.2.0/24", "198.51.100.7"]
    homeport("user-group", "add", "Sales")
    conditions = f'{{"not": {{"ipAddressIn": ["{office["id"]}"]}}}}'
    options = ("--conditions", conditions, "--except-group", "Sales", "--message", "Come here.", "--mode", "enabled")
    made = homeport.json("access-policy", "add", "Office only", "--action", "deny", *options)
    changed = homeport.json("access-policy", "set", "Office only", "--action", "allow_with_mfa")
    assert changed["effect"]["obligations"]["mfa"]["required"] is True
    assert changed["effect"]["custom_error_message"]["message"] == "Come here."
    assert (changed["conditions"], changed["targets"]) == (made["conditions"], made["targets"])
    assert homeport.json("access-policy", "simulate", "ada", "--from", "203.0.113.1")["action"] == "allow_with_mfa"
    assert homeport.json("access-policy", "simulate", "ada", "--from", "192.0.2.1")["action"] == "allow"


def test_a_policy_that_shuts_out_the_last_administrator_is_refused_with_its_sentence(homeport):
    homeport("access-policy", "add", "Nobody", "--portal", "admin_portal", "--action", "deny", "--mode", "enabled", status=1)
    assert "no Administrator with Billing could sign in to the admin portal any more" in homeport.said
    assert homeport.json("access-policy", "list") == []
    homeport("access-policy", "default", "admin_portal", "deny", status=1)
    assert homeport.json("access-policy", "default", "admin_portal")["action"] == "allow"


def test_a_list_that_a_policy_names_stays(homeport):
    office = homeport.json("ip-list", "add", "Office", "192.0.2.0/24")
    homeport("access-policy", "add", "P", "--action", "deny", "--conditions", f'{{"ipAddressIn": ["{office["id"]}"]}}')
    homeport("ip-list", "delete", "Office", "--yes", status=1)
    assert "names this list" in homeport.said
    assert homeport.json("ip-list", "set", "Office", "192.0.2.1-192.0.2.2")["ips"] == ["192.0.2.1", "192.0.2.2"]
    homeport("ip-list", "set", "Office", "office", status=1)
    assert "is no address" in homeport.said


def test_bad_words_are_refused_before_anything_is_asked(homeport):
    homeport("access-policy", "add", "P", "--action", "deny", "--conditions", "{", status=1)
    assert "not JSON" in homeport.said
    homeport("access-policy", "add", "P", "--action", "deny", "--role", "Manager", status=2)
    homeport("access-policy", "add", "P", "--action", "deny", "--portal", "admin_portal", "--group", "Sales", status=2)
    homeport("access-policy", "set", "P", status=1)
