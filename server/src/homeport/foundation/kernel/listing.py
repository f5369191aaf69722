"""One page of a list, and how it was asked for."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from homeport.foundation.kernel.errors import Invalid

T = TypeVar("T")
MOST_WORDS, MOST_FILTERS, MOST_SORTS, MOST_VALUES = 50, 100, 10, 10_000
"""How much one list can be asked for at once: SQLite nests no expression deeper than 1,000, and each word and filter is a level.
PostgreSQL takes 65,535 values in one statement."""
LONGEST_SOUGHT = 1000
"""Characters of a word, or of a filter's value, that are looked for within a text."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`field` compared with `value`; `operator` is one of eq, ne, contains, startsWith, gt, gte, lt, lte, in."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is asked for: free text, filters, sort fields (`-` in front for descending), and a window."""

    text: str = ""
    filters: tuple[Filter, ...] = ()
    sort: tuple[str, ...] = ()
    skip: int = 0
    limit: int = 50


def words_of(text: str) -> list[str]:
    """Return the words of a free text that must all occur; raise Invalid for too many, or for one that is too long."""
    words = text.replace("\x00", "").split()
    if len(words) > MOST_WORDS:
        raise Invalid(f"The search has {len(words):,} words; at most {MOST_WORDS} can be looked for at once. Leave some out.")
    for word in words:
        require_short(word)
    return words


def require_short(sought: str) -> None:
    """Raise Invalid for what is too long to be looked for within a text."""
    if len(sought) > LONGEST_SOUGHT:
        raise Invalid(
            f"“{sought[:20]}…” has {len(sought):,} characters; at most {LONGEST_SOUGHT:,} can be looked for. Shorten it."
        )


def require_few(filters: int, sorts: int = 0) -> None:
    """Raise Invalid for too many filters, or too many fields to sort by."""
    if filters > MOST_FILTERS:
        raise Invalid(
            f"There are {filters:,} filters; a list takes at most {MOST_FILTERS} at once. Leave some out, or put the values of one "
            "field into one filter with “in”."
        )
    if sorts > MOST_SORTS:
        raise Invalid(f"There are {sorts:,} fields to sort by; a list takes at most {MOST_SORTS}. Leave some out.")


def require_few_values(values: int) -> None:
    """Raise Invalid for too many values of one filter."""
    if values > MOST_VALUES:
        raise Invalid(f"One filter has {values:,} values; at most {MOST_VALUES:,} can be given. Ask in several parts.")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A window of a list and the number of all rows that match."""

    items: Sequence[T] = field(default_factory=tuple)
    total: int = 0


@dataclass(frozen=True, slots=True)
class Window(Generic[T]):
    """A window of a long list, newest first, found by its neighbour instead of by counting rows.

    `older` and `newer` are the cursors of the neighbouring windows, empty where there is none. `total` is None when it was not counted;
    `more` tells that there are more than `total`.
    """

    items: Sequence[T] = field(default_factory=tuple)
    total: int | None = None
    more: bool = False
    older: str = ""
    newer: str = ""


def folded(text: str) -> str:
    """Return the text as it is looked for: without difference of case and of a letter's forms (Unicode NFKC, then case folding)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
