"""Turns a `Listing` into SQL that means the same on SQLite and PostgreSQL."""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Boolean, ColumnElement, Connection, Integer, Select, String, func, or_, select

from homeport.foundation.database.columns import UtcDateTime
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import (
    Filter,
    Listing,
    Page,
    Window,
    folded,
    require_few,
    require_few_values,
    require_short,
    words_of,
)

T = TypeVar("T")
Like = Callable[[ColumnElement[Any], str], ColumnElement[bool]]
LARGEST = 2**31 - 1
_TRUE_FALSE = {"true": True, "false": False}


def fetch_page(
    connection: Connection,
    query: Select[Any],
    listing: Listing,
    *,
    fields: Mapping[str, ColumnElement[Any]],
    texts: Sequence[ColumnElement[str]] = (),
    search_key: ColumnElement[str] | None = None,
    order: Sequence[ColumnElement[Any]],
    make: Callable[[Any], T],
    sorts: Mapping[str, ColumnElement[Any]] | None = None,
) -> Page[T]:
    """Return the window of `query` that the listing asks for, and how many rows match.

    `fields` are the names that filters and sorting may use, `sorts` what a name sorts by where that is something else, such as a
    name without its case; `texts` where free text is looked for, `order` what sorts when the listing does not say and what
    decides ties: its last column must be unique. A long list keeps all its text once more, folded by `kernel.listing.folded`, in
    one `search_key`, which is several times faster than looking into each column. Raises Invalid for an unknown field or operator, and for
    more words, filters or fields than one list takes.
    """
    like = _like_of(connection)
    narrowed = query.where(*_conditions(listing, fields, texts, like))
    if search_key is not None:
        place = func.instr if connection.dialect.name == "sqlite" else func.strpos
        narrowed = narrowed.where(*(place(search_key, word) > 0 for word in words_of(folded(listing.text))))
    chosen = [_sorting(name, {**fields, **(sorts or {})}) for name in listing.sort]
    total = connection.execute(select(func.count()).select_from(narrowed.order_by(None).subquery())).scalar_one()
    if total <= listing.skip:  # looking through all rows a second time would find nothing either
        return Page([], total)
    window = narrowed.order_by(*chosen, *order).offset(min(listing.skip, LARGEST)).limit(listing.limit)
    return Page([make(row) for row in connection.execute(window)], total)


def fetch_window(
    connection: Connection,
    query: Select[Any],
    listing: Listing,
    *,
    fields: Mapping[str, ColumnElement[Any]],
    texts: Sequence[ColumnElement[str]],
    at: ColumnElement[Any],
    key: ColumnElement[str],
    make: Callable[[Any], T],
    cursor: str = "",
    newer: bool = False,
    resumed: bool = False,
    counted: int = 10_000,
) -> Window[T]:
    """Return the window before or, with `newer`, after the row whose `key` is the cursor; the newest without one.

    The window is found by index, however far back it lies, and rows are counted up to `counted` only; with free text they are not
    counted, since that would read every row. A cursor that no row has counts as none, or, with `resumed`, ends the list: whoever writes all
    of it must not begin anew when retention removed the row, and with it all that is older. Raises Invalid as `fetch_page` does.
    """
    like = _like_of(connection)
    narrowed = query.where(*_conditions(listing, fields, texts, like))
    total = None
    if not listing.text:
        found = select(func.count()).select_from(narrowed.order_by(None).limit(counted + 1).subquery())
        total = connection.execute(found).scalar_one()
    moment = connection.execute(select(at).where(key == cursor)).scalar_one_or_none() if cursor else None
    if resumed and cursor and moment is None:
        return Window()
    backwards = newer and moment is not None
    window = narrowed.order_by(at.asc(), key.asc()) if backwards else narrowed.order_by(at.desc(), key.desc())
    if moment is not None:
        beyond = or_(at > moment, key > cursor) if backwards else or_(at < moment, key < cursor)
        window = window.where(at >= moment if backwards else at <= moment, beyond)
    rows = list(connection.execute(window.limit(listing.limit + 1)))
    over, rows = len(rows) > listing.limit, rows[: listing.limit]
    if backwards:
        rows.reverse()
    ends = [str(row._mapping[key]) for row in (rows[0], rows[-1])] if rows else ["", ""]  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Window(
        items=[make(row) for row in rows],
        total=None if total is None else min(total, counted),
        more=total is not None and total > counted,
        older=ends[1] if over or backwards else "",
        newer=ends[0] if moment is not None and (over or not backwards) else "",
    )


def condition(connection: Connection, one: Filter, *, fields: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    """Return what one filter says as SQL. Raises Invalid for an unknown field or operator."""
    if one.field not in fields:
        raise Invalid(f"There is no field “{one.field}” to filter by. Use one of: {', '.join(sorted(fields))}.")
    return _compare(fields[one.field], one, _like_of(connection))


def matching_text(connection: Connection, text: str, texts: Sequence[ColumnElement[str]]) -> list[ColumnElement[bool]]:
    """Return that each word of the text occurs in one of the columns."""
    return _conditions(Listing(text=text), {}, texts, _like_of(connection))


def _like_of(connection: Connection) -> Like:
    return _sqlite_like if connection.dialect.name == "sqlite" else _lowered_like


def _conditions(
    listing: Listing, fields: Mapping[str, ColumnElement[Any]], texts: Sequence[ColumnElement[str]], like: Like
) -> list[ColumnElement[bool]]:
    require_few(len(listing.filters), len(listing.sort))
    found: list[ColumnElement[bool]] = []
    equals: dict[str, list[ColumnElement[bool]]] = {}
    for one in listing.filters:
        if one.field not in fields:
            raise Invalid(f"There is no field “{one.field}” to filter by. Use one of: {', '.join(sorted(fields))}.")
        condition = _compare(fields[one.field], one, like)
        if one.operator == "eq":  # two values for one field: either will do
            equals.setdefault(one.field, []).append(condition)
        else:
            found.append(condition)
    found.extend(or_(*conditions) for conditions in equals.values())
    if texts:
        found.extend(or_(*(like(column, f"%{_escaped(word)}%") for column in texts)) for word in words_of(listing.text))
    return found


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def _compare(column: ColumnElement[Any], one: Filter, like: Like) -> ColumnElement[bool]:
    text = one.value.replace("\x00", "")
    if one.operator in {"contains", "startsWith"}:
        if not isinstance(column.type, String):
            raise Invalid(f"“{one.field}” is no text, so {one.operator} does not fit it.")
        require_short(text)
        return like(column, f"{'%' if one.operator == 'contains' else ''}{_escaped(text)}%")
    if one.operator == "in":
        values = text.split(",")
        require_few_values(len(values))
        return column.in_([_value(column, one.field, value) for value in values])
    if one.operator not in _COMPARE:
        raise Invalid(f"There is no filter operator “{one.operator}”. Use {', '.join(_COMPARE)}, contains, startsWith or in.")
    condition: ColumnElement[bool] = _COMPARE[one.operator](column, _value(column, one.field, text))
    return condition


def _lowered_like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    return func.lower(column).like(func.lower(pattern), escape="\\")


def _sqlite_like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    # SQLite's LIKE ignores the case of ASCII letters by itself, and its lower() knows no others: the same rows in a third of the time.
    return column.like(pattern, escape="\\")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _value(column: ColumnElement[Any], field: str, text: str) -> object:
    try:
        if isinstance(column.type, Boolean):
            return _TRUE_FALSE[text.lower()]
        if isinstance(column.type, Integer):
            return max(-LARGEST, min(int(text), LARGEST))
        if isinstance(column.type, UtcDateTime):
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (KeyError, ValueError, OverflowError) as error:
        raise Invalid(f"“{text}” is not a value that “{field}” can have.") from error
    return text


def _sorting(name: str, fields: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    plain = name.removeprefix("-")
    if plain not in fields:
        raise Invalid(f"There is no field “{plain}” to sort by. Use one of: {', '.join(sorted(fields))}.")
    return fields[plain].desc() if name.startswith("-") else fields[plain].asc()
