"""How a REST list is asked for, as JumpCloud's API reads it: `limit`, `skip`, `sort`, `filter=field:$eq:value`, `search`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import MOST_FILTERS, MOST_SORTS, MOST_WORDS, Filter, Listing

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The query parameters of a list, not yet in our own field names."""

    limit: int
    skip: int
    sort: str
    filters: tuple[str, ...]
    search: str
    fields: str

    def listing(self, names: Mapping[str, str]) -> Listing:
        """Return the listing; `names` maps the wire's field names to ours. Raises Invalid for a name it does not hold."""
        return Listing(
            text=self.search,
            filters=tuple(_filter(text, names) for text in self.filters),
            sort=tuple(_sort(text, names) for text in self.sort.replace(",", " ").split()),
            skip=self.skip,
            limit=min(self.limit, LARGEST_PAGE),
        )

    @property
    def chosen_fields(self) -> frozenset[str]:
        """Return the wire names of the fields wanted in the answer; empty means all."""
        return frozenset(self.fields.replace(",", " ").split())


async def _list_query(  # noqa: PLR0917 - one for each query parameter; FastAPI passes them by name
    limit: Annotated[int, Query(ge=0, description="Rows wanted; more than 100 count as 100.")] = 10,
    skip: Annotated[int, Query(ge=0, description="Rows to leave out at the beginning.")] = 0,
    sort: Annotated[
        str, Query(description=f"Field names, separated by commas, at most {MOST_SORTS}; a leading - sorts downwards.")
    ] = "",
    filter: Annotated[  # noqa: A002 - the parameter's published name
        list[str] | None,
        Query(
            description=f"`field:$eq:value`; also $ne, $contains, $startsWith, $in, $gt, $gte, $lt, $lte. At most {MOST_FILTERS}."
        ),
    ] = None,
    search: Annotated[str, Query(description=f"Words that must all occur; at most {MOST_WORDS}.")] = "",
    fields: Annotated[str, Query(description="Names of the fields wanted, separated by spaces; empty means all.")] = "",
) -> ListQuery:
    return ListQuery(limit, skip, sort, tuple(filter or ()), search, fields)


def _filter(text: str, names: Mapping[str, str]) -> Filter:
    field, _, rest = text.partition(":")
    operator, colon, value = rest.partition(":")
    if not colon:
        raise Invalid(f"The filter “{text}” is not of the form field:$eq:value.")
    return Filter(_known(field, names), operator.removeprefix("$"), value)


def _sort(text: str, names: Mapping[str, str]) -> str:
    return ("-" if text.startswith("-") else "") + _known(text.removeprefix("-"), names)


def _known(name: str, names: Mapping[str, str]) -> str:
    if name not in names:
        raise Invalid(f"There is no field “{name}”. Use one of: {', '.join(sorted(names))}.")
    return names[name]


ListParameters = Annotated[ListQuery, Depends(_list_query)]
"""A REST list's query parameters."""
