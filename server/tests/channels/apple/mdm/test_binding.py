"""When a binding counts as confirmed, and what is a mismatch."""

import pytest

from homeport.channels.apple.mdm.binding import Account, BindingState, LocalAccount, after_list, after_sign_in, state_of

ADA = Account(username="ada", full_name="Ada Lovelace")
LISTED = LocalAccount("ada", "GUID-1", secure_token=True)


def test_the_binding_is_confirmed_by_two_sightings_of_one_account_in_either_order():
    by_list = after_list(ADA, [LISTED])
    assert state_of(by_list) is BindingState.OBSERVED
    assert state_of(after_sign_in(by_list, "ada", "GUID-1")) is BindingState.CONFIRMED
    by_sign_in = after_sign_in(ADA, "ada", "GUID-1")
    assert state_of(by_sign_in) is BindingState.OBSERVED
    assert state_of(after_list(by_sign_in, [LISTED])) is BindingState.CONFIRMED


def test_an_acknowledgement_alone_confirms_nothing():
    assert state_of(ADA) is BindingState.INTENDED
    assert state_of(Account(username="ada", configured=True)) is BindingState.CONFIGURED


def test_an_account_of_another_name_is_a_mismatch_until_somebody_takes_it_as_the_persons():
    seen = after_list(ADA, [LocalAccount("eve", "GUID-2")])
    assert (state_of(seen), seen.observed) == (BindingState.MISMATCH, "eve")
    taken = after_list(Account(username="ada", accepted="eve"), [LocalAccount("eve", "GUID-2")])
    assert state_of(taken) is BindingState.OBSERVED


def test_the_name_with_another_guid_is_another_account_and_not_confirmed_by_the_old_sighting():
    confirmed = after_list(after_sign_in(ADA, "ada", "GUID-1"), [LISTED])
    anew = after_list(confirmed, [LocalAccount("ada", "GUID-9")])
    assert state_of(anew) is BindingState.OBSERVED
    swapped = after_sign_in(confirmed, "ada", "GUID-9")
    assert state_of(swapped) is BindingState.OBSERVED


@pytest.mark.parametrize("name", ["itadmin", "_mbsetupuser", ""])
def test_the_managed_administrator_and_accounts_of_the_system_are_nobodys(name):
    seen = after_list(ADA, [LocalAccount(name, "GUID-3")], but="itadmin")
    assert state_of(seen) is BindingState.INTENDED
    assert after_sign_in(ADA, "itadmin", "GUID-3", but="itadmin") == ADA


def test_a_second_account_beside_the_persons_is_named_and_no_mismatch():
    seen = after_sign_in(after_list(ADA, [LISTED, LocalAccount("guestling")]), "guestling", "GUID-4")
    assert (seen.observed, seen.others) == ("ada", ("guestling",))


def test_an_account_that_vanished_is_no_longer_observed():
    assert state_of(after_list(after_list(ADA, [LISTED]), [])) is BindingState.INTENDED


def test_what_was_seen_survives_the_database():
    seen = after_list(ADA, [LISTED, LocalAccount("guestling")])
    assert Account.from_json(seen.as_json()) == seen
    assert Account.from_json({}) == Account()
