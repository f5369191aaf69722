import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.directory.people.model import email_problem, name_problem, normal_email, normal_username, username_problem

LETTERS = string.ascii_lowercase + string.digits


@given(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True))
def test_every_name_of_the_written_form_is_a_user_name(name):
    assert username_problem(name) == ""


@given(st.text(max_size=80))
def test_what_passes_as_a_user_name_is_short_plain_and_the_same_in_lower_case(text):
    name = normal_username(text)
    if username_problem(name) == "":
        assert 1 <= len(name) <= 64
        assert set(name) <= set(LETTERS + "._-")
        assert name[0] in LETTERS
        assert normal_username(name.upper()) == name


@pytest.mark.parametrize("name", ["", "-ada", ".ada", "ada lovelace", "ada\n", "ädá", "ada/..", "a" * 65, "ada\x00", "ADA"])
def test_other_user_names_are_explained(name):
    assert "letters a to z" in username_problem(name)


@given(st.emails())
def test_what_passes_as_an_address_is_ascii_and_lower_case(text):
    email = normal_email(text)
    if email_problem(email) == "":
        assert email.isascii()
        assert email == email.lower()
        assert email.count("@") == 1


@pytest.mark.parametrize(
    "email", ["ada@example.com", "a.b+c@sub.example.co.uk", "o'hara@example.com", "a_b-c@xn--bcher-kva.example"]
)
def test_usual_addresses_pass(email):
    assert email_problem(email) == ""


@pytest.mark.parametrize(
    "email",
    ["", "ada", "@example.com", "ada@", "ada@localhost", "a da@example.com", "ada@@example.com", "ada@example.com\n", "ada@-x.com",
     "ada@example..com", ".ada@example.com", "ada.@example.com", "\u0430da@example.com", "ada\x00@example.com", "a" * 65 + "@example.com",
     "ada@" + "a." * 130 + "com", '"ada"@example.com', "ada@[192.0.2.1]"],
)  # fmt: skip
def test_other_addresses_are_explained(email):
    assert email_problem(email)


def test_names_hold_letters_of_all_scripts_and_no_control_characters():
    assert name_problem("Søren 李 O'Hara") == ""
    assert name_problem("") == ""
    assert name_problem("a\x00b")
    assert name_problem("a" * 256)
