"""Which schema the database has, and bringing it up to date."""

from sqlalchemy import Connection, inspect, text

from homeport.foundation.database.engine import Database
from homeport.foundation.database.revision import MIGRATIONS, head

LOCK = 0x686F6D65706F7274
"""Key of PostgreSQL's advisory lock, so that two replicas never migrate at once."""


class SchemaError(Exception):
    """The database's schema is not this version's; the text names the command that mends it."""


def present(connection: Connection) -> str | None:
    """Return the database's revision; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def check(database: Database) -> None:
    """Raise SchemaError unless the schema is this version's; an empty database is brought up at once."""
    with database.engine.connect() as connection:
        found = present(connection)
    if found is None:
        migrate(database)
    else:
        require(database)


def require(database: Database) -> None:
    """Raise SchemaError unless the database has a schema and it is this version's; change nothing."""
    with database.engine.connect() as connection:
        found = present(connection)
    if found is None:
        raise SchemaError("The database is empty. Run: homeport migrate")
    if found < head():
        raise SchemaError(
            f"The database has schema {found}, this version needs {head()}. Make a backup, then run: homeport migrate"
        )
    if found > head():
        raise SchemaError(f"The database has schema {found}, newer than this version's {head()}. Start the version that made it.")


def migrate(database: Database) -> tuple[str | None, str]:
    """Bring the schema up to date in one transaction; return the revision before and after."""
    from alembic import command  # noqa: PLC0415 - half a second that starting does not need
    from alembic.config import Config  # noqa: PLC0415 - the same

    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            connection.execute(text("SET LOCAL lock_timeout = '4s'"))
        before = present(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return before, head()
