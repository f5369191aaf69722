"""One page of a list, and how it was asked for."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


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
