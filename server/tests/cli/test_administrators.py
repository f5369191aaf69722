"""`homeport admin`, `api-key`, `sign-in`, assignments and provisioning rules over the REST API."""

import re
import stat

from tests.support.house import ORIGIN

from homeport.directory.admins.model import BILLING
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.signin.model import Purpose

from .conftest import key_of


def test_an_administrator_is_invited_changed_suspended_and_removed(homeport, served, tmp_path):
    link = tmp_path / "link"
    homeport("admin", "invite", "ada@acme.example", "--role", "Read Only", "--link-out", link)
    token = re.search(r"/admin/link/(\S+)", link.read_text())[1]
    assert stat.S_IMODE(link.stat().st_mode) == 0o600
    assert [one["email"] for one in homeport.json("admin", "invitations")] == ["ada@acme.example"]
    served.house.do(
        lambda act: act.administrator_links.accept(
            token, email="ada@acme.example", firstname="Ada", lastname="", password="five unrelated words today"
        )
    )
    assert homeport.json("admin", "role", "ada@acme.example", "Help Desk")["roleName"] == "Help Desk"
    changed = homeport.json("admin", "set", "ada@acme.example", "--api-keys", "--lastname", "Lovelace")
    assert (changed["apiKeyAllowed"], changed["lastname"], changed["roleName"]) == (True, "Lovelace", "Help Desk")
    served.house.do(lambda act: act.sessions.start(act.administrators.find_by_email("ada@acme.example"), ORIGIN))
    assert [one["remoteIP"] for one in homeport.json("admin", "sessions", "ada@acme.example")] == [ORIGIN.address]
    homeport("admin", "end-sessions", "ada@acme.example", "--yes")
    assert homeport.json("admin", "sessions", "ada@acme.example") == []
    homeport("admin", "suspend", "ada@acme.example", status=2)
    assert "--yes" in homeport.said
    homeport("admin", "suspend", "ada@acme.example", "--yes")
    assert homeport.json("admin", "list", "--filter", "email=ada@acme.example")[0]["suspended"] is True
    homeport("admin", "activate", "ada@acme.example")
    homeport("admin", "remove", "ada@acme.example", "--yes")
    assert homeport.json("admin", "list", "--filter", "email=ada@acme.example") == []


def test_an_invitation_is_withdrawn_and_its_link_never_lands_in_a_log(homeport):
    homeport("admin", "invite", "eve@acme.example", "--role", "Read Only", status=2)
    assert "--link-out" in homeport.said
    homeport("admin", "invite", "eve@acme.example", "--role", "Read Only", "--link-out", "-")
    homeport("admin", "withdraw", "eve@acme.example")
    assert homeport.json("admin", "invitations") == []


def test_the_last_administrator_with_billing_stays(homeport):
    homeport("admin", "remove", "all@acme.example", "--yes", status=1)
    assert "last Administrator with Billing" in homeport.said


def test_a_second_factor_is_reset(homeport, served):
    key_of(served.house, "lost@acme.example", BILLING)
    homeport("admin", "reset-factor", "lost@acme.example", "--yes")
    assert homeport.json("admin", "show", "lost@acme.example")["totpEnrolled"] is False
    homeport("admin", "remove", "lost@acme.example", "--yes")


def test_every_role_is_listed_with_what_it_is_for(homeport):
    assert homeport.json("role", "list")[0]["name"] == BILLING


def test_an_api_key_is_made_renamed_used_and_revoked(homeport, tmp_path):
    file = tmp_path / "key"
    homeport("api-key", "add", "nightly", "--days", 7, "--from", "127.0.0.1", "--from", "::1", "--key-out", file)
    key = file.read_text().strip()
    assert key not in homeport("api-key", "list", "--json") + homeport("api-key", "show", "nightly")
    homeport("api-key", "rename", "nightly", "weekly")
    assert homeport.json("api-key", "show", "weekly", HOMEPORT_API_KEY=key)["networks"] == ["127.0.0.1/32", "::1/128"]
    homeport("api-key", "revoke", "weekly", "--yes")
    homeport("api-key", "list", status=1, HOMEPORT_API_KEY=key)
    homeport("api-key", "add", "further", status=2)
    assert "--key-out" in homeport.said


def test_people_are_assigned_to_devices_and_taken_back(homeport, served):
    served.house.user("ada")
    served.house.device("lab-4")
    homeport("user-group", "add", "Engineering")
    homeport("device-group", "add", "Lab")
    homeport("device-group", "join", "Lab", "lab-4")
    homeport("device", "assign", "lab-4", "--user", "ada", "--user-group", "Engineering")
    assert [(one["type"], one["name"]) for one in homeport.json("device", "assigned", "lab-4")] == [
        ("user", "ada"),
        ("user group", "Engineering"),
    ]
    homeport("device", "unassign", "lab-4", "--user", "ada", "--user-group", "Engineering")
    assert homeport.json("user", "devices", "ada") == []
    homeport("device-group", "assign", "Lab", "--user", "ada")
    assert [one["displayName"] for one in homeport.json("user", "devices", "ada")] == ["lab-4"]
    homeport("device", "assign", "lab-4", "--user", "nobody", status=1)
    homeport("device", "assign", "lab-4", status=2)


def test_a_user_group_has_its_own_provisioning_rule(homeport):
    homeport("user-group", "add", "Engineering")
    homeport("user-group", "add", "Guests")
    homeport("provisioning", "rule", "Engineering", "--admin", "--lease-days", 30)
    homeport("provisioning", "rule", "Guests", "--lease-days", 1)
    homeport("provisioning", "rule", "Engineering", "--standard")
    rules = {one["name"]: (one["permission"], one["leaseDays"]) for one in homeport.json("provisioning", "rules")}
    assert rules == {"Engineering": (None, 30), "Guests": (None, 1)}
    homeport("provisioning", "remove-rule", "Guests", "--yes")
    assert [one["name"] for one in homeport.json("provisioning", "rules")] == ["Engineering"]
    homeport("provisioning", "rule", "Guests", status=2)
    homeport("provisioning", "remove-rule", "Guests", "--yes", status=1)


def test_sign_ins_are_listed_shown_with_their_steps_and_counted_by_reason(homeport, served):
    reason = ReasonCode.DEVICE_GONE
    served.house.connect()
    refused = served.house.do(lambda act: act.sign_ins.turn_away(Purpose.DEVICE_LOGIN, "", reason, "browser", ORIGIN))
    assert [one["id"] for one in homeport.json("sign-in", "list", "--filter", f"reason={refused.reason}")] == [refused.id]
    assert [one["name"] for one in homeport.json("sign-in", "show", refused.id)["steps"]]
    shown = homeport("sign-in", "show", refused.id)
    assert refused.id in shown
    assert homeport.json("sign-in", "refusals") == [{"reason": refused.reason, "last24Hours": 1, "last7Days": 1}]
    homeport("sign-in", "show", "01a20a00-0000-7000-8000-ffffffffffff", status=1)
