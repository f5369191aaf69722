"""`homeport role`, `service-account` and `event-destination`: who may do what, which programs may, and where the log is sent."""

import stat


def test_a_custom_role_is_made_changed_given_and_kept_while_somebody_has_it(homeport):
    made = homeport.json("role", "add", "Auditor", "--permission", "audit:read", "--permission", "users:read")
    assert (made["isCustom"], made["scopes"]) == (True, ["audit:read", "users:read"])
    changed = homeport.json("role", "set", "Auditor", "--rename", "Auditors", "--permission", "audit:read")
    assert (changed["name"], changed["scopes"], changed["id"]) == ("Auditors", ["audit:read"], made["id"])
    homeport("service-account", "add", "Nightly", "--role", "Auditors")
    homeport("role", "delete", "Auditors", "--yes", status=1)
    homeport("service-account", "delete", "Nightly", "--yes")
    homeport("role", "delete", "Auditors", "--yes")
    assert [one["isCustom"] for one in homeport.json("role", "list")] == [False] * 5


def test_a_role_says_which_of_its_words_are_wrong(homeport):
    homeport("role", "add", "Auditor", status=2)
    homeport("role", "add", "Auditor", "--permission", "audit:rede", status=1)
    assert "audit:rede" in homeport.said
    homeport("role", "add", "Auditor", "--permission", "mail:write", status=1)
    homeport("role", "set", "Manager", "--rename", "Boss", status=1)
    homeport("role", "set", "Nobody", "--rename", "Boss", status=1)
    assert "There is no role “Nobody”. See them all: homeport role list" in homeport.said
    assert len(homeport.json("role", "list")) == 5


def test_a_service_account_works_with_its_key_until_it_is_suspended(homeport, tmp_path):
    homeport("service-account", "add", "Nightly", "--role", "Read Only", "--description", "Counts users")
    out = tmp_path / "nightly.key"
    homeport(
        "service-account", "add-key", "Nightly", "first", "--days", 7, "--from", "127.0.0.0/8", "--from", "::1", "--key-out", out
    )
    key = out.read_text().strip()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    shown = homeport("service-account", "keys", "Nightly", "--json") + homeport("service-account", "show", "Nightly")
    assert "Counts users" in shown
    assert key not in shown
    assert homeport.json("user", "list", HOMEPORT_API_KEY=key) == []
    homeport("service-account", "suspend", "Nightly", status=2)
    homeport("service-account", "suspend", "Nightly", "--yes")
    homeport("user", "list", status=1, HOMEPORT_API_KEY=key)
    homeport("service-account", "activate", "Nightly")
    assert homeport.json("service-account", "set", "Nightly", "--role", "Manager")["roleName"] == "Manager"
    homeport("service-account", "revoke-key", "Nightly", "first", "--yes")
    homeport("user", "list", status=1, HOMEPORT_API_KEY=key)
    assert homeport.json("service-account", "keys", "Nightly") == []
    homeport("service-account", "add-key", "Nightly", "second", status=2)
    assert "--key-out" in homeport.said
    homeport("service-account", "add", "Other", "--role", "Boss", status=1)
    assert [one["name"] for one in homeport.json("service-account", "list", "--search", "night")] == ["Nightly"]


def test_an_event_destination_is_made_paused_resumed_tested_and_deleted(homeport, tmp_path):
    address, out = tmp_path / "address", tmp_path / "secret"
    address.write_text("https://127.0.0.1:9/hooks/s3cr3t-in-the-path\n")
    made = homeport.json("event-destination", "add", "SIEM", "--address-file", address, "--secret-out", out)
    assert (made["origin"], made["batched"]) == ("https://127.0.0.1:9", True)
    assert "secret" not in made
    assert out.read_text().startswith("whsec_")
    assert homeport("event-destination", "add", "Other", "https://127.0.0.1:9/x", "--secret-out", "-").startswith("whsec_")
    shown = homeport("event-destination", "show", "SIEM") + homeport("event-destination", "list", "--json")
    assert "s3cr3t-in-the-path" not in shown
    assert homeport.json("event-destination", "pause", "SIEM")["enabled"] is False
    assert homeport.json("event-destination", "resume", "SIEM")["enabled"] is True
    assert homeport.json("event-destination", "set", "SIEM", "--one-by-one")["batched"] is False
    renewed = homeport("event-destination", "renew-secret", "SIEM", "--secret-out", "-").strip()
    assert renewed.startswith("whsec_")
    assert renewed != out.read_text().strip()
    homeport("event-destination", "test", "SIEM", status=1)
    assert "“SIEM” did not take it: " in homeport.said
    homeport("event-destination", "delete", "SIEM", "--yes")
    assert [one["name"] for one in homeport.json("event-destination", "list")] == ["Other"]


def test_an_event_destination_is_made_of_one_address_that_can_be_one(homeport, tmp_path):
    out = tmp_path / "secret"
    homeport("event-destination", "add", "SIEM", "--secret-out", out, status=2)
    assert "Give ADDRESS or --address-file." in homeport.said
    homeport("event-destination", "add", "SIEM", "https://a.example", "--address-file", "x", "--secret-out", out, status=2)
    assert "not both" in homeport.said
    homeport("event-destination", "add", "SIEM", "ftp://a.example", "--secret-out", out, status=1)
    homeport("event-destination", "add", "SIEM", "https://a.example", status=2)
    assert "--secret-out" in homeport.said
    assert not out.exists()
    assert homeport.json("event-destination", "list") == []
    assert homeport.json("event-destination", "add", "Log", "tls://127.0.0.1:9", "--kind", "syslog")["kind"] == "syslog"
