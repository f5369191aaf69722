"""Reads a file and checks it against the form; every problem is named with its place and a remedy, not only the first."""

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from homeport.cli.configuration.form import SECTIONS, VERSION, Section
from homeport.cli.plainly import Misuse, printable

LARGEST = 64 * 1024 * 1024
MOST_SHOWN = 20
Values = dict[str, Any]
Wanted = dict[str, dict[str, Values]]
"""Section, name, field, value. A section that is one table has one name, which is empty."""
ALONE = ""


def read(path: Path) -> Wanted:
    """Return what a file wants, as the server stores it; raise Misuse with a sentence for each thing that is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > LARGEST:
        raise Misuse(f"{path} is larger than {LARGEST // 1024 // 1024} MiB.")
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Misuse(f"{path}, line {line}: the file is not UTF-8. Save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Misuse(f"{path} is not TOML: {printable(str(error))}.") from None
    return checked(document, str(path))


def checked(document: Mapping[str, Any], source: str) -> Wanted:
    """Return what a parsed document wants; raise Misuse."""
    problems = list(_problems(document))
    if problems:
        more = len(problems) - MOST_SHOWN
        lines = [*problems[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        raise Misuse(f"{source} cannot be used:\n" + "\n".join(f"  {line}" for line in lines))
    wanted: Wanted = {}
    for section in SECTIONS:
        if section.name in document:
            found = document[section.name]
            tables = found if section.key else {ALONE: found}
            wanted[section.name] = {name: _normal(section, values) for name, values in tables.items()}
    return wanted


def dotted(*names: str) -> str:
    """Return a path as TOML writes it."""
    return ".".join(name if name.isascii() and name.replace("-", "_").isidentifier() else _quoted(name) for name in names)


def _normal(section: Section, values: Values) -> Values:
    return {field.name: field.kind.normal(values[field.name]) for field in section.fields if field.name in values}


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    if document.get("version") != VERSION or isinstance(document.get("version"), bool):
        if "version" in document:
            yield f"version: this command knows version {VERSION} of the file only"
        else:
            yield f"version: missing; write version = {VERSION} at the top, which says how the file is to be read"
    known = {section.name: section for section in SECTIONS}
    for name, found in document.items():
        if name == "version":
            continue
        section = known.get(name)
        if section is None:
            yield f"{dotted(name)}: there is no such section; {_meant(name, [*known])}"
        elif not isinstance(found, dict):
            yield f"{name}: must be a table, which begins with [{name}{'.NAME' if section.key else ''}]"
        elif section.key:
            yield from _of_tables(section, found)
        else:
            yield from _of_fields(section, found, name)


def _of_tables(section: Section, tables: Mapping[str, Any]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, values in tables.items():
        place = dotted(section.name, name)
        if section.names is not None and name not in section.names:
            yield f"{place}: there is no such {section.key}; {_meant(name, list(section.names))}"
        elif not isinstance(values, dict):
            if section.field(name):
                yield f"{place}: belongs to one {section.word}; begin its table with [{section.name}.NAME], NAME being the {section.key}"
            else:
                yield f"{place}: must be a table, which begins with [{place}]"
        elif not name.strip():
            yield f"{place}: the {section.key} is empty"
        elif section.fold(name.strip()) in seen:
            yield f"{place}: is the same {section.key} as {dotted(section.name, seen[section.fold(name.strip())])}; keep one of them"
        else:
            yield from _of_fields(section, values, place)
        seen.setdefault(section.fold(name.strip()), name)


def _of_fields(section: Section, values: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, value in values.items():
        field = section.field(name)
        if field is None:
            yield f"{place}.{dotted(name)}: there is no such key; {_meant(name, [one.name for one in section.fields])}"
        elif problem := field.kind.problem(value):
            yield f"{place}.{name}: {problem}"


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"you may mean {close[0]}" if close else f"use {', '.join(known)}"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'
