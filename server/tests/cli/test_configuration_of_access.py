"""`homeport export`, `plan` and `apply` over roles, service accounts, IP lists, access policies, event destinations and the mail server."""

import tomllib

FILE = """\
version = 1

[users.ada]
email = "ada@acme.example"

[user_groups.Sales]
members = ["ada"]

[roles.Auditor]
description = "Reads the log"
permissions = ["users:read", "audit:read"]

[service_accounts.Nightly]
role = "Auditor"
suspended = true

[ip_lists.Office]
addresses = ["192.0.2.0-192.0.2.255", "198.51.100.7"]

[access_defaults]
user_portal = "allow_with_mfa"

[access_policies."Office only"]
portal = "user_portal"
action = "deny"
mode = "monitor"
message = "Come to the office."
user_groups = ["Sales"]
except_users = ["ada"]
conditions = { not = { any = [{ ipAddressIn = ["Office"] }, { locationIn = { countries = ["de"] } }] } }

[access_policies."Helpers need a code"]
portal = "admin_portal"
action = "allow_with_mfa"
roles = ["Help Desk"]
except_users = ["all@acme.example"]

[event_destinations.SIEM]
kind = "webhook"
address = { env = "SIEM_ADDRESS" }
batched = false
enabled = false

[mail_server]
host = "smtp.acme.example"
port = 587
tls = "starttls"
username = "homeport"
password = { file = "smtp.secret" }
sender = "homeport@acme.example"
"""
ADDRESS = "https://127.0.0.1:9/hooks/s3cr3t"
PASSWORD = "correct horse battery staple"
TOLD = {"SIEM_ADDRESS": ADDRESS, "MAIL_PASSWORD": PASSWORD}


def test_all_of_it_is_made_in_order_once_and_comes_out_again_without_a_secret(homeport, served, tmp_path):
    file = tmp_path / "homeport.toml"
    file.write_text(FILE)
    homeport("apply", file, "--yes", status=2, **TOLD)
    assert "smtp.secret" in homeport.said
    assert homeport.json("role", "list")[-1]["isCustom"] is False, "a missing secret is noticed before anything is done"
    (tmp_path / "smtp.secret").write_text(f"{PASSWORD}\n")
    homeport("apply", file, "--yes", **TOLD)
    assert homeport("plan", file) == "Nothing to change.\n"
    assert homeport.json("service-account", "show", "Nightly")["suspended"] is True
    assert homeport.json("access-policy", "default", "user_portal")["action"] == "allow_with_mfa"
    office = homeport.json("ip-list", "show", "Office")
    assert office["ips"] == ["192.0.2.0/24", "198.51.100.7"]
    policy = homeport.json("access-policy", "show", "Office only")
    assert policy["conditions"]["not"]["any"][0] == {"ipAddressIn": [office["id"]]}
    assert homeport.json("event-destination", "show", "SIEM")["enabled"] is False
    assert homeport.json("mail", "show")["passwordSet"] is True
    told = homeport("export", "--users")
    assert [word for word in (PASSWORD, "s3cr3t", "whsec_", "hps_") if word in told] == []
    exported = tomllib.loads(told)
    policies = {
        name: {one: value for one, value in values.items() if value not in ("", [], {})}
        for name, values in exported["access_policies"].items()
    }
    assert policies == tomllib.loads(FILE)["access_policies"] | {
        "Office only": tomllib.loads(FILE)["access_policies"]["Office only"]
        | {"conditions": {"not": {"any": [{"ipAddressIn": ["Office"]}, {"locationIn": {"countries": ["DE"]}}]}}},
        "Helpers need a code": tomllib.loads(FILE)["access_policies"]["Helpers need a code"] | {"mode": "enabled"},
    }
    file.write_text(told)
    assert homeport("plan", file, "--delete") == "Nothing to change.\n"
    served.clean()
    homeport("apply", file, "--yes", **TOLD)
    assert homeport("export", "--users") == told, "an export makes an empty server the same"
    assert PASSWORD not in served.log.getvalue() + str(served.house.sql("SELECT * FROM audit_entries"))


def test_a_change_goes_by_field_and_a_deletion_in_the_reverse_order(homeport, tmp_path):
    file = tmp_path / "homeport.toml"
    (tmp_path / "smtp.secret").write_text(PASSWORD)
    file.write_text(FILE)
    homeport("apply", file, "--yes", **TOLD)
    changed = FILE.replace('message = "Come to the office."', 'message = "Come here."').replace('"smtp.acme', '"mail.acme')
    file.write_text(changed)
    plan = homeport.json("plan", file, status=4)
    assert [(one["section"], one["name"], [change["field"] for change in one["changes"]]) for one in plan["steps"]] == [
        ("access_policies", "Office only", ["message"]),
        ("mail_server", "", ["host", "password"]),
    ]
    homeport("apply", file, "--yes")
    kept = homeport.json("access-policy", "show", "Office only")
    assert kept["effect"]["custom_error_message"]["message"] == "Come here."
    assert (len(kept["targets"]["userGroups"]["inclusions"]), kept["monitorOnly"]) == (1, True)
    file.write_text(
        "version = 1\n[user_groups]\n[roles]\n[service_accounts]\n[ip_lists]\n[access_policies]\n[event_destinations]\n[mail_server]\n"
    )
    homeport("apply", file, "--delete", "--yes")
    assert [homeport.json(kind, "list") for kind in ("access-policy", "ip-list", "service-account", "event-destination")] == [
        []
    ] * 4
    assert homeport.json("role", "list")[-1]["isCustom"] is False
    assert homeport.json("mail", "show")["configured"] is True, "a setting is not deleted"


def test_what_was_added_since_an_export_stands_in_the_plan_and_apply_takes_it_away(homeport, served, tmp_path):
    served.house.user("mallory")
    file, kept = tmp_path / "homeport.toml", tmp_path / "kept.toml"
    file.write_text(
        'version = 1\n[ip_lists.Office]\naddresses = ["192.0.2.0/24"]\n[device_groups."Room 9"]\n'
        '[access_policies.Nobody]\nportal = "user_portal"\naction = "deny"\n'
    )
    homeport("apply", file, "--yes")
    before = homeport("export")
    kept.write_text(before)
    assert homeport("plan", kept) == "Nothing to change.\n"
    file.write_text(
        'version = 1\n[enrollment]\ndefault_device_group = "Room 9"\n[device_groups."Room 9"]\ndescription = "on the left"\n'
        '[access_policies.Nobody]\nexcept_users = ["mallory"]\nconditions = { ipAddressIn = ["Office"] }\nmessage = "Hi."\n'
    )
    homeport("apply", file, "--yes")
    changed = {
        one["section"]: [change["field"] for change in one["changes"]] for one in homeport.json("plan", kept, status=4)["steps"]
    }
    assert changed["enrollment"] == ["default_device_group"]
    assert changed["device_groups"] == ["description"]
    assert sorted(changed["access_policies"]) == ["conditions", "except_users", "message"]
    assert 'conditions: {"ipAddressIn": ["Office"]} → {}' in homeport("plan", kept, status=4)
    homeport("apply", kept, "--yes")
    assert homeport("export") == before


def test_what_cannot_be_is_named_before_anything_is_done(homeport, tmp_path):
    file = tmp_path / "homeport.toml"
    for text, place in (
        ("[roles.X]\ndescription = 'y'", "roles.X.permissions: missing, and a new role needs it"),
        ("[access_policies.X]\nportal = 'user_portal'\naction = 'refuse'", 'access_policies.X.action: must be "allow" or'),
        (
            "[access_policies.X]\nportal = 'user_portal'\naction = 'deny'\nconditions = { never = true }",
            "access_policies.X.conditions",
        ),
        (
            "[event_destinations.X]\nkind = 'webhook'\naddress = 'https://a.example/s3cr3t'",
            "event_destinations.X.address: must not hold",
        ),
        ("[mail_server]\nport = 0", "mail_server.port: must be a whole number from 1 to 65535"),
        ("[service_accounts.X]\nkeys = []", "service_accounts.X.keys: there is no such key"),
    ):
        file.write_text(f"version = 1\n{text}\n")
        homeport("plan", file, status=2)
        assert place in homeport.said
        assert "s3cr3t" not in homeport.said
    homeport("access-policy", "add", "X", "--action", "deny", "--mode", "monitor")
    file.write_text("version = 1\n[access_policies.X]\nportal = 'admin_portal'\n")
    homeport("plan", file, status=2)
    assert "access_policies.X.portal: the portal of an access policy cannot change" in homeport.said
    file.write_text("version = 1\n[access_policies.Y]\nportal = 'user_portal'\naction = 'deny'\nuser_groups = ['Nobody']\n")
    homeport("apply", file, "--yes", status=1)
    assert "There is no user group “Nobody”." in homeport.said
    file.write_text("version = 1\n[ip_lists.L]\naddresses = ['office']\n")
    homeport("apply", file, "--yes", status=1)
    assert "“office” is no address" in homeport.said
    assert homeport.json("ip-list", "list") == []
