"""Every page of the admin portal and of a sign-in: wide and narrow, light and dark, by keyboard, without script, without a fault."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.journeys.access import (
    ASKED,
    can_be_used_by_keyboard,
    colours_have_no_fault,
    faults_of,
    has_no_fault,
    pages_from,
)
from tests.journeys.alike import LEFT_OUT
from tests.journeys.approval import Person
from tests.journeys.installation import Installation
from tests.journeys.looks import looks_right
from tests.journeys.portal import Portal
from tests.journeys.user_portal import UserPortal

from homeport.bootstrap.home import Home
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.listing import Listing
from homeport.settings import Settings
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action, Every, InList, Managed, Mode, Not
from homeport.trust.access.model import Portal as AccessPortal

MOST_KILOBYTES = 100
ADMIN = system("journeys")
SCRIPTLESS = """() => ({
    headings: [...document.querySelectorAll("h1")].filter(one => one.checkVisibility({visibilityProperty: true})).length,
    dead: [...document.querySelectorAll("main :is(button, input, [role=button])")].filter(one =>
        (one.localName !== "input" || ["button", "submit", "reset", "image", "file"].includes(one.type))
        && one.checkVisibility({visibilityProperty: true}) && !((one.type === "submit" || one.type === "file") && one.form))
        .map(one => one.outerHTML.slice(0, 100)),
})"""
"""Whether a page says where one is, and of its buttons those that are shown and send no form. In one question that needs nothing of
Playwright's own script, which is larger than a page."""
ROWS = """many => {
    const list = document.querySelector("main").appendChild(Object.assign(document.createElement("ul"), {className: "alike"}));
    for (let one = 0; one < many; one++) list.insertAdjacentHTML("beforeend", `<li><a href="#${one}">Row ${one}</a></li>`);
}"""
STYLED = """style => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.adoptedStyleSheets.push(sheet);
}"""
"""The page's own policy forbids a style element."""


@pytest.fixture
def portal_with_data(portal, person, machine, _kept) -> Portal:
    """A portal with something of everything: groups, a person with an account on a machine, somebody who was refused."""
    if _kept.filled:
        return portal
    _kept.filled = True
    _make_groups(portal.installation)
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


@pytest.fixture
def user_portal(portal_with_data, new_context) -> UserPortal:
    """Ada in the user portal; her password was set by a link from her page in the admin portal."""
    mine = UserPortal(new_context().new_page(), portal_with_data.installation)
    mine.page.goto(mine.link_from(portal_with_data, "ada"))
    mine.chooses_a_password()
    return mine


def _make_groups(installation: Installation) -> None:
    """Put everybody into a user group and every device into a device group, as `homeport`'s own commands open the data."""
    home = Home(Settings.read({}, data=installation.folder, public_url=installation.server))
    with home.work.write() as actions:
        if not actions.user_groups.list(ADMIN, Listing()).total:
            people = [one.id for one in actions.people.list(ADMIN, Listing()).items]
            actions.user_groups.add_members(ADMIN, actions.user_groups.create(ADMIN, name="Engineering").id, people)
            devices = [one.id for one in actions.devices.list(ADMIN, Listing()).items]
            actions.device_groups.join(ADMIN, actions.device_groups.create(ADMIN, "Lab").id, devices)
            office = actions.ip_lists.create(ADMIN, name="Office", networks=["192.0.2.0/24", "2001:db8::/32"])
            for access in AccessPortal:
                conditions = Every((Not(InList((office.id,))), Not(Managed())))
                watched = Wanted(f"Watch the {access.value}", Action.DENY, Mode.MONITOR, conditions=conditions)
                actions.access_policies.create(ADMIN, access, watched)
    home.parts.database.dispose()


def test_every_page_of_the_portal_fits_can_be_read_and_used_by_everybody(portal_with_data):
    addresses, wrong = _look_at_all_from(portal_with_data.page, f"{portal_with_data.installation.server}/admin", "nothing-here")
    assert len(addresses) > 30, addresses
    assert not wrong, "\n".join(wrong)


def test_every_page_of_the_user_portal_fits_can_be_read_and_used_by_everybody(user_portal):
    server = user_portal.installation.server
    addresses, wrong = _look_at_all_from(user_portal.page, f"{server}/user", "nothing-here", "confirm")
    assert {address.removeprefix(server) for address in addresses} >= {
        *("/user", "/user/devices", "/user/sign-ins", "/user/security", "/user/details"),
        *("/user/security/password", "/user/security/second-factor"),
    }
    assert not wrong, "\n".join(wrong)


def _look_at_all_from(page: Page, start: str, *more: str) -> tuple[list[str], list[str]]:
    """Look at every page that links lead to, and at those below the start that none does: their addresses, and what is wrong."""
    addresses, wrong = [], []
    asked = {**ASKED, "wide, light": (colours_have_no_fault, can_be_used_by_keyboard)}

    def look_at(page: Page) -> None:
        addresses.append(page.url)
        wrong.extend(faults_of(page, asked))

    for shown in pages_from(page.context, start):
        look_at(shown)
    for name in more:
        page.goto(f"{start}/{name}")
        look_at(page)
    return addresses, wrong


def test_the_user_portal_works_without_script(user_portal, new_context):
    """A person signs in, changes a detail, looks at everything, and signs out, with no script at all."""
    context = new_context(java_script_enabled=False)
    without = UserPortal(context.new_page(), user_portal.installation)
    without.sign_in("ada")
    page = without.page
    for name in ("My Devices", "My Sign-ins", "Security", "My Details"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_label("Location").fill("London")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("Saved")
    page.locator(".shell-account > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_every_page_of_the_portal_works_without_script(portal_with_data, new_context):
    portal = portal_with_data
    context = new_context(java_script_enabled=False, storage_state=portal.page.context.storage_state())
    addresses = []
    for page in pages_from(context, f"{portal.installation.server}/admin", most_alike=1):
        addresses.append(page.url)
        seen = page.evaluate(SCRIPTLESS)
        assert seen["headings"] == 1, f"{page.url}: {seen['headings']} headings of the first level"
        assert not seen["dead"], f"{page.url}: {seen['dead']} do nothing without script"
    assert len(addresses) > 30, addresses


def test_first_visit_is_small(installation, new_context):
    for path in ("/signin", "/admin/link/unknown", "/device", "/api/reference", "/user/signin", "/user/link/unknown"):
        context = new_context()
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        sizes: list[float] = []
        session.on("Network.loadingFinished", lambda told, sizes=sizes: sizes.append(told["encodedDataLength"]))
        page.goto(f"{installation.server}{path}", wait_until="networkidle")
        print(f"{path}: {sum(sizes) / 1000:.1f} kB in {len(sizes)} answers")
        assert 0 < sum(sizes) < MOST_KILOBYTES * 1000, path


def test_a_text_too_faint_to_read_and_a_page_too_wide_are_found(portal):
    page = portal.page
    page.evaluate("document.querySelector('h1').style.color = getComputedStyle(document.body).backgroundColor")
    with pytest.raises(AssertionError, match="H1"):
        looks_right(page, "as it is")
    page.reload()
    page.evaluate("document.querySelector('h1').style.width = '5000px'")
    with pytest.raises(AssertionError, match="H1"):
        looks_right(page, "as it is")


def test_a_fault_that_shows_in_one_look_only_is_found(portal):
    page = portal.page
    for style, fault in (
        (
            "@media (max-width: 400px) and (prefers-color-scheme: light) { main h1 { width: 5000px } }",
            r"\(narrow, light\): \['H1",
        ),
        ("@media (max-width: 400px) and (prefers-color-scheme: dark) { main h1 { color: #000 } }", r"\(narrow, dark\): \['H1"),
        (
            "@media (min-width: 401px) and (prefers-color-scheme: dark) { main h1 { display: none } }",
            r"\(wide, dark\): 0 headings",
        ),
        ("@media (min-width: 1900px) { main h1 { width: 5000px } }", r"\(wide, light\): \['H1"),
        ("@media (prefers-color-scheme: light) { main h1 { color: #777; background: #888 } }", "color-contrast"),
        ("@media (prefers-color-scheme: dark) { main h1 { color: #777; background: #888 } }", "color-contrast"),
    ):
        page.reload()
        page.evaluate(STYLED, style)
        assert any(re.search(fault, one) for one in faults_of(page)), style


def test_a_button_that_does_nothing_without_script_is_found(portal, new_context):
    page = new_context(java_script_enabled=False, storage_state=portal.page.context.storage_state()).new_page()
    page.goto(f"{portal.installation.server}/admin/users/add")
    assert page.evaluate(SCRIPTLESS) == {"headings": 1, "dead": []}
    page.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('button'), {textContent: 'Nothing'}))"
    )
    assert page.evaluate(SCRIPTLESS)["dead"] == ["<button>Nothing</button>"]


def test_a_page_that_axe_or_somebody_without_a_mouse_would_complain_of_is_found(portal):
    page = portal.page
    page.evaluate("document.querySelector('main').append(Object.assign(document.createElement('input'), {name: 'nameless'}))")
    with pytest.raises(AssertionError, match="label"):
        has_no_fault(page)
    page.reload()
    page.evaluate("document.querySelector('h1').style.cssText = 'color: #777; background: #888'")
    with pytest.raises(AssertionError, match="color-contrast"):
        has_no_fault(page, colours=True)
    page.reload()
    page.evaluate("document.querySelectorAll('main a').forEach(one => one.style.cssText = 'outline: none; box-shadow: none')")
    with pytest.raises(AssertionError, match="the focus cannot be seen on"):
        can_be_used_by_keyboard(page)
    page.reload()
    page.evaluate("document.addEventListener('focusin', () => document.querySelector('a').focus())")
    with pytest.raises(AssertionError, match="Tab reaches 1 of"):
        can_be_used_by_keyboard(page)


def test_a_fault_in_one_of_many_alike_is_found(portal):
    """What is left out of a list is built like the rest of it."""
    page = portal.page
    for change, fault in (
        ("row => row.append(Object.assign(document.createElement('input'), {name: 'nameless'}))", "label"),
        ("row => row.id = 'content'", "twice on the page: id content"),
    ):
        page.reload()
        page.evaluate(ROWS, 9)
        page.evaluate(LEFT_OUT)
        assert page.locator(".alike li").count() == 3, "the first two and the last"
        page.reload()
        page.evaluate(ROWS, 9)
        page.evaluate(f"({change})(document.querySelectorAll('.alike li')[4])")
        with pytest.raises(AssertionError, match=fault):
            has_no_fault(page)
        assert page.locator(".alike li").count() == 9, "what is left out is put back"
    page.reload()
    page.evaluate(ROWS, 9)
    page.evaluate("document.querySelectorAll('.alike a')[4].style.cssText = 'outline: none; box-shadow: none'")
    with pytest.raises(AssertionError, match="the focus cannot be seen on"):
        can_be_used_by_keyboard(page)


def test_every_page_of_a_sign_in_fits_and_can_be_read(installation, machine, new_context):
    wrong = []

    def look_at(page: Page) -> None:
        wrong.extend(faults_of(page, {**ASKED, "narrow, light": (has_no_fault,), "narrow, dark": (colours_have_no_fault,)}))

    person = Person(new_context().new_page(), installation)
    for path in ("/signin", "/user/signin", "/user/link/unknown"):
        person.page.goto(f"{installation.server}{path}")
        look_at(person.page)
    person.types_the_code("WDJB-MJHT")
    look_at(person.page)
    prompt = machine.sign_in()
    person.types_the_code(prompt.hears("code")["user_code"])
    person.heading("Is this the machine in front of you?")
    look_at(person.page)
    person.continues()
    person.signs_in_at_okta("grace.hopper@acme.example")
    prompt.hears("number_wanted")
    number = person.reads_the_number()
    look_at(person.page)
    prompt.types(number)
    prompt.hears("passcode_wanted")
    person.heading("Continue at the machine")
    look_at(person.page)
    person.page.goto(f"{installation.server}/admin/link/unknown")
    person.heading("This link does not work")
    look_at(person.page)
    assert not wrong, "\n".join(wrong)


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
