from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.directory.admins.model import (
    ABOUT,
    ADMINISTRATOR,
    BILLING,
    HELP_DESK,
    MANAGER,
    MATRIX,
    READ_ONLY,
    ROLES,
    ApiKey,
    key_text,
    parse_key_text,
    parse_networks,
    password_problem,
)
from homeport.foundation.kernel.permissions import Permission

NAMES = {"email": "ada.lovelace@example.com", "firstname": "Ada", "lastname": "Lovelace"}


@given(st.text(max_size=80))
def test_accepted_password_is_12_to_64_characters_without_the_persons_names(password):
    if password_problem(password, **NAMES) == "":
        assert len(password) <= 64 * 18  # one character can stand for up to 18 after normalization
        folded = password.casefold()
        for name in ("ada.lovelace", "lovelace", "ada"):
            assert name not in folded


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80))
def test_plain_password_is_accepted_exactly_by_its_length(password):
    refused = password_problem(password, email="qqqqqqqqqqqqqqqqqqqq@example.com")
    assert (refused == "") == (12 <= len(password) <= 64) or "qqqq" in password.lower()


@given(
    st.sampled_from(["ada.lovelace", "ADA", "Lovelace", "lOvElAcE"]), st.text("xyz0", max_size=20), st.text("xyz0", max_size=20)
)
def test_password_with_a_name_in_any_case_and_place_is_refused(name, before, after):
    assert password_problem(f"{before}{name}{after}".ljust(12, "-"), **NAMES)


@pytest.mark.parametrize(("length", "accepted"), [(0, False), (11, False), (12, True), (64, True), (65, False)])
def test_length_counts_characters_not_bytes(length, accepted):
    assert (password_problem("ü" * length, **NAMES) == "") is accepted


def test_name_of_two_letters_is_not_looked_for():
    assert password_problem("always a lot of words", email="al@example.com", firstname="Al") == ""


def test_full_width_letters_do_not_hide_a_name():
    assert password_problem("\uff4c\uff4f\uff56\uff45\uff4c\uff41\uff43\uff45 and more words", **NAMES)


def test_read_only_may_read_everything_and_change_nothing_of_others():
    reads = {one for one in Permission if one.value.endswith(":read")}
    assert ROLES[READ_ONLY] == reads | {Permission.API_KEYS_OWN}
    assert ROLES[BILLING] == set(Permission)
    assert not any(one.value.endswith(":write") for one in ROLES[READ_ONLY])


def test_every_permission_has_a_line_in_the_table_and_every_role_a_sentence():
    assert set(MATRIX) == set(Permission)
    assert list(ABOUT) == list(ROLES)


def test_each_role_may_do_all_that_a_smaller_one_changes():
    order = (HELP_DESK, MANAGER, ADMINISTRATOR, BILLING)
    changes = [{one for one in ROLES[role] if not one.value.endswith(":read")} for role in order]
    assert all(small < large for small, large in pairwise(changes))


def test_an_administrator_changes_neither_providers_nor_administrators():
    assert ROLES[BILLING] - ROLES[ADMINISTRATOR] >= {Permission.IDENTITY_PROVIDERS_WRITE, Permission.ADMINISTRATORS_WRITE}


def test_help_desk_changes_no_persons_address():
    assert Permission.USERS_WRITE not in ROLES[HELP_DESK]
    assert Permission.USERS_STATE in ROLES[HELP_DESK]


@given(st.uuids(), st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True))
def test_key_text_can_be_taken_apart_again(key_id, secret):
    assert parse_key_text(key_text(str(key_id), secret)) == (str(key_id), secret)


@given(st.text(max_size=300))
def test_any_text_is_parsed_or_refused_without_an_error(text):
    parsed = parse_key_text(text)
    assert parsed is None or key_text(*parsed) == text


def a_key(clock, *networks):
    return ApiKey("k", "a", "n", "h", networks, clock.now(), clock.now())


@pytest.mark.parametrize(
    ("networks", "address", "allowed"),
    [
        ((), "", True),
        ((), "198.51.100.1", True),
        (("192.0.2.0/24",), "192.0.2.7", True),
        (("192.0.2.0/24",), "::ffff:192.0.2.7", True),
        (("192.0.2.0/24",), "192.0.3.7", False),
        (("192.0.2.0/24",), "", False),
        (("192.0.2.0/24",), "testclient", False),
        (("2001:db8::/32",), "2001:db8::1%eth0", True),
        (("2001:db8::/32", "192.0.2.7/32"), "192.0.2.7", True),
    ],
)
def test_key_works_from_its_networks_only(clock, networks, address, allowed):
    assert a_key(clock, *networks).allows(address) is allowed


def test_networks_are_read_from_one_field():
    assert parse_networks("192.0.2.7, 192.0.2.9/24\n2001:db8::1  192.0.2.7") == (
        "192.0.2.7/32",
        "192.0.2.0/24",
        "2001:db8::1/128",
    )
    with pytest.raises(ValueError, match=r"^here$"):
        parse_networks("192.0.2.7 here")
    for zoned in ("fe80::%eth0/64", "fe80::1%\ud800"):
        with pytest.raises(ValueError, match=f"^{zoned}$"):
            parse_networks(zoned)


def test_hasher_knows_right_from_wrong_and_never_accepts_for_nobody(hasher):
    made = hasher.hash("\uff41 long password")
    assert made.startswith("$argon2id$")
    assert hasher.verify(made, "a long password")
    assert not hasher.verify(made, "a long passwore")
    assert not hasher.verify("", "a long password")
    assert not hasher.verify("nonsense", "a long password")
    assert not hasher.verify(made, "\ud800")
    assert not hasher.outdated(made)
