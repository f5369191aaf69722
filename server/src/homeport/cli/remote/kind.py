"""What a kind of thing is: how it is asked for, found by its name, and shown. `kinds` declares each of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from homeport.cli.plainly import Refusal, printable
from homeport.cli.remote.connection import Answer, Api, JsonObject, Refused

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An id as Homeport makes them; what has another form is looked up as a name."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field of an answer: its path on the wire, its title, and whether it is in the table or only in the details."""

    field: str
    title: str
    listed: bool = True

    def of(self, row: JsonObject) -> str:
        """Return the field's value as text."""
        value: Any = row
        for part in self.field.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return text_of(value)


def columns(text: str) -> tuple[Column, ...]:
    """Return the columns that a text names: `Title: field, …`; one in parentheses is in the details only."""
    found = []
    for one in text.split(","):
        title, _, wire = one.strip().strip("()").partition(": ")
        assert wire, one
        found.append(Column(wire, title, listed=not one.strip().startswith("(")))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing. `rows` names the list in a list's answer; `names` are the fields by which one is called."""

    word: str
    path: str
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    rows: str = ""
    id: str = "id"
    paged: bool = True
    plural_word: str = ""
    filterable: tuple[str, ...] | None = None
    by_id: bool = True

    @property
    def plural(self) -> str:
        """Return the word for several."""
        return self.plural_word or f"{self.word}s"

    @property
    def article(self) -> str:
        """Return the word before one of them."""
        return "an" if self.word[0] in "aeio" else "a"

    def at(self, path: str) -> Self:
        """Return the kind as it is found below one thing, such as the sessions of somebody."""
        return replace(self, path=path)

    def name_of(self, row: JsonObject) -> str:
        """Return what people call the thing."""
        return next((printable(str(row[name])) for name in self.names if row.get(name)), str(row.get(self.id, "")))

    def path_of(self, row: JsonObject) -> str:
        """Return the thing's own path."""
        found = row.get(self.id)
        assert isinstance(found, str)
        return f"{self.path}/{found}"

    def all(self, api: Api, query: tuple[tuple[str, str], ...] = (), limit: int | None = None) -> Iterator[JsonObject]:
        """Give all of them, or those that the query asks for."""
        if self.paged:
            yield from api.rows(self.path, self.rows, query, limit)
            return
        answer = api.get(self.path, query)
        page = answer.body.get(self.rows) if self.rows and isinstance(answer.body, dict) else answer.body
        yield from page[:limit] if isinstance(page, list) else ()

    def find(self, api: Api, called: str) -> JsonObject:
        """Return the thing with this id or name; raise a Failure when there is none, or more than one."""
        if ID.fullmatch(called) and self.by_id:
            return self.read(api, {self.id: called}).body  # type: ignore[no-any-return]  # `read` has looked that it is an object
        if ID.fullmatch(called):
            found = self._with(api, self.id, called)
        else:
            found = next((some for name in self.names if (some := self._with(api, name, called))), [])
        if not found:
            raise Refusal(f"There is no {self.word} “{printable(called)}”. See them all: homeport {self.command} list")
        if len(found) > 1:
            ids = ", ".join(str(one.get(self.id)) for one in found[:5])
            raise Refusal(f"{len(found)} {self.plural} are called “{printable(called)}”. Give the id of one: {ids}")
        return found[0]

    def read(self, api: Api, row: JsonObject) -> Answer:
        """Return the thing as it is at this moment, with its ETag."""
        answer = api.get(self.path_of(row))
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get(self.id), str):
            raise Refused(f"The server answered something else than a {self.word}.", answer.code)
        return answer

    @property
    def command(self) -> str:
        """Return the word of its commands."""
        return COMMANDS.get(self.word, self.word.replace(" ", "-"))

    def _with(self, api: Api, field: str, value: str) -> list[JsonObject]:
        if self.paged and (self.filterable is None or field in self.filterable):
            return list(self.all(api, (("filter", f"{field}:$eq:{value}"),), 20))
        return [row for row in self.all(api) if row.get(field) == value]


COMMANDS = {
    "administrator": "admin",
    "identity provider": "idp",
    "enrolment key": "enrollment-key",
    "API key": "api-key",
    "IP list": "ip-list",
}


def text_of(value: Any) -> str:
    """Return a value of an answer as people read it."""
    match value:
        case None | "":
            return ""
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(text_of(one) for one in value)
        case dict():
            return ", ".join(f"{printable(str(name))}: {text_of(one)}" for name, one in value.items())
        case str():
            return printable(value)
        case _:
            return str(value)
