"""Whoever guesses codes is slowed down, and does not lock out the honest people behind the same address."""

from homeport.foundation.kernel.reasons import ReasonCode


def look_up(house, code):
    return house.client.get("/device", params={"user_code": code}).headers.get("X-Homeport-Reason", "")


def test_guessing_is_slowed_down_and_a_right_code_still_works_for_a_colleague(any_house):
    any_house.connect()
    any_house.provision()
    authorization, _, _ = any_house.begin(any_house.device())
    guesses = [look_up(any_house, f"BBBB-BB{number:02d}") for number in range(31)]
    assert guesses[0] == ReasonCode.USER_CODE_UNKNOWN.code
    assert guesses[-1] == ReasonCode.TOO_MANY_ATTEMPTS.code
    assert not look_up(any_house, authorization.user_code)


def test_right_codes_have_an_end_too(sqlite_house):
    sqlite_house.connect()
    sqlite_house.provision()
    authorization, _, _ = sqlite_house.begin(sqlite_house.device())
    answers = [look_up(sqlite_house, authorization.user_code) for _ in range(302)]
    assert not any(answers[:300])
    assert answers[-1] == ReasonCode.TOO_MANY_ATTEMPTS.code
