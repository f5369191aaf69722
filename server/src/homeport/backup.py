"""One file that holds the whole database: gzipped JSON lines, the same for SQLite and PostgreSQL.

The first line says what it is, then each table's name and columns are followed by its rows, and the last line counts them, so that
a file that was cut off is known as such. `bootstrap.restore` puts one back.
"""

import base64
import gzip
import json
import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, delete, insert, select

from homeport import __version__
from homeport.foundation.database import schema
from homeport.foundation.database.columns import UtcDateTime, metadata
from homeport.foundation.database.engine import Database, from_json

FORMAT = "homeport-backup/1"
BATCH = 500
BROKEN = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zlib.error)


class BackupError(Exception):
    """A backup cannot be written, read or put back; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The first line of a backup. `keys` holds the text of each key file by its name; empty when they were left out."""

    schema: str
    made_at: datetime
    made_by: str
    keys: dict[str, str]


def write(database: Database, path: Path, *, keys: dict[str, str], now: datetime) -> int:
    """Write a backup of one moment while the server goes on serving; return how many rows it holds.

    The file appears under its name whole or not at all, readable by its owner only. Raises BackupError.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile("", "wb", 6, raw) as packed, database.snapshot() as unit:
                found = schema.present(unit.connection) or ""
                header = {"format": FORMAT, "schema": found, "made_at": now.isoformat(), "made_by": __version__, "keys": keys}
                packed.write(_line(header))
                rows = 0
                for table in metadata.sorted_tables:
                    packed.write(_line({"table": table.name, "columns": [column.name for column in table.c]}))
                    for row in unit.connection.execution_options(yield_per=BATCH).execute(select(table)):
                        packed.write(_line([_plain(value) for value in row]))
                        rows += 1
                packed.write(_line({"rows": rows}))
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise BackupError(
            f"The backup could not be written to {path}: {error.strerror or error}. Nothing was left there."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def read(path: Path) -> Manifest:
    """Read a backup through to its end and return what its first line says; raise BackupError unless it is whole and ours."""
    try:
        with gzip.open(path, "rb") as lines:
            header = json.loads(next(lines, b"{}"))
            if header.get("format") != FORMAT:
                raise BackupError(
                    f"{path} is no backup of Homeport, or one of another version. Name a file that homeport backup made."
                )
            rows, last = 0, None
            for line in lines:
                rows += line.startswith(b"[")
                last = line
            if json.loads(last or b"{}") != {"rows": rows}:
                raise BackupError(f"{path} ends too early: it was cut off. Take another backup.")
            made_at = datetime.fromisoformat(header["made_at"])
            return Manifest(header["schema"], made_at, header["made_by"], dict(header["keys"]))
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {path}.") from error
    except BROKEN as error:
        raise BackupError(f"{path} cannot be read as a backup ({error}). It is damaged, or something else.") from error


def readable_by_others(path: Path) -> bool:
    """Tell whether anybody but the owner can read the file."""
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def is_used(connection: Connection) -> bool:
    """Tell whether the database holds anything besides what every start makes by itself."""
    made_at_start = {"order_keys", "order_epoch", "rate_limits"}
    return any(
        connection.execute(select(table).limit(1)).first() is not None
        for table in metadata.sorted_tables
        if table.name not in made_at_start
    )


def load(connection: Connection, path: Path) -> int:
    """Replace all rows of all tables by the backup's, in the caller's transaction; return how many there are now."""
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))
    total = 0
    for table, rows in _tables(path):
        connection.execute(insert(table), rows)
        total += len(rows)
    return total


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once or not at all, readable by its owner only."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(path.parent)


def _tables(path: Path) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    table: Table | None = None
    columns: list[str] = []
    rows: list[dict[str, Any]] = []
    with gzip.open(path, "rb") as lines:
        next(lines)
        for line in lines:
            item = from_json(line)  # an older Homeport stored halves of characters, which no database takes any more
            if isinstance(item, list):
                assert table is not None
                rows.append({name: _value(table, name, value) for name, value in zip(columns, item, strict=True)})
            if rows and table is not None and (isinstance(item, dict) or len(rows) >= BATCH):
                yield table, rows
                rows = []
            if isinstance(item, dict) and "table" in item:
                table = metadata.tables[item["table"]]
                keys = {column.name: column.key for column in table.c}  # some columns are called otherwise here than in SQL
                columns = [keys[name] for name in item["columns"]]


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _value(table: Table, name: str, value: Any) -> Any:
    if value is not None and isinstance(table.c[name].type, LargeBinary):
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if value is not None and isinstance(table.c[name].type, UtcDateTime) else value


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
