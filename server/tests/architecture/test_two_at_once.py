"""Two administrators who save one form: the second is told what the other wrote, beside what they typed, and nothing is lost."""

import html
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.support.house import ADMIN

import homeport
from homeport.bootstrap.web import application
from homeport.channels.console.mail.actions import TypedServer
from homeport.directory.admins.model import READ_ONLY, Administrator, actor_of
from homeport.directory.audit.model import DestinationKind
from homeport.directory.devices.model import OSFamily
from homeport.foundation.kernel.actor import system
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action, Mode, Portal

TEMPLATES = Path(homeport.__file__).parent
NOT_EDITING = {"group_members_add.html"}
"""Templates that say what was saved and hold no form of values: adding members overwrites nothing."""


class Form(HTMLParser):
    """The values of the form that has a version, as a browser would send them; of several, of the one that has the field."""

    def __init__(self, page, field=""):
        super().__init__()
        self.values, self.inside, self.area, self.field = {}, {}, "", field
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "form":
            self.inside = {}
        elif tag == "textarea":
            self.area = name
            self.inside[name] = ""
        elif tag == "input" and name and (kind not in {"radio", "checkbox"} or "checked" in given):
            self.inside[name] = given.get("value", "")

    def handle_data(self, data):
        if self.area:
            self.inside[self.area] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.inside[self.area] = self.inside[self.area].removeprefix("\n")
            self.area = ""
        elif tag == "form" and "version" in self.inside and self.field not in self.values:
            self.values = self.inside


def user(house):
    return f"/admin/users/{house.user('ada').id}"


def user_group(house):
    return f"/admin/user-groups/{house.do(lambda act: act.user_groups.create(ADMIN, name='Sales').id)}"


def device(house):
    return f"/admin/devices/{house.device().id}"


def device_group(house):
    return f"/admin/device-groups/{house.do(lambda act: act.device_groups.create(ADMIN, 'Lab').id)}"


def mail_server(house):
    typed = TypedServer("smtp.acme.example", 587, "starttls", "", "", "homeport@acme.example")
    house.do(lambda act: act.mail_settings.save(ADMIN, typed))
    return "/admin/mail"


def administrator(house):
    now = house.clock.now()
    made = Administrator(house.entropy.new_id(), "ada@example.com", "", "", READ_ONLY, "x", False, 1, now, now)
    house.do(lambda act: act.administrators.administrators.add(made))
    return f"/admin/administrators/{made.id}"


def access_policy(house):
    wanted = Wanted("Office", Action.DENY, Mode.DISABLED)
    return f"/admin/access-policies/{house.do(lambda act: act.access_policies.create(ADMIN, Portal.USER, wanted).id)}"


def ip_list(house):
    return f"/admin/ip-lists/{house.do(lambda act: act.ip_lists.create(ADMIN, name='Office', networks=['192.0.2.1']).id)}"


def event_destination(house):
    made = {"kind": DestinationKind.WEBHOOK, "name": "SIEM", "address": "https://siem.example.com/"}
    return f"/admin/event-destinations/{house.do(lambda act: act.destinations.create(ADMIN, **made)[0].id)}"


def role(house):
    made = house.do(lambda act: act.roles.create(ADMIN, name="Curator", permissions=["users:read"]))
    return f"/admin/roles/{made.id}"


def service_account(house):
    made = house.do(lambda act: act.service_accounts.create(ADMIN, name="backup", role=READ_ONLY))
    return f"/admin/service-accounts/{made.id}"


FORMS = {
    "event destination": (event_destination, "", "name", "Collector", "Archive"),
    "user": (user, "", "firstname", "Augusta", "Grace"),
    "user group": (user_group, "", "description", "Those who sell", "All who sell"),
    "device": (device, "", "display_name", "Front desk", "Reception"),
    "who may sign in on a device": (device, "/access", "limited", "yes", "no"),
    "ssh and sudo of a device": (device, "/policy", "ssh", "browser", "passcode"),
    "device group": (device_group, "", "description", "Second floor", "Third floor"),
    "who may sign in on a device group": (device_group, "/access", "limited", "yes", "no"),
    "ssh and sudo of a device group": (device_group, "/policy", "sudo", "never", "browser"),
    "role": (role, "", "description", "Reads", "Reads all"),
    "service account": (service_account, "", "description", "Nightly", "Weekly"),
    "administrator": (administrator, "", "role", "Manager", "Help Desk"),
    "who manages a password": (user, "/password-authority", "authority", "scim", "active_directory"),
    "access policy": (access_policy, "", "mode", "enabled", "monitor"),
    "default of a portal": (lambda _house: "/admin/access-policies/default/user_portal", "", "action", "deny", "allow_with_mfa"),
    "IP list": (ip_list, "", "networks", "192.0.2.2/32", "192.0.2.3/32"),
    "password rules": (lambda _house: "/admin/password-rules", "", "lifetime_days", "90", "365"),
    "mail server": (mail_server, "", "sender", "directory@acme.example", "hello@acme.example"),
    "settings of Macs": (lambda _house: "/admin/apple/settings", "", "department", "Second floor", "Third floor"),
    "own name": (lambda _house: "/admin/account", "", "firstname", "Augusta", "Grace"),
    "provisioning": (lambda _house: "/admin/provisioning/linux", "", "lease_days", "30", "7"),
    "provisioning of Macs": (lambda _house: "/admin/provisioning/macos", "", "lease_days", "30", "7"),
}
"""Each form: what it is about, the rest of its address, a field, what the first writes there and what the second. The provider's
form, which asks the provider first, has its own test in server/tests/trust/federation."""
WORDS = {
    "scim": "SCIM Integration",
    "enabled": "Enabled",
    "deny": "Deny",
    "yes": "Only assigned people",
    "browser": "The browser, each time",
    "never": "Closed",
}
"""What people read instead of a value."""


def enters(house):
    """The browser of an administrator who may do everything."""
    now = house.clock.now()
    me = Administrator(house.entropy.new_id(), "me@example.com", "Me", "", READ_ONLY, "x", False, 1, now, now)
    house.do(lambda act: act.administrators.administrators.add(me))
    permissions = system("test").permissions
    actor = replace(actor_of(me, ADMIN.origin), permissions=permissions, session_id="s", authenticated_at=now)
    app = application(house.home)
    app.state.authenticate_session = lambda _request: actor
    return TestClient(app, base_url=house.settings.public_url, follow_redirects=False)


@pytest.mark.parametrize("name", FORMS)
def test_the_second_is_told_what_the_first_wrote_and_can_still_save(shared_house, name):
    make, rest, field, first, second = FORMS[name]
    shared_house.empty()
    path = make(shared_house) + rest
    browser = enters(shared_house)
    opened = Form(browser.get(path).text, field).values
    assert field in opened or field == "limited", f"{name}: the page has no form with {field} and a version"
    assert browser.post(path, data={**opened, field: first}).status_code == 200
    typed = {**opened, field: second}
    told = browser.post(path, data=typed)
    assert told.status_code == 412
    assert f"is now “{WORDS.get(first, first)}”" in html.unescape(told.text)
    kept = Form(told.text, field).values
    assert kept[field] == second, "what was typed is lost"
    assert kept["version"] != opened["version"]
    assert browser.post(path, data=kept).status_code == 200
    assert Form(browser.get(path).text, field).values[field] == second


@pytest.mark.parametrize("system", ["linux", "macos", "windows"])
def test_the_second_rule_for_a_user_group_does_not_wipe_out_the_first(shared_house, system):
    shared_house.empty()
    user_group(shared_house)
    browser, path = enters(shared_house), f"/admin/provisioning/{system}"
    opened = Form(browser.get(path).text, "group_lease").values
    first = {**opened, "group": "Sales", "admin": "on", "group_lease": "30"}
    assert browser.post(f"{path}/groups", data=first).status_code == 303
    told = browser.post(f"{path}/groups", data={**opened, "group": "Sales", "group_lease": "7"})
    assert told.status_code == 412
    assert "Lease in days is now “30”" in html.unescape(told.text)
    assert "Administrator is now “given”" in html.unescape(told.text)
    kept = Form(told.text, "group_lease").values
    assert (kept["group"], kept["group_lease"]) == ("Sales", "7"), "what was typed is lost"
    assert browser.post(f"{path}/groups", data=kept).status_code == 303
    rules = shared_house.do(lambda act: act.provisioning.rules(ADMIN, OSFamily(system)))
    assert [(rule.admin, rule.lease_days) for rule in rules] == [(False, 7)]


def test_the_second_who_sets_enrolment_is_told_what_the_first_decided(shared_house):
    shared_house.empty()
    group = device_group(shared_house).rpartition("/")[2]
    browser, path = enters(shared_house), "/admin/enrollment-settings"
    opened = Form(browser.get("/admin/devices/add").text, "version").values
    assert browser.post(path, data={**opened, "wanted": "on", "default_group": group}).status_code == 303
    told = browser.post(path, data={**opened, "default_group": "none"})
    assert told.status_code == 412
    assert "Waiting for approval is now “on”" in html.unescape(told.text)
    assert "Default device group is now “Lab”" in html.unescape(told.text)
    kept = Form(told.text, "version").values
    assert "wanted" not in kept, "what was chosen is lost"
    assert browser.post(path, data={**kept, "default_group": "none"}).status_code == 303
    assert shared_house.do(lambda act: (act.enrollment_keys.approval_wanted(ADMIN), act.device_groups.default(ADMIN))) == (
        False,
        None,
    )
    opened = Form(browser.get("/admin/devices/add").text, "version").values
    shared_house.do(lambda act: act.device_groups.set_default(ADMIN, group))
    shared_house.do(lambda act: act.device_groups.delete(ADMIN, group))
    assert browser.post(path, data={**opened, "wanted": "on"}).status_code == 412, "a group that went is a change too"


def test_every_form_that_says_what_was_saved_holds_a_version():
    found = {path: path.read_text() for path in TEMPLATES.rglob("templates/**/*.html")}
    saying = [path for path, text in found.items() if "{{ saved_notice(form)" in text and path.name not in NOT_EDITING]
    assert len(saying) > 5, "the templates were not found"
    assert [path for path in saying if 'name="version"' not in found[path] and "provider_form(" not in found[path]] == []
