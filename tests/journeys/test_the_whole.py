"""From the first administrator's link to an account on a Linux machine, its suspension, its return and its end."""

import re

import pytest
from playwright.sync_api import expect
from tests.journeys.approval import Person
from tests.journeys.installation import PASSWORD, install
from tests.journeys.machine import Machine
from tests.journeys.portal import Portal

ADA = "ada.lovelace@acme.example"
PASSCODE = "lamp-otter-42-quiet"


@pytest.fixture
def browser(browser_with_windows):
    """This story is told in the whole of Debian's Chromium; the others in its build without windows."""
    return browser_with_windows


def test_an_administrator_connects_okta_and_a_person_gets_an_account(tmp_path, programs, new_context, new_machine):
    installation = install(tmp_path / "homeport", programs, empty=True)
    portal = Portal(new_context().new_page(), installation)

    becomes_the_first_administrator(portal)
    portal.add_okta()
    portal.allow_linux(who="The first person only", permission="Administrator")
    machine = new_machine("lab-7")
    enrols(portal, machine)
    portal.open("Users")
    portal.follow("Add User")
    portal.add_user("ada", ADA, "Ada", "Lovelace")
    signs_in(Person(new_context().new_page(), installation), machine)
    the_account_stands(machine)
    the_portal_tells(portal)

    agent = machine.keep()
    suspended_and_activated(portal, machine, agent)
    removed(portal, machine, agent)


def becomes_the_first_administrator(portal: Portal) -> None:
    link = portal.installation.admin_link()
    portal.accept_link(link, "short")
    expect(portal.page.get_by_role("alert")).to_contain_text("12")
    expect(portal.field("First name")).to_have_value("Marie")
    portal.accept_link(link, again="another password entirely")
    expect(portal.page.get_by_role("alert")).to_contain_text("The two passwords differ")
    portal.accept_link(link)
    portal.heading("Home")
    portal.page.goto(link)
    portal.heading("This link does not work")
    portal.page.goto(f"{portal.installation.server}/admin")


def enrols(portal: Portal, machine: Machine) -> None:
    key = portal.make_enrollment_key("Room 12")
    assert key.startswith("hpe1.")
    portal.shows(f"homeport-agent enroll --server {portal.installation.server} --key-file -")
    assert "enrolled" in machine.enroll(portal.installation.server, key)
    portal.open("Add a Device")
    expect(portal.row("Room 12")).to_contain_text("Used up")
    expect(portal.page.get_by_role("main")).not_to_contain_text(key)
    portal.open_device(machine.name)
    portal.shows("Nobody has an account here yet")


def signs_in(person: Person, machine: Machine) -> None:
    prompt = machine.sign_in()
    code = prompt.hears("code")
    person.page.goto(code["verification_uri_complete"])
    for seen in (machine.name, code["user_code"], "HP-", "Sign in on this machine"):
        expect(person.page.get_by_role("main")).to_contain_text(seen)
    expect(person.page.locator("dd").filter(has_text="127.0.0.1")).to_have_count(2)
    person.continues()
    person.signs_in_at_okta(ADA)
    number = person.reads_the_number()
    assert re.fullmatch(r"\d{6}", number)
    prompt.hears("number_wanted")
    prompt.types(number)
    assert prompt.hears("passcode_wanted") == {"event": "passcode_wanted", "username": "ada", "repeat": False}
    prompt.types(PASSCODE)
    assert prompt.hears("passcode_wanted")["repeat"]
    prompt.types(PASSCODE)
    bound = prompt.hears("bound")
    assert (bound["username"], bound["home"]) == ("ada", "/home/ada")
    assert prompt.program.wait() == 0
    person.heading("Continue at the machine")


def the_account_stands(machine: Machine) -> None:
    name, _, uid, gid, full_name, home, shell = machine.tool("getent", "passwd", "ada").strip().split(":")
    assert (name, full_name, home, shell) == ("ada", "Ada Lovelace", "/home/ada", "/bin/bash")
    assert uid == gid
    assert 20000 <= int(uid) < 60000
    assert machine.tool("getent", "group", "ada").startswith(f"ada:x:{gid}:")
    assert machine.groups_of("ada") == {"ada", "homeport-admins", "homeport-users"}
    assert "%homeport-admins" in (machine.root.path / "etc/sudoers.d/homeport").read_text()
    assert machine.tool("stat", "-c", "%a %U %G", "/home/ada").split() == ["700", "ada", "ada"]
    assert re.search(r"\b20\d\d$", machine.expiry_of("ada"))
    assert machine.root.shadow_line("ada").split(":")[1].startswith("$y$")
    assert machine.root.passcode_opens("ada", PASSCODE)
    assert not machine.root.passcode_opens("ada", "something else")


def the_portal_tells(portal: Portal) -> None:
    portal.open_device("lab-7")
    accounts = portal.card("Accounts").get_by_role("row").filter(has_text="ada")
    expect(accounts).to_contain_text("Administrator")
    expect(accounts).to_contain_text("Present")
    expect(accounts).not_to_contain_text("No passcode yet")
    accounts.get_by_role("link", name="ada").click()
    portal.heading("Ada Lovelace")
    expect(portal.card("Devices")).to_contain_text("lab-7")
    expect(portal.card("Identity provider")).to_contain_text("Linked")
    portal.open("Sign-ins")
    portal.follow(ADA)
    steps = [title.strip() for title in portal.page.locator(".timeline-title").all_inner_texts()]
    assert steps[0] == "Started"
    assert "Came back" in steps
    # The person's part ends with "Completed"; what the machine did with it follows.
    assert steps[steps.index("Completed") :] == [
        "Completed",
        "Number typed at the machine",
        "Order handed to the machine",
        "Account stands on the device",
    ]
    assert PASSCODE not in portal.page.content()
    assert PASSWORD not in portal.page.content()


def suspended_and_activated(portal: Portal, machine: Machine, agent) -> None:
    before = machine.expiry_of("ada")
    work = machine.work_as("ada")
    portal.open_user("ada")
    portal.follow("Suspend")
    portal.shows("1 account on a device is locked and expired, and all their processes end")
    portal.press("Yes, Suspend")
    agent.wait_for(r"Order \S+: done")
    assert work.ends()
    assert machine.expiry_of("ada") == "Jan 02, 1970"
    assert machine.root.shadow_line("ada").split(":")[1].startswith("!$y$")
    assert machine.groups_of("ada") == {"ada"}
    portal.comes_to_show(portal.card("Devices").get_by_role("row").filter(has_text="lab-7"), re.compile(r"Suspended\s*Suspended"))

    portal.follow("Activate")
    portal.press("Yes, Activate")
    portal.comes_to_show(portal.card("Devices").get_by_role("row").filter(has_text="lab-7"), re.compile(r"Present\s*Present"))
    assert machine.expiry_of("ada") == before
    assert machine.root.passcode_opens("ada", PASSCODE)
    assert machine.groups_of("ada") == {"ada", "homeport-admins", "homeport-users"}


def removed(portal: Portal, machine: Machine, agent) -> None:
    portal.open_device("lab-7")
    portal.card("Accounts").get_by_role("link", name="Remove").click()
    portal.heading("Remove ada from lab-7")
    portal.field("Lock").check()
    portal.press("Yes, Remove")
    accounts = portal.card("Accounts").get_by_role("row").filter(has_text="ada")
    portal.comes_to_show(accounts, "Ended")
    agent.wait_for(r"(Order \S+: done[\s\S]*){3}")
    assert not machine.root.passcode_opens("ada", PASSCODE)
    assert machine.expiry_of("ada") == "Jan 02, 1970"
    assert (machine.root.path / "home/ada/.profile").exists()
