"""A second person on a machine: the code typed by hand, with and without script, and the number."""

import pytest
from playwright.sync_api import expect
from tests.journeys.approval import Person

GRACE, ALAN = "grace.hopper@acme.example", "alan.turing@acme.example"
PASSCODE = "lamp-otter-42-quiet"


@pytest.fixture
def plain_person(installation, new_context) -> Person:
    """Somebody whose browser runs no script, on a phone's narrow screen."""
    context = new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    return Person(context.new_page(), installation)


def test_second_person_types_the_code_in_small_letters_without_its_hyphen(person, machine):
    prompt = machine.sign_in()
    person.types_the_code(prompt.hears("code")["user_code"].replace("-", "").lower())
    person.continues()
    person.signs_in_at_okta(GRACE)
    prompt.hears("number_wanted")
    prompt.types("000000" if person.reads_the_number() != "000000" else "111111")
    assert prompt.hears("number_wrong")["attempts_left"] == 4
    prompt.hears("number_wanted")
    prompt.types(person.reads_the_number())
    prompt.hears("passcode_wanted")
    prompt.types(PASSCODE)
    prompt.hears("passcode_wanted")
    prompt.types("another one")
    assert "differ" in prompt.hears("passcode_refused")["message"]
    for _ in range(2):
        prompt.hears("passcode_wanted")
        prompt.types(PASSCODE)
    assert prompt.hears("bound")["username"] == "grace"
    assert machine.groups_of("grace") == {"grace", "homeport-users"}
    assert machine.root.passcode_opens("grace", PASSCODE)


def test_a_person_without_script_gets_an_account(plain_person, machine):
    prompt = machine.sign_in()
    plain_person.types_the_code(prompt.hears("code")["user_code"])
    plain_person.continues()
    plain_person.signs_in_at_okta(ALAN)
    prompt.hears("number_wanted")
    prompt.types(plain_person.reads_the_number())
    for _ in range(2):
        prompt.hears("passcode_wanted")
        prompt.types(PASSCODE)
    assert prompt.hears("bound")["username"] == "alan"
    expect(plain_person.page.get_by_role("heading", level=1)).to_have_text("Continue at the machine")
    assert machine.tool("getent", "passwd", "alan").startswith("alan:x:")


def test_opening_the_address_alone_approves_nothing(person, machine):
    prompt = machine.sign_in()
    address = prompt.hears("code")["verification_uri_complete"]
    for _ in range(3):
        person.page.goto(address)
    person.heading("Is this the machine in front of you?")
    prompt.program.end_input()
    assert prompt.program.running
    assert "number_wanted" not in prompt.program.output


def test_nobody_else_can_open_the_page_with_the_number(person, machine, new_context):
    prompt = machine.sign_in()
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.continues()
    person.signs_in_at_okta(GRACE)
    person.reads_the_number()
    other = Person(new_context().new_page(), person.installation)
    other.page.goto(person.page.url)
    other.heading("This machine was not approved")
    expect(other.page.get_by_role("main")).to_contain_text("started in another browser")
    expect(other.page.locator("#verification-number")).to_have_count(0)


@pytest.mark.parametrize(("typed", "said"), [("WDJB-MJHT", "not known"), ("", "Code"), ("<b>x</b>", "not known")])
def test_a_wrong_code_is_explained_beside_the_field(person, typed, said):
    person.types_the_code(typed)
    expect(person.page.get_by_role("main")).to_contain_text(said)
    person.heading("Connect a machine")
