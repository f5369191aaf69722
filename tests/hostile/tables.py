"""Every table of the data file before and after: what was added, removed and changed."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Rows = dict[tuple[Any, ...], dict[str, Any]]
ADDED, REMOVED = "added", "removed"


def read_tables(file: Path) -> dict[str, Rows]:
    """Return every row of every table, by primary key, as they were at one moment."""
    connection = sqlite3.connect(file, timeout=60)
    connection.row_factory = sqlite3.Row
    connection.execute("BEGIN")
    names = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables: dict[str, Rows] = {}
    for name in names:
        key = [row["name"] for row in connection.execute(f'PRAGMA table_info("{name}")') if row["pk"]]
        rows = [dict(row) for row in connection.execute(f'SELECT rowid AS "rowid", * FROM "{name}"')]
        tables[name] = {tuple(row[column] for column in key or ["rowid"]): row for row in rows}
    connection.close()
    return tables


@dataclass(frozen=True)
class Difference:
    """What happened to the rows of all tables between two moments."""

    before: Mapping[str, Rows]
    after: Mapping[str, Rows]

    def added(self, table: str) -> list[dict[str, Any]]:
        """Return the new rows of a table."""
        return [row for key, row in self.after[table].items() if key not in self.before[table]]

    def kinds(self) -> Counter[str]:
        """Count what happened, as `table added`, `table removed` or `table.column`."""
        found: Counter[str] = Counter()
        for table, now in self.after.items():
            then = self.before[table]
            found[f"{table} {ADDED}"] += len(now.keys() - then.keys())
            found[f"{table} {REMOVED}"] += len(then.keys() - now.keys())
            for key in then.keys() & now.keys():
                found.update(f"{table}.{column}" for column in now[key] if now[key][column] != then[key][column])
        return +found
