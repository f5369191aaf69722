"""Opens the database and hands out units of work."""

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DontWrapMixin, OperationalError

from homeport.foundation.kernel.errors import Invalid, Unavailable
from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.texts import HALF_A_CHARACTER, is_whole, made_whole

log = structlog.get_logger()
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Handler = Callable[["UnitOfWork", Any], None]
BUSY_MILLISECONDS = 10_000
"""How long SQLite waits for another process's write, such as `homeport admin link` beside `homeport serve`."""
DISK_FULL = (
    "The disk of Homeport's database is full, so nothing was changed. An administrator must free some space; then try again."
)
CHANGES_MET = "Two changes met at the same moment and only one could be made, so nothing was changed here. Repeat it."
NUL = "Something in the request holds a NUL byte, which no text here has. Leave it out and repeat."
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_MET = {"40P01", "40001"}
"""PostgreSQL's deadlock_detected and serialization_failure: whoever repeats the transaction finds the way free."""


@dataclass(slots=True)
class Subscriptions:
    """Which handlers run for which events; filled once by bootstrap."""

    handlers: dict[type[Event], list[Handler]] = field(default_factory=dict)

    def subscribe(self, kind: type[Event], handler: Handler) -> None:
        """Run `handler` for every event of exactly this type."""
        self.handlers.setdefault(kind, []).append(handler)


@dataclass(slots=True)
class UnitOfWork:
    """One transaction. It is the Publisher of the actions that are built over it."""

    connection: Connection
    subscriptions: Subscriptions
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    """What to do once the transaction is safely stored, such as waking a waiting device; never a change of data."""

    def publish(self, event: Event) -> None:
        """Run the event's handlers now, in this transaction."""
        for handler in self.subscriptions.handlers.get(type(event), ()):
            handler(self, event)


class Database:
    """A SQLite file or a PostgreSQL database, by URL: `sqlite:///path/to/file` or `postgresql+psycopg://…`."""

    def __init__(self, url: str, subscriptions: Subscriptions | None = None) -> None:
        self.subscriptions = subscriptions or Subscriptions()
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine: Engine = _sqlite(url) if self.is_sqlite else _postgresql(url)
        event.listen(self.engine, "before_cursor_execute", _refuse_no_text)
        self._writer = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """Open a unit of work that commits at the end, or rolls back when an exception leaves it."""
        # One writer at a time in this process: SQLite's own busy waiting is unfair and can starve a writer for seconds.
        with self._writer if self.is_sqlite else nullcontext(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            work = UnitOfWork(connection, self.subscriptions)
            try:
                yield work
                connection.commit()
            except BaseException as error:
                connection.rollback()
                if isinstance(error, OperationalError):
                    _tell(error)
                raise
        for hook in work.after_commit:
            hook()

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """Open a unit of work that is rolled back at the end, whatever happened in it."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            try:
                yield UnitOfWork(connection, self.subscriptions)
            except OperationalError as error:
                _tell(error)
                raise
            finally:
                connection.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        """Open a unit of work as `read` does, in which everything is as it was at one moment, without keeping writers waiting."""
        with self.read() as unit:
            if not self.is_sqlite:  # in SQLite's WAL mode, each read transaction is one
                unit.connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield unit

    def ping(self) -> None:
        """Raise when the database cannot be read."""
        with self.read() as unit:
            unit.connection.exec_driver_sql("SELECT 1")

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


class Work(Protocol[T_co]):
    """What an edge holds: units of work in which one slice's actions are ready."""

    def write(self) -> AbstractContextManager[T_co]:
        """Open a unit of work that commits at the end."""
        ...

    def read(self) -> AbstractContextManager[T_co]:
        """Open a unit of work that never commits."""
        ...

    def snapshot(self) -> AbstractContextManager[T_co]:
        """Open one that never commits and in which everything is as it was at one moment."""
        ...


@dataclass(frozen=True, slots=True)
class DatabaseWork(Generic[T]):
    """Work over a real database; `build` makes the actions over one unit of work's connection."""

    database: Database
    build: Callable[[UnitOfWork], T]

    @contextmanager
    def write(self) -> Iterator[T]:
        """Open a unit of work that commits at the end."""
        with self.database.write() as unit:
            yield self.build(unit)

    @contextmanager
    def read(self) -> Iterator[T]:
        """Open a unit of work that never commits."""
        with self.database.read() as unit:
            yield self.build(unit)

    @contextmanager
    def snapshot(self) -> Iterator[T]:
        """Open one that never commits and in which everything is as it was at one moment."""
        with self.database.snapshot() as unit:
            yield self.build(unit)


def _tell(error: OperationalError) -> None:
    """Raise Unavailable for what passes: a full disk (SQLITE_FULL, PostgreSQL's 53100), or a change that met another one."""
    state = getattr(error.orig, "sqlstate", None)
    if state == "53100" or getattr(error.orig, "sqlite_errorname", "") == "SQLITE_FULL":
        raise Unavailable(DISK_FULL) from error
    if state in _MET:
        log.warning("changes_met", sqlstate=state, statement=error.statement)
        raise Unavailable(CHANGES_MET) from error


class _NoText(Invalid, DontWrapMixin):
    """Something that is no text was about to be written inside a JSON document; SQLAlchemy lets it through as it is."""


def _refuse_no_text(_connection: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, many: Any) -> None:
    """Refuse NUL bytes and half characters wherever they come from: an error of the database, which holds none, would answer 500."""
    for row in parameters if many else (parameters,):
        for value in row.values() if isinstance(row, dict) else row:
            if not isinstance(value, str):
                continue
            if "\x00" in value:
                raise Invalid(NUL)
            if not is_whole(value):
                raise Invalid(HALF_A_CHARACTER)


def _to_json(value: Any) -> str:
    """Write a JSON document; raise Invalid for what PostgreSQL cannot hold and SQLite would, to fail whoever reads it."""
    text = json.dumps(value)
    if "\\u" in text:
        if _NUL_IN_JSON.search(text):
            raise _NoText(NUL)
        if not is_whole(value):
            raise _NoText(HALF_A_CHARACTER)
    return text


def from_json(text: str | bytes) -> Any:
    """Read a JSON document. One that was stored when this was not yet refused has marks in the places of what is no text."""
    text = text if isinstance(text, str) else text.decode()
    if "\\u" not in text:
        return json.loads(text)
    return made_whole(json.loads(_NUL_IN_JSON.sub(lambda found: found.group()[:-4] + "fffd", text)))


def _sqlite(url: str) -> Engine:
    _keep_from_others(make_url(url).database)
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=40,
        pool_use_lifo=True,  # each connection has a page cache of its own; the fewest that are needed are filled
        hide_parameters=True,  # an error's text goes to the log, and parameters hold codes and hashes
        json_serializer=_to_json,
        json_deserializer=from_json,
        connect_args={"check_same_thread": False, "timeout": BUSY_MILLISECONDS / 1000},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the unit of work says BEGIN itself
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MILLISECONDS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _postgresql(url: str) -> Engine:
    return create_engine(
        url,
        pool_size=20,
        max_overflow=40,
        pool_use_lifo=True,
        pool_pre_ping=True,
        hide_parameters=True,
        json_serializer=_to_json,
    )


def _keep_from_others(path: str | None) -> None:
    """Make a new database file readable by its owner only; SQLite gives the files beside it the same mode."""
    if path and path != ":memory:":
        with suppress(FileNotFoundError):  # of the folder, which connecting then complains of
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
