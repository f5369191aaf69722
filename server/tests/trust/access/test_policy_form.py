"""The form of a policy: the custom roles it can be for, and what it shows when there are more IP lists than fit."""

from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient
from tests.support.house import ADMIN

from homeport.bootstrap.web import application
from homeport.directory.admins.model import READ_ONLY
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.access.actions import Question
from homeport.trust.access.model import Action, InList, Portal, Targets
from homeport.trust.access.pages.forms import MOST_OFFERED

PATH = "/admin/access-policies"


class Form(HTMLParser):
    """All values of the form with a version, as a browser without script would send them."""

    def __init__(self, page):
        super().__init__()
        self.sent, self.inside, self.select, self.area = [], [], "", ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.inside = []
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and "selected" in given:
            self.inside.append((self.select, given["value"]))
        elif tag == "textarea":
            self.area = given["name"]
            self.inside.append((self.area, ""))
        elif tag == "input" and given.get("name") and ("checked" in given or given.get("type") not in {"radio", "checkbox"}):
            self.inside.append((given["name"], given.get("value", "")))

    def handle_data(self, data):
        if self.area:
            name, value = self.inside.pop()
            self.inside.append((name, value + data.removeprefix("\n")))

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.area = ""
        elif tag == "form" and "version" in dict(self.inside):
            self.sent = self.inside

    def data(self, **more):
        found = {}
        for name, value in self.sent:
            found.setdefault(name, []).append(value)
        return found | more


@pytest.fixture
def browser(scene):
    app = application(scene.house.home)
    actor = scene.actor(scene.administrator())
    app.state.authenticate_session = lambda _request: actor
    client = TestClient(app, base_url=scene.house.settings.public_url, follow_redirects=False)
    client.headers["Sec-Fetch-Site"] = "same-origin"
    return client


@pytest.fixture
def nights(scene):
    return scene.do(lambda act: act.roles.create(ADMIN, name="Night shift", permissions=[Permission.USERS_READ]))


def test_a_policy_is_for_a_custom_role_in_the_simulator_and_at_the_sign_in_alike(scene, nights, browser):
    other, ada = scene.administrator("other", READ_ONLY), scene.administrator("ada", nights.name)
    page = browser.get(f"{PATH}/add/admin_portal").text
    assert 'value="Night shift"' in page
    policy = scene.policy("No nights", targets=Targets(False, groups=(nights.name,)))
    assert "Night shift" in browser.get(PATH).text
    for who, denied in ((ada, True), (other, False)):
        said = scene.do(lambda act, who=who: act.access_actions.simulator.ask(ADMIN, Question(Portal.ADMIN, who.id)))
        assert (said.decision.denied, scene.gets_in(who)) == (denied, not denied)
    again = Form(browser.get(f"{PATH}/{policy.id}").text)
    assert browser.post(f"{PATH}/{policy.id}", data=again.data(description="Sleep")).status_code == 200
    assert scene.do(lambda act: act.access_policies.get(ADMIN, policy.id)).targets == policy.targets


def test_a_role_that_a_policy_names_keeps_its_people_when_renamed_and_is_not_deleted(scene, nights):
    scene.administrator("other")
    ada = scene.administrator("ada", nights.name)
    policy = scene.policy("No nights", targets=Targets(False, groups=(nights.name,), excluded_groups=(READ_ONLY,)))
    scene.do(lambda act: act.roles.change(ADMIN, nights.id, name="Late shift"))
    after = scene.do(lambda act: act.access_policies.get(ADMIN, policy.id))
    assert (after.targets.groups, after.targets.excluded_groups) == (("Late shift",), (READ_ONLY,))
    assert after.version == policy.version + 1
    assert ("access_policy_update",) in scene.house.sql("SELECT event_type FROM audit_entries")
    assert not scene.gets_in(ada)
    scene.do(lambda act: act.administrators.change(ADMIN, ada.id, role=READ_ONLY))
    with pytest.raises(Conflict, match="“No nights” names this role"):
        scene.do(lambda act: act.roles.delete(ADMIN, nights.id))
    scene.do(lambda act: act.access_policies.delete(ADMIN, policy.id))
    scene.do(lambda act: act.roles.delete(ADMIN, nights.id))


def test_a_role_that_does_not_exist_is_refused_and_the_roles_that_do_are_named(scene, nights):
    with pytest.raises(Invalid, match=r"There is no role “Nights”. Use one of: .*Night shift") as refused:
        scene.policy("No nights", targets=Targets(False, groups=("Nights",)))
    assert "targets" in refused.value.fields


def test_saving_a_policy_keeps_the_ip_lists_that_do_not_fit_into_its_form(scene, browser):
    names = [f"List {number:03}" for number in range(MOST_OFFERED + 5)]
    lists = [
        scene.do(lambda act, name=name: act.ip_lists.create(ADMIN, name=name, networks=["192.0.2.0/24"])).id for name in names
    ]
    scene.administrator("other")
    last = scene.policy("Offices", Action.ALLOW, portal=Portal.USER, conditions=InList((lists[-1], lists[0])))
    there = f"{PATH}/{last.id}"
    form = Form(browser.get(there).text)
    assert form.data()["lists"] == [lists[0], lists[-1]]
    assert browser.post(there, data=form.data(description="Seen")).status_code == 200
    stored = scene.do(lambda act: act.access_policies.get(ADMIN, last.id))
    assert (stored.description, set(stored.conditions.lists)) == ("Seen", {lists[0], lists[-1]})
    page = browser.get(there).text
    assert f"There are {len(names) - MOST_OFFERED - 1} more." in page
    wrong = browser.post(there, data=Form(page).data(more_lists="List 053\nNowhere"))
    assert (wrong.status_code, "There is no IP list “Nowhere”" in wrong.text) == (400, True)
    assert browser.post(there, data=Form(wrong.text).data(more_lists="list 053")).status_code == 200
    stored = scene.do(lambda act: act.access_policies.get(ADMIN, last.id))
    assert set(stored.conditions.lists) == {lists[0], lists[-1], lists[53]}
