"""Every table of the data file before and after: what was added, removed and changed."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
ADDED, REMOVED = "added", "removed"


@dataclass(frozen=True)
class Table:
    """The rows of a table at one moment. `key` says where in a row its primary key stands, or its number if there is none."""

    columns: tuple[str, ...]
    key: tuple[int, ...]
    rows: frozenset[Row]

    def without(self, other: "Table") -> dict[Row, Row]:
        """Return the rows that the other has not, by primary key."""
        return {tuple(row[place] for place in self.key): row for row in self.rows - other.rows}


@dataclass
class Reader:
    """Reads a data file again and again over one connection, which learns the schema once, and anew when it has changed."""

    connection: sqlite3.Connection
    version: int = -1
    layout: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = field(default_factory=dict)

    @classmethod
    def open(cls, file: Path) -> "Reader":
        """Open the file; the statements of all tables are prepared once."""
        return cls(sqlite3.connect(file, timeout=60, cached_statements=1000, isolation_level=None))

    def read(self) -> dict[str, Table]:
        """Return every row of every table, as they were at one moment."""
        self.connection.execute("BEGIN")
        try:
            self._learn()
            return {
                name: Table(columns, key, frozenset(self.connection.execute(f'SELECT rowid AS "rowid", * FROM "{name}"')))
                for name, (columns, key) in self.layout.items()
            }
        finally:
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def _learn(self) -> None:
        (version,) = self.connection.execute("PRAGMA schema_version").fetchone()
        if version == self.version:
            return
        self.layout = {}
        for (name,) in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            told = self.connection.execute(f'PRAGMA table_info("{name}")').fetchall()
            columns = ("rowid", *(column for _, column, *_ in told))
            key = tuple(columns.index(column) for _, column, _, _, _, primary in told if primary)
            self.layout[name] = columns, key or (0,)
        self.version = version


def read_tables(file: Path) -> dict[str, Table]:
    """Return every row of every table, as they were at one moment."""
    reader = Reader.open(file)
    tables = reader.read()
    reader.close()
    return tables


@dataclass(frozen=True)
class Difference:
    """What happened to the rows of all tables between two moments."""

    before: Mapping[str, Table]
    after: Mapping[str, Table]

    @cached_property
    def rows(self) -> dict[str, tuple[dict[Row, Row], dict[Row, Row]]]:
        """By table and primary key: the rows that are no longer so, and those that were not so before."""
        return {name: (self.before[name].without(now), now.without(self.before[name])) for name, now in self.after.items()}

    def added(self, table: str) -> list[dict[str, Any]]:
        """Return the new rows of a table."""
        then, now = self.rows[table]
        columns = self.after[table].columns
        new = sorted((now[key] for key in now.keys() - then.keys()), key=lambda row: row[0])  # as they were stored
        return [dict(zip(columns, row, strict=True)) for row in new]

    def kinds(self) -> Counter[str]:
        """Count what happened, as `table added`, `table removed` or `table.column`."""
        found: Counter[str] = Counter()
        for table, (then, now) in self.rows.items():
            found[f"{table} {ADDED}"] += len(now.keys() - then.keys())
            found[f"{table} {REMOVED}"] += len(then.keys() - now.keys())
            columns = self.after[table].columns
            for key in then.keys() & now.keys():
                changed = zip(columns, then[key], now[key], strict=True)
                found.update(f"{table}.{column}" for column, was, is_now in changed if was != is_now)
        return +found
