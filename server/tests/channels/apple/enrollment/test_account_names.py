"""Which local account a person gets on a Mac."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.channels.apple.enrollment.model import RESERVED, account_name


@pytest.mark.parametrize(
    ("username", "name"),
    [
        ("ada", "ada"),
        ("Ada.Lovelace", "ada-lovelace"),
        ("ada@acme.example", "ada-acme-example"),
        ("2fast", "u2fast"),
        ("root", "root-1"),
        ("guest", "guest-1"),
        ("_spotlight", "spotlight"),
        ("homeport-admin", "homeport-admin-1"),
        ("ø", "user"),
        ("a" * 60, "a" * 31),
    ],
)
def test_a_directory_name_becomes_a_name_that_macos_takes(username, name):
    assert account_name(username, "homeport-admin") == name


@given(st.text(max_size=80))
def test_whatever_the_directory_holds_the_name_can_be_made_and_is_nobody_elses(username):
    name = account_name(username, "homeport-admin")
    assert re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name)
    assert name not in RESERVED
    assert name != "homeport-admin"
    assert account_name(username, "homeport-admin") == name
