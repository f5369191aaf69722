"""A row in every table, each of its columns filled, comes out of a backup as it went in, and through what a restore does with ways in."""

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, String, insert, inspect, select

from homeport import backup
from homeport.bootstrap import home  # imports every slice's tables
from homeport.bootstrap.treated import PROOFS, REMOVABLE
from homeport.bootstrap.ways_in import read_ways_in
from homeport.foundation.database import schema
from homeport.foundation.database.columns import UtcDateTime, metadata
from homeport.foundation.database.engine import Database

assert home
VALUES = {
    Boolean: True,
    Integer: 1,
    JSON: {"ä": [1, None, "\u2028"]},
    LargeBinary: bytes(range(256)),
    String: 'ä\u2028"\\',
    UtcDateTime: datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'homeport.sqlite'}")
    else:
        opened = Database(request.getfixturevalue("empty_database").sqlalchemy_url)
    schema.migrate(opened)
    yield opened
    opened.dispose()


def value(column: Column[Any]) -> object:
    for key in column.foreign_keys:  # every table has one row, so each reference is to the one row of the other
        return value(key.column)
    return next(made for kind, made in VALUES.items() if isinstance(column.type, kind))


def without_checks(connection, *, sqlite: bool) -> None:
    """The values mean nothing, and need not; what may refer to what still holds."""
    if sqlite:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        return
    for table in metadata.sorted_tables:
        for one in inspect(connection).get_check_constraints(table.name):
            connection.exec_driver_sql(f'ALTER TABLE {table.name} DROP CONSTRAINT "{one["name"]}"')


def rows_of(database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as unit:
        return {table.name: [tuple(row) for row in unit.connection.execute(select(table))] for table in metadata.sorted_tables}


def test_a_row_in_every_table_comes_out_of_a_backup_as_it_went_in(database, tmp_path):
    with database.write() as unit:
        without_checks(unit.connection, sqlite=database.is_sqlite)
        for table in metadata.sorted_tables:
            unit.connection.execute(table.delete())
            unit.connection.execute(insert(table), {column.key: value(column) for column in table.c})
    before = rows_of(database)
    assert all(len(rows) == 1 and None not in rows[0] for rows in before.values())
    assert backup.write(database, tmp_path / "backup", keys={}, now=VALUES[UtcDateTime]) == len(metadata.tables)
    with database.write() as unit:
        without_checks(unit.connection, sqlite=database.is_sqlite)
        assert backup.load(unit.connection, tmp_path / "backup") == len(metadata.tables)
    assert rows_of(database) == before


def test_what_is_no_text_in_an_older_backup_comes_back_as_marks_and_stops_no_restore(database, tmp_path):
    with database.write() as unit:
        without_checks(unit.connection, sqlite=database.is_sqlite)
        for table in metadata.sorted_tables:
            unit.connection.execute(table.delete())
            unit.connection.execute(insert(table), {column.key: value(column) for column in table.c})
    backup.write(database, tmp_path / "backup", keys={}, now=VALUES[UtcDateTime])
    content = gzip.decompress((tmp_path / "backup").read_bytes())
    (tmp_path / "older").write_bytes(gzip.compress(content.replace(rb'\u2028"]', rb'\ud800\u0000"]')))
    with database.write() as unit:
        assert backup.load(unit.connection, tmp_path / "older") == len(metadata.tables)
        documents = [column for table in metadata.sorted_tables for column in table.c if isinstance(column.type, JSON)]
        found = [unit.connection.execute(select(column)).scalar_one() for column in documents]
    assert found == [{"ä": [1, None, "?\ufffd"]}] * len(documents)


def test_every_way_in_that_is_gone_goes_after_a_restore_and_every_proof_comes_that_is_there(database, tmp_path):
    proofs = [table for one in PROOFS for table, _ in one.tables]
    ways = [*(one.table for one in REMOVABLE), *proofs]
    with database.write() as unit:
        connection = unit.connection
        without_checks(connection, sqlite=database.is_sqlite)
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
            connection.execute(insert(table), {column.key: value(column) for column in table.c})
        full = read_ways_in(connection)
    backup.write(database, tmp_path / "backup", keys={}, now=VALUES[UtcDateTime])
    with database.write() as unit:
        connection = unit.connection
        without_checks(connection, sqlite=database.is_sqlite)
        for table in proofs:
            connection.execute(table.delete())
        assert all(number for said, number in full.put_back(connection, full.parting(connection)) if "who used a code" in said)
        assert [table.name for table in proofs if not connection.execute(select(table)).first()] == []
        for table in ways:
            connection.execute(table.delete())
        empty = read_ways_in(connection)
        backup.load(connection, tmp_path / "backup")
        empty.put_back(connection, empty.parting(connection))
        assert [table.name for table in ways if connection.execute(select(table)).first()] == []
