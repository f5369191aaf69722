"""Every page of the admin portal and of a sign-in: wide and narrow, light and dark, by keyboard, without a fault."""

import pytest
from playwright.sync_api import Page, expect
from tests.journeys.approval import Person
from tests.journeys.looks import LOOKS, looks_right, looks_right_everywhere
from tests.journeys.portal import Portal

LISTS = ("Users", "Devices", "Device Groups", "Identity Providers", "Sign-ins", "Administrators")
ACTS = (
    "Limits and assignments",
    "Limits, assignments, and who that is now",
    "Suspend",
    "Delete User",
    "Delete Device",
    "Delete Device Group",
    "Delete IdP",
    "Configure",
    "Remove",
)


@pytest.fixture
def portal_with_data(portal, person, machine) -> Portal:
    """A portal in which somebody has an account on a machine and somebody else was refused."""
    okta = portal.installation.okta
    for login in ("ada.lovelace@acme.example", "nobody.known@acme.example"):
        if login.startswith("nobody"):
            okta.control("POST", "/users", {"login": login, "password": okta.password})
            okta.sign_everyone_out()
        prompt = machine.sign_in()
        person.page.goto(prompt.hears("code")["verification_uri_complete"])
        person.continues()
        person.signs_in_at_okta(login)
        if login.startswith("ada"):
            prompt.hears("number_wanted")
            prompt.types(person.reads_the_number())
            for _ in range(2):
                prompt.hears("passcode_wanted")
                prompt.types("lamp-otter-42-quiet")
            prompt.hears("bound")
        else:
            person.is_refused("You were not signed in")
    return portal


def test_every_page_of_the_portal_fits_and_can_be_read(portal_with_data):
    portal, page = portal_with_data, portal_with_data.page
    addresses = addresses_of(portal)
    assert len(addresses) > 20, addresses
    for address in [*addresses, f"{portal.installation.server}/admin/nothing-here"]:
        answer = page.goto(address)
        assert answer.ok or "nothing-here" in address, f"{address} answered {answer.status}"
        looks_right_everywhere(page)


def addresses_of(portal: Portal) -> list[str]:
    """Every page that the menu, the lists and the acts on an object lead to."""
    menu = portal.page.get_by_role("navigation", name="Main").get_by_role("link")
    found = dict.fromkeys(link.evaluate("a => a.href") for link in menu.all())
    for entry in LISTS:
        portal.open(entry)
        rows = portal.page.get_by_role("main").get_by_role("table").get_by_role("row")
        links = [row.get_by_role("link").first.evaluate("a => a.href") for row in rows.all()[1:4]]
        adding = portal.page.get_by_role("main").locator("a.btn-primary")
        found.update(dict.fromkeys([*links, *(link.evaluate("a => a.href") for link in adding.all())]))
        for address in links:
            portal.page.goto(address)
            for act in ACTS:
                for link in portal.page.get_by_role("main").get_by_role("link", name=act, exact=True).all():
                    found[link.evaluate("a => a.href")] = None
    return list(found)


def test_a_text_too_faint_to_read_and_a_page_too_wide_are_found(portal):
    page = portal.page
    page.evaluate("document.querySelector('h1').style.color = getComputedStyle(document.body).backgroundColor")
    with pytest.raises(AssertionError, match="H1"):
        looks_right(page, "as it is")
    page.reload()
    page.evaluate("document.querySelector('h1').style.width = '5000px'")
    with pytest.raises(AssertionError, match="H1"):
        looks_right(page, "as it is")


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_of_a_sign_in_fits_and_can_be_read(installation, machine, new_context, look):
    person = Person(new_context(**LOOKS[look]).new_page(), installation)
    person.page.goto(f"{installation.server}/signin")
    looks_right(person.page, look)
    person.types_the_code("WDJB-MJHT")
    looks_right(person.page, look)
    prompt = machine.sign_in()
    person.types_the_code(prompt.hears("code")["user_code"])
    person.heading("Is this the machine in front of you?")
    looks_right(person.page, look)
    person.continues()
    person.signs_in_at_okta("grace.hopper@acme.example")
    prompt.hears("number_wanted")
    number = person.reads_the_number()
    looks_right(person.page, look)
    prompt.types(number)
    prompt.hears("passcode_wanted")
    person.heading("Continue at the machine")
    looks_right(person.page, look)
    person.page.goto(f"{installation.server}/admin/link/unknown")
    person.heading("This link does not work")
    looks_right(person.page, look)


def test_a_user_is_added_with_the_keyboard_alone(portal):
    page, keys = portal.page, portal.page.keyboard
    page.goto(f"{portal.installation.server}/admin")
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Users", exact=True))
    keys.press("Enter")
    portal.heading("Users")
    keys.press("Tab")
    keys.press("Enter")  # skip the menu
    tab_to(page, page.get_by_role("link", name="Add User"))
    keys.press("Enter")
    portal.heading("Add User")
    for label, typed in (("First name", "Mary"), ("Last name", "Jackson"), ("E-mail address", ""), ("User name", "mary")):
        tab_to(page, portal.field(label))
        keys.type(typed)
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")  # from the summary to the field that is wrong
    expect(portal.field("E-mail address")).to_be_focused()
    keys.type("mary.jackson@acme.example")
    keys.press("Enter")
    portal.heading("Mary Jackson")
    tab_to(page, page.get_by_role("link", name="Suspend"))
    keys.press("Enter")
    portal.heading("Suspend Mary Jackson")
    tab_to(page, page.get_by_role("button", name="Yes, Suspend"))
    keys.press("Space")
    portal.heading("Mary Jackson")
    portal.shows("Suspended")


def tab_to(page: Page, target) -> None:
    """Press Tab until the target has the focus, and see that the focus is visible wherever it stops."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focus = page.evaluate("""() => {
            const style = getComputedStyle(document.activeElement);
            return [style.outlineStyle !== "none" || style.boxShadow !== "none", document.activeElement.outerHTML.slice(0, 80)];
        }""")
        assert focus[0], f"the focus cannot be seen on {focus[1]}"
        if target.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {target}")
