"""What a reader of the audit log asks for: in the words of the page, and in those of JumpCloud's directory-events query."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.spans import moment_of

OPERATORS = {
    "eq": "eq",
    "ne": "ne",
    "contains": "contains",
    "startsWith": "startsWith",
    "in": "in",
    "before": "lt",
    "after": "gt",
}
"""JumpCloud's operators of a search term, and what they are called here."""
EVENT_FIELDS = {
    "id": "id",
    "event_type": "event_type",
    "timestamp": "at",
    "success": "success",
    "client_ip": "address",
    "error_message": "reason",
    "request_id": "request_id",
    "initiated_by.id": "actor_id",
    "initiated_by.type": "actor_kind",
    "initiated_by.email": "actor_name",
    "initiated_by.username": "actor_name",
    "resource.id": "resource_id",
    "resource.type": "resource_type",
    "resource.name": "resource_name",
    "resource.username": "resource_name",
}
"""The fields of an event by which it can be found, and ours."""


def listing_of(pairs: Sequence[tuple[str, str]], text: str, now: datetime) -> Listing:
    """Return the listing that a page's address asks for; raise Invalid for a time that is none."""
    filters = []
    for name, value in pairs:
        if name == "since":
            filters.append(Filter("at", "gte", moment_of(value, now).isoformat()))
        elif name == "until":
            filters.append(Filter("at", "lt", moment_of(value, now, timedelta(days=1)).isoformat()))
        elif name != "success" or value in {"true", "false"}:
            filters.append(Filter(name, "eq", value))
    return Listing(text=text, filters=tuple(filters))


def conditions(term: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Filter, ...]]]:
    """Return the parts of a search term: `and`, `or` or `not`, each with its filters; raise Invalid for what is none.

    A part is an object of fields and values, or a list of such objects. A value is plain, a list of which any will do, or an object
    of operators.
    """
    for word, part in term.items():
        if word not in {"and", "or", "not"}:
            raise Invalid(f"A search term has and, or and not, and no “{word[:40]}”.", {"search_term": "Unknown part"})
        objects = part if isinstance(part, list) else [part]
        if not all(isinstance(one, Mapping) for one in objects):
            raise Invalid(f"“{word}” of a search term is an object of fields, or a list of them.", {"search_term": "No object"})
        yield word, tuple(found for one in objects for name, value in one.items() for found in _filters(name, value))


def _filters(name: str, value: Any) -> Iterator[Filter]:
    field = event_field(name)
    if isinstance(value, Mapping):
        for operator, operand in value.items():
            if operator not in OPERATORS:
                raise Invalid(f"There is no operator “{operator[:40]}”. Use {', '.join(OPERATORS)}.", {"search_term": "Unknown"})
            yield Filter(field, OPERATORS[operator], _text(operand))
    elif isinstance(value, list):
        yield Filter(field, "in", _text(value))
    else:
        yield Filter(field, "eq", _text(value))


def event_field(name: str) -> str:
    """Return what we call a field of an event; raise Invalid for one that cannot be searched."""
    if name not in EVENT_FIELDS:
        raise Invalid(
            f"There is no field “{name[:60]}” to search by. Use one of: {', '.join(EVENT_FIELDS)}.", {"search_term": "Unknown"}
        )
    return EVENT_FIELDS[name]


def _text(value: Any) -> str:
    return ",".join(map(_plain, value)) if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise Invalid("A value to search for is a text, a number, true or false, or a list of these.", {"search_term": "No value"})
