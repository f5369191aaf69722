"""One real PostgreSQL for a whole test run, and a cheap empty database for each test that asks.

The first worker that needs it starts it; all pytest-xdist workers share it. A keeper process of its own (`python -m
tests.support.postgresql_keeper`) holds the server and ends it when the run ends, even when the run is killed.
"""

import contextlib
import fcntl
import glob
import itertools
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_FOLDER = pytest.StashKey[Path]()
_INPUT = "homeport_postgresql_folder"
_ROOT_OF_CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Database:
    """One database of the shared server, open to its user without a password on loopback."""

    name: str
    port: int

    @property
    def url(self) -> str:
        """The address as libpq and psycopg take it."""
        return f"postgresql://homeport@127.0.0.1:{self.port}/{self.name}"

    @property
    def sqlalchemy_url(self) -> str:
        """The address as SQLAlchemy takes it, with the psycopg driver."""
        return f"postgresql+psycopg://homeport@127.0.0.1:{self.port}/{self.name}"


class PostgreSQL:
    """The shared server: makes and drops databases."""

    def __init__(self, port: int, prefix: str) -> None:
        self.port = port
        self._names = (f"{prefix}_{number}" for number in itertools.count(1))

    def create(self, template: Database | None = None) -> Database:
        """Make a database: an empty one, or a copy of `template` with its tables and rows."""
        database = Database(next(self._names), self.port)
        self._create(database, template)
        return database

    def template(self, name: str, fill: Callable[[Database], None]) -> Database:
        """The database `name` that the first caller of the run filled with `fill`; copy it with `create(template=…)`.

        `fill` must close its connections: PostgreSQL copies only a database that nobody is connected to.
        """
        database = Database(name, self.port)
        unfinished = Database(f"{name}_unfinished", self.port)
        with self._connect() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                self.drop(unfinished)
                self._create(unfinished, None)
                fill(unfinished)
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                connection.execute(rename.format(sql.Identifier(unfinished.name), sql.Identifier(name)))
        return database

    def drop(self, database: Database) -> None:
        """Remove the database and end whoever is still connected to it."""
        with self._connect() as connection:
            for left in reversed(range(5)):
                try:
                    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name)))
                except psycopg.errors.ObjectInUse:  # it waits only some seconds for those it has ended
                    if not left:
                        raise
                else:
                    return

    def _create(self, database: Database, template: Database | None) -> None:
        source = sql.Identifier(template.name if template else "template0")
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database.name), source))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(Database("postgres", self.port).url, autocommit=True)


def binaries() -> Path:
    """The folder of the newest PostgreSQL's own programs."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")  # noqa: PTH207 - an absolute pattern
    if not found:
        raise pytest.UsageError("PostgreSQL is not installed: `make test` installs it, or `tools/setup test` does that alone.")
    return Path(max(found, key=lambda path: int(path.split("/")[4]))).parent


def start_or_join(folder: Path, run: int) -> int:
    """The port of the run's server; the first caller starts it under the folder, the others wait for it."""
    folder.mkdir(mode=0o755, exist_ok=True)
    ready = folder / "ready.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            _start(folder, run)
        return json.loads(ready.read_text())["port"]


def _start(folder: Path, run: int) -> None:
    log = folder / "keeper.log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.postgresql_keeper", str(folder), str(binaries()), str(run)],
            cwd=_ROOT_OF_CHECKOUT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 180
    while not (folder / "ready.json").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start. It said:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
    keeper.returncode = 0  # it outlives this worker on purpose; the run ends it through stop()


def stop(folder: Path) -> None:
    """End the run's server, if one was started, and remove its folder."""
    if not folder.exists():
        return
    with contextlib.suppress(FileNotFoundError):
        keeper = json.loads((folder / "ready.json").read_text())["keeper"]
        (folder / "stop").touch()
        deadline = time.monotonic() + 90
        while Path(f"/proc/{keeper}").exists() and not _is_zombie(keeper) and time.monotonic() < deadline:
            time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def pytest_configure(config: pytest.Config) -> None:
    workerinput = getattr(config, "workerinput", None)
    own = Path(tempfile.gettempdir(), f"homeport-postgresql-{secrets.token_hex(8)}")
    config.stash[_FOLDER] = Path(workerinput[_INPUT]) if workerinput else own


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    node.workerinput[_INPUT] = str(node.config.stash[_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and _FOLDER in config.stash:
        stop(config.stash[_FOLDER])


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> PostgreSQL:
    """The run's PostgreSQL server, started when the first test asks."""
    workerinput = getattr(request.config, "workerinput", None)
    run = os.getppid() if workerinput else os.getpid()
    port = start_or_join(request.config.stash[_FOLDER], run)
    return PostgreSQL(port, f"test_{workerinput['workerid'] if workerinput else 'main'}_{os.getpid()}")


@pytest.fixture
def empty_database(postgresql: PostgreSQL) -> Iterator[Database]:
    """An empty PostgreSQL database for one test."""
    database = postgresql.create()
    yield database
    postgresql.drop(database)
