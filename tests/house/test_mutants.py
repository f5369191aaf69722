"""`make mutate` removes exactly one check at a time."""

import ast

from tools.mutate.checks import mutants

SOURCE = """
FORBIDDEN = ("crit", "jwk")

def judge(token, seen):
    if len(token) > 9 or not token:
        raise ValueError(f"{token or 'none'} is no token")
    check_age(token)
    return 1 <= seen <= 5
"""


def names() -> list[str]:
    return [mutant.name for mutant in mutants(SOURCE)]


def test_every_check_is_removed_once():
    assert sorted(names()) == sorted(
        [
            "module: without `'crit' in FORBIDDEN`",
            "module: without `'jwk' in FORBIDDEN`",
            "judge: without `len(token) > 9 or not token`",
            "judge: without `len(token) > 9 in len(token) > 9 or not token`",
            "judge: without `not token in len(token) > 9 or not token`",
            "judge: without `check_age(token)`",
            "judge: without `1 <= seen in 1 <= seen <= 5`",
            "judge: without `seen <= 5 in 1 <= seen <= 5`",
        ]
    )


def test_a_mutant_differs_in_its_check_only():
    whole = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in mutants(SOURCE):
        changed = [new for new, old in zip(mutant.source.splitlines(), whole, strict=True) if new != old]
        assert len(changed) == 1, mutant.name


def test_the_mutants_say_what_they_are():
    sources = {mutant.name: mutant.source for mutant in mutants(SOURCE)}
    assert "if False:" in sources["judge: without `len(token) > 9 or not token`"]
    assert "if not token:" in sources["judge: without `len(token) > 9 in len(token) > 9 or not token`"]
    assert "FORBIDDEN = ('jwk',)" in sources["module: without `'crit' in FORBIDDEN`"]
    assert "return seen <= 5" in sources["judge: without `1 <= seen in 1 <= seen <= 5`"]


def test_equal_checks_of_one_function_have_names_of_their_own():
    twice = "def judge(a):\n    if a:\n        raise ValueError\n    if a:\n        raise TypeError\n"
    assert [mutant.name for mutant in mutants(twice)] == ["judge: without `a`", "judge: without `a` (2)"]
