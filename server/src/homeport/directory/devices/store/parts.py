"""How many ids one statement names."""

from collections.abc import Collection, Sequence

MOST_AT_ONCE = 500
"""SQLite takes 32,766 parameters at most, and PostgreSQL plans long lists badly."""


def parts(ids: Collection[str]) -> Sequence[Sequence[str]]:
    """Return the ids in their order, without repetitions, in pieces that fit a statement."""
    ordered = sorted(set(ids))
    return [ordered[start : start + MOST_AT_ONCE] for start in range(0, len(ordered), MOST_AT_ONCE)]
