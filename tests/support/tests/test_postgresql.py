"""PostgreSQL is real, shared by the run, cheap per test, and gone afterwards."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from tests.support.postgresql import start_or_join, stop


def test_a_test_gets_an_empty_database(empty_database):
    with psycopg.connect(empty_database.url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        connection.execute("CREATE TABLE people (name text)")


def test_sqlalchemy_takes_the_address(empty_database):
    engine = create_engine(empty_database.sqlalchemy_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_database()")).scalar() == empty_database.name
    engine.dispose()


def test_a_template_is_filled_once_and_copied(postgresql):
    filled = []

    def fill(database):
        filled.append(database.name)
        with psycopg.connect(database.url) as connection:
            connection.execute("CREATE TABLE people (name text)")
            connection.execute("INSERT INTO people VALUES ('Ada')")

    name = f"template_of_this_test_{os.getpid()}"
    first, second = (postgresql.create(postgresql.template(name, fill)) for _ in range(2))
    assert len(filled) == 1
    with psycopg.connect(first.url) as connection:
        connection.execute("DELETE FROM people")
    with psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT name FROM people").fetchall() == [("Ada",)]
    postgresql.drop(first)
    postgresql.drop(second)


@pytest.fixture
def folder():
    """Outside pytest's private folders, which would keep the server's user out."""
    place = Path(tempfile.gettempdir(), f"homeport-postgresql-test-{os.getpid()}")
    yield place
    stop(place)


def test_the_server_ends_and_its_folder_goes(folder):
    port = start_or_join(folder, os.getpid())
    assert start_or_join(folder, os.getpid()) == port
    stop(folder)
    assert not folder.exists()
    assert not _answers(port)


def test_a_killed_run_leaves_no_server(folder):
    run = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    port = start_or_join(folder, run.pid)
    run.kill()
    run.communicate()
    deadline = time.monotonic() + 90
    while (_answers(port) or folder.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answers(port)
    assert not folder.exists()


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://homeport@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
