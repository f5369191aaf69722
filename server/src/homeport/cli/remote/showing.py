"""How answers are written: a table at a terminal, lines with tabs elsewhere, JSON for programs."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from homeport.cli.remote.connection import JsonObject
from homeport.cli.remote.kind import Column, Kind

if TYPE_CHECKING:
    from rich.console import Console

TOGETHER = 100
"""Rows of a table that are looked at to choose the columns' widths; the next rows follow in the same widths."""
NARROWEST, NARROWEST_COLUMN, GAP = 40, 8, 2


def show_list(kind: Kind, rows: Iterable[JsonObject], *, as_json: bool) -> None:
    """Write things as they arrive."""
    if as_json:
        _json_array(rows)
    elif sys.stdout.isatty():
        _table(kind, iter(rows))
    else:
        columns = [column for column in kind.columns if column.listed]
        for row in rows:
            click.echo("\t".join(column.of(row) for column in columns))


def show_one(columns: Iterable[Column], row: JsonObject, *, as_json: bool) -> None:
    """Write one thing: a line for each field, or a JSON object."""
    if as_json:
        click.echo(json.dumps(row, indent=2, ensure_ascii=False))
        return
    shown = [(column.title, text) for column in columns if (text := column.of(row)) or column.listed]
    widest = max(len(title) for title, _ in shown)
    for title, text in shown:
        label = f"{title}:".ljust(widest + 1)
        click.echo(f"{label if os.environ.get('NO_COLOR') else click.style(label, dim=True)} {text}".rstrip())


def _json_array(rows: Iterable[JsonObject]) -> None:
    begun = False
    for row in rows:
        click.echo(("," if begun else "[") + "\n" + json.dumps(row, ensure_ascii=False), nl=False)
        begun = True
    click.echo("\n]" if begun else "[]")


def _table(kind: Kind, rows: Iterator[JsonObject]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a table at a terminal only

    console = Console(highlight=False)
    count, columns, widths = 0, [column for column in kind.columns if column.listed], [0]
    while page := list(islice(rows, TOGETHER)):
        cells = [[column.of(row) for column in columns] for row in page]
        if count == 0:
            room = max(console.width, NARROWEST)
            widths = _natural([column.title for column in columns], cells)
            if _total(widths) > room and columns[-1].field == kind.id:  # a broken id is of no use; `show` tells it
                columns, widths, cells = columns[:-1], widths[:-1], [row[:-1] for row in cells]
            widths = _cut(widths, room)
        _print(console, [column.title for column in columns] if count == 0 else None, cells, widths)
        count += len(page)
    click.echo(f"{count} {kind.word if count == 1 else kind.plural}." if count else f"No {kind.plural}.", err=True)


def _natural(titles: list[str], cells: list[list[str]]) -> list[int]:
    """Return how much each column needs."""
    from rich.cells import cell_len  # noqa: PLC0415 - a table at a terminal only

    return [max(cell_len(text) for text in column) for column in zip(titles, *cells, strict=True)]


def _total(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _cut(widths: list[int], room: int) -> list[int]:
    """Return widths that have room beside one another, the widest cut first."""
    widths = list(widths)
    while _total(widths) > room and max(widths) > NARROWEST_COLUMN:
        widths[widths.index(max(widths))] -= 1
    return widths


def _print(console: "Console", titles: list[str] | None, cells: list[list[str]], widths: list[int]) -> None:
    from rich.table import Table  # noqa: PLC0415 - a table at a terminal only
    from rich.text import Text  # noqa: PLC0415 - the same

    table = Table(box=None, show_header=titles is not None, pad_edge=False, padding=(0, GAP, 0, 0), collapse_padding=True)
    for number, width in enumerate(widths):
        table.add_column(titles[number] if titles else "", width=width, overflow="fold", header_style="bold")
    for row in cells:
        table.add_row(*(Text(text) for text in row))  # as text, since a name may look like rich's markup
    console.print(table)
