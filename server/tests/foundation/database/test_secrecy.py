"""What the database holds stays in it: no other account of the machine reads its files, and no error's text shows values."""

import os

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from homeport.foundation.database.engine import Database
from homeport.foundation.http.rate_limit import rate_limits


def test_the_files_of_sqlite_are_readable_by_their_owner_only(tmp_path):
    before = os.umask(0o022)
    try:
        database = Database(f"sqlite:///{tmp_path / 'homeport.sqlite'}")
        with database.write() as unit:
            unit.connection.exec_driver_sql("CREATE TABLE secrets (secret TEXT)")
            unit.connection.exec_driver_sql("INSERT INTO secrets VALUES ('one')")
            files = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    database.dispose()
    assert set(files.values()) == {0o600}
    assert {"homeport.sqlite", "homeport.sqlite-wal"} <= set(files)


def test_an_error_of_the_database_does_not_show_values(database, clock):
    values = {"key_hash": "a-value-that-nobody-may-read", "full_again_at": clock.now()}
    with database.write() as unit:
        unit.connection.execute(insert(rate_limits).values(values))
    with pytest.raises(IntegrityError) as caught, database.write() as unit:
        unit.connection.execute(insert(rate_limits).values(values))
    assert "a-value-that-nobody-may-read" not in str(caught.value).split("DETAIL:", maxsplit=1)[0]
