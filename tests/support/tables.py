"""Databases with the tables of all slices and no rows, made once for a worker, since making them costs more than most tests that ask."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from tests.support.postgresql import Database as Place
from tests.support.postgresql import PostgreSQL

from homeport.foundation.database.columns import metadata
from homeport.foundation.database.engine import Database

Tables = tuple[str, ...]


def present() -> Tables:
    """The tables of all slices that were imported until now, those that others refer to first."""
    return tuple(table.name for table in metadata.sorted_tables)


@dataclass
class Templates:
    """SQLite files with the tables, one for each set of tables; `copy` is a file of the test's own."""

    folder: Path
    made: dict[Tables, Path] = field(default_factory=dict)

    def copy(self, folder: Path) -> Database:
        """Open a database in the folder."""
        tables = present()
        if tables not in self.made:
            template = self.folder / f"tables-{len(self.made)}.db"
            database = Database(f"sqlite:///{template}")
            metadata.create_all(database.engine)
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            database.dispose()
            self.made[tables] = template
        path = folder / "homeport.db"
        shutil.copyfile(self.made[tables], path)
        return Database(f"sqlite:///{path}")


@dataclass
class Kept:
    """One PostgreSQL database that a worker's tests have one after the other; whatever one left is gone before the next."""

    server: PostgreSQL
    place: Place | None = None
    tables: Tables = ()

    def open(self) -> Database:
        """Empty the database and open it."""
        if self.place is None:
            self.place = self.server.create()
        elif self.tables == present():
            self._empty(self.place)
        else:  # another slice was imported
            self.server.drop(self.place)
            self.place = self.server.create()
            self.tables = ()
        found = Database(self.place.sqlalchemy_url)
        if not self.tables:
            metadata.create_all(found.engine)
            self.tables = present()
        return found

    def _empty(self, place: Place) -> None:
        with psycopg.connect(place.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [place.name],
            )
            there = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
            for name in there.difference(self.tables):  # a test made it for itself
                connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))
            has_rows = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
                for name in self.tables
            )
            filled = {name for (name,) in connection.execute(has_rows)}
            for name in reversed(self.tables):
                if name in filled:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for (sequence,) in connection.execute(
                "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
            ).fetchall():
                connection.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(sequence)))
