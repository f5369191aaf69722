import pytest

from homeport_agent.qr import draw, drawable


def test_dark_modules_are_left_dark_and_a_light_frame_is_round_them():
    assert draw(["10", "01"]) == ["██████", "██▄▀██", "██████"]


def test_an_odd_number_of_rows_fits_too():
    lines = draw(["111", "101", "111"])
    assert {len(line) for line in lines} == {7}
    assert len(lines) == 4


@pytest.mark.parametrize("rows", [None, [], "10", ["1"] * 2, ["12", "11"], [1, 2], ["1" * 90] * 90])
def test_what_is_no_code_or_too_wide_is_not_drawn(rows):
    assert not drawable(rows, widest=80)
