"""A list whose whole state stands in the page's address: search, filters, order, page. So a link shows what the sender saw."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request

from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import MOST_FILTERS, Page

T = TypeVar("T")
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """A field by which a list can be narrowed; ``options`` are (value, label), and none means any text is a value."""

    field: str
    label: str
    options: tuple[tuple[str, str], ...] = ()

    def label_of(self, value: str) -> str:
        """Return the words for a value."""
        return dict(self.options).get(value, value)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on: its words and the address without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A value a filter offers: its words, the address with it put on or off, and whether it is on."""

    label: str
    address: str
    on: bool


@dataclass(frozen=True, slots=True)
class ListState:
    """What the reader asked a list to show.

    ``text`` is the search without its ``field:value`` words, which become ``chosen``. ``sort`` is one of ``sorts``;
    ``page`` counts from 1. ``problem`` is the sentence under the search when it cannot be answered.
    """

    path: str
    text: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int = PAGE_SIZE
    filters: tuple[Filter, ...] = ()
    sorts: tuple[str, ...] = ()
    default_sort: str = field(default="", repr=False)
    problem: str = ""

    @classmethod
    def of(
        cls,
        request: Request,
        *,
        filters: Sequence[Filter] = (),
        sorts: Sequence[str] = (),
        default_sort: str = "",
        size: int = PAGE_SIZE,
    ) -> Self:
        """Read the state from a request's address; a default that begins with ``-`` sorts downwards. Unknown words are ignored."""
        return cls.parse(
            request.url.path, request.query_params, filters=filters, sorts=sorts, default_sort=default_sort, size=size
        )

    @classmethod
    def parse(
        cls,
        path: str,
        query: QueryParams,
        *,
        filters: Sequence[Filter] = (),
        sorts: Sequence[str] = (),
        default_sort: str = "",
        size: int = PAGE_SIZE,
    ) -> Self:
        """Read the state from a path and its query parameters ``q``, ``sort``, ``page`` and one per filter."""
        known = {one.field: one for one in filters}
        words = []
        chosen = [(name, value) for name, value in query.multi_items() if name in known and value]
        for word in _words(query.get("q", "")):
            name, colon, value = word.partition(":")
            if colon and name in known and value:
                chosen.append((name, _value_of(known[name], value)))
            else:
                words.append(word)
        asked = query.get("sort", "")
        sort = asked if asked.removeprefix("-") in sorts else default_sort
        number = query.get("page", "1")
        return cls(
            path=path,
            text=" ".join(words),
            chosen=tuple(dict.fromkeys(chosen)),
            sort=sort.removeprefix("-"),
            descending=sort.startswith("-"),
            page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 8 else 1,  # noqa: PLR2004 (ten million pages)
            size=size,
            filters=tuple(filters),
            sorts=tuple(sorts),
            default_sort=default_sort,
        )

    def searched(self, search: Callable[[], Page[T]]) -> tuple[Self, Page[T]]:
        """Return this state and what the search found; of one that cannot be answered, the problem and no rows."""
        try:
            return self, search()
        except Invalid as error:
            return replace(self, problem=error.detail), Page()

    @property
    def status(self) -> int:
        """Return the HTTP status of the page."""
        return 400 if self.problem else 200

    @property
    def offset(self) -> int:
        """Return how many rows come before this page."""
        return (self.page - 1) * self.size

    @property
    def narrowed(self) -> bool:
        """Tell whether a search or a filter hides rows."""
        return bool(self.text or self.chosen)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values that a filter is set to."""
        return tuple(value for field_name, value in self.chosen if field_name == name)

    @property
    def address(self) -> str:
        """Return the address of this state; what equals the default is left out of it."""
        pairs = [("q", self.text)] if self.text else []
        pairs.extend(self.chosen)
        order = f"-{self.sort}" if self.descending else self.sort
        if order != self.default_sort:
            pairs.append(("sort", order))
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    @property
    def cleared(self) -> str:
        """Return the address without search and filters."""
        return replace(self, text="", chosen=(), page=1).address

    def at_page(self, page: int) -> str:
        """Return the address of another page of the same list."""
        return replace(self, page=page).address

    def sorted_by(self, name: str) -> str:
        """Return the address sorted by a column; the column that sorts already turns round."""
        return replace(self, sort=name, descending=name == self.sort and not self.descending, page=1).address

    @property
    def chips(self) -> tuple[Chip, ...]:
        """Return the filters that are on, each with the address that takes it off; of more than a list takes, only the first."""
        known = {one.field: one for one in self.filters}
        return tuple(
            Chip(
                label=known[name].label,
                value=known[name].label_of(value),
                without=replace(self, chosen=tuple(pair for pair in self.chosen if pair != (name, value)), page=1).address,
            )
            for name, value in self.chosen[:MOST_FILTERS]  # each has an address of all the others
        )

    def choices(self, one: Filter) -> tuple[Choice, ...]:
        """Return what a filter offers."""
        found = []
        for value, label in one.options:
            pair = (one.field, value)
            on = pair in self.chosen
            chosen = tuple(other for other in self.chosen if other != pair) if on else (*self.chosen, pair)
            found.append(Choice(label=label, address=replace(self, chosen=chosen, page=1).address, on=on))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Pager:
    """Which rows of how many a page shows."""

    total: int
    page: int = 1
    size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        """Return how many pages there are, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Return the number of the first row shown, counted from 1; 0 when there is none."""
        start = (self.page - 1) * self.size + 1
        return start if start <= self.total else 0

    @property
    def last(self) -> int:
        """Return the number of the last row shown; 0 when there is none."""
        return min(self.page * self.size, self.total) if self.first else 0


def _words(text: str) -> list[str]:
    """Split at spaces; quotation marks hold a value together: ``state:"waits for approval"``."""
    return [word.replace('"', "") for word in re.findall(r'(?:"[^"]*"|\S)+', text)]


def _value_of(one: Filter, typed: str) -> str:
    for value, label in one.options:
        if typed.casefold() in {value.casefold(), label.casefold()}:
            return value
    return typed
