"""A backup made while people write: one moment, whole units of work, every table; put back on either database."""

import gzip
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from click.testing import CliRunner
from sqlalchemy import inspect, select, text
from tests.support.house import ADMIN, URL

from homeport.bootstrap.home import Home
from homeport.cli import main
from homeport.directory.audit.tables import audit_entries
from homeport.directory.people.tables import users
from homeport.foundation.database.engine import Database
from homeport.settings import Settings

WRITERS = 3
numbers = count(1)


def environment(settings):
    return {
        "HOMEPORT_DATA": str(settings.data),
        "HOMEPORT_DATABASE_URL": settings.database_url,
        "HOMEPORT_PUBLIC_URL": settings.public_url,
    }


def command(settings, *words):
    done = subprocess.run(
        [sys.executable, "-m", "homeport", *map(str, words)],
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def carried_out(settings, *words):
    """The same in this process: not the start of a program is in question, which costs more than what it does."""
    done = CliRunner().invoke(main, [str(word) for word in words], env=environment(settings))
    assert done.exit_code == 0, done.output
    return done.output


def two_people(house):
    """One unit of work: two people, who are both there or neither is, each with an entry in the audit log."""
    number = next(numbers)

    def create(act):
        for half in ("left", "right"):
            act.people.create(
                ADMIN, username=f"{half}{number}", email=f"{half}{number}@acme.example", firstname=half, lastname="X"
            )

    house.do(create)


class Load:
    """People who write without a pause, beside a sealer that seals without one, until the block ends."""

    def __init__(self, house):
        self.house, self.over = house, threading.Event()
        self.pool = ThreadPoolExecutor(WRITERS + 1)

    def __enter__(self):
        writes = [self.pool.submit(self._repeat, lambda: two_people(self.house)) for _ in range(WRITERS)]
        self.running = [*writes, self.pool.submit(self._repeat, self.house.home.audit_sealer.seal)]
        return self

    def __exit__(self, *_):
        self.over.set()
        for one in self.running:
            one.result(300)
        self.pool.shutdown()

    def _repeat(self, act):
        while not self.over.is_set():
            act()


def names_in(database):
    with database.read() as unit:
        return set(unit.connection.execute(select(users.c.username)).scalars())


def demand_one_moment(database):
    """No half of a unit of work is there, and no reference leads nowhere; return the people."""
    found = names_in(database)
    left, right = ({name.removeprefix(half) for name in found if name.startswith(half)} for half in ("left", "right"))
    assert left == right
    with database.read() as unit:
        query = select(audit_entries.c.resource_name).where(audit_entries.c.event_type == "user_create")
        assert len(unit.connection.execute(query).all()) == len(found)
        if database.is_sqlite:
            assert unit.connection.execute(text("PRAGMA foreign_key_check")).all() == []
    return found


def test_a_backup_under_load_is_of_one_moment_and_goes_back_into_either_database(any_house, tmp_path, request):
    for _ in range(20):
        two_people(any_house)
    file = tmp_path / "backup"
    with Load(any_house):
        before = names_in(any_house.home.parts.database)
        command(any_house.settings, "backup", file, "--with-keys")
        after = names_in(any_house.home.parts.database)
    assert len(after) > len(before) >= 40, "nobody wrote meanwhile"
    for kind in ("sqlite", "postgresql"):
        url = request.getfixturevalue("postgresql").create().sqlalchemy_url if kind == "postgresql" else ""
        settings = Settings(data=tmp_path / f"into-{kind}", database_url=url, public_url=URL)
        carried_out(settings, "restore", file)
        database = Database(settings.database)
        people = demand_one_moment(database)
        database.dispose()
        assert before <= people <= after
        assert "The audit log holds." in carried_out(settings, "audit", "verify")
        home = Home(settings)
        home.require_sealing_key()
        home.parts.database.dispose()


def test_every_table_of_the_schema_is_in_a_backup(any_house, tmp_path):
    file = tmp_path / "backup"
    carried_out(any_house.settings, "backup", file)
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    held = {row["table"]: set(row["columns"]) for row in rows if isinstance(row, dict) and "table" in row}
    inspector = inspect(any_house.home.parts.database.engine)
    there = {name: {column["name"] for column in inspector.get_columns(name)} for name in inspector.get_table_names()}
    del there["alembic_version"]  # the file's first line says the schema
    assert held == there
