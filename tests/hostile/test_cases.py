"""The table of hostile cases: each is refused with its own reason, never with a 500, and leaves nothing but the attempt behind."""

from pathlib import Path

import pytest
from tests.hostile import table_approval, table_callback, table_claims, table_device, table_identity, table_tokens
from tests.hostile.scene import Case, play

from homeport.foundation.kernel.reasons import ReasonCode

TABLES = (table_callback, table_tokens, table_claims, table_identity, table_device, table_approval)
AT_THE_PORTALS = {
    ReasonCode.PASSWORD_WRONG,
    ReasonCode.PASSWORD_NOT_SET,
    ReasonCode.PASSWORD_MANAGED_ELSEWHERE,
    ReasonCode.CODE_WRONG,
    ReasonCode.PASSKEY_WRONG,
    ReasonCode.PASSKEY_DEMANDED,
    ReasonCode.DENIED_BY_POLICY,
}
"""Reasons of sign-ins with a password, without provider or machine."""
REPOSITORY = Path(__file__).parents[2]
SHOWN_IN = ("server/tests/trust/signin", "server/tests/trust/access")
CASES: tuple[Case, ...] = tuple(case for table in TABLES for case in table.CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_with_its_own_reason(case: Case, world):
    play(case, world)


def test_every_reason_code_has_a_case():
    assert {case.reason for case in CASES} == set(ReasonCode) - AT_THE_PORTALS
    tests = "".join(path.read_text() for folder in SHOWN_IN for path in (REPOSITORY / folder).rglob("test_*.py"))
    assert [
        reason.code for reason in AT_THE_PORTALS if f'"{reason.code}"' not in tests and f"ReasonCode.{reason.name}" not in tests
    ] == []


def test_there_are_at_least_seventy_cases_and_no_two_have_the_same_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 70
