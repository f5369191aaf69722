"""A database with this version's schema and nothing in it."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from homeport.foundation.database import schema
from homeport.foundation.database.engine import Database


@cache
def migrated_database() -> Path:
    """A database of this version with nothing in it, which a server need not make anew; made once in this process."""
    file = Path(mkdtemp(prefix="homeport-")) / "homeport.sqlite"
    atexit.register(shutil.rmtree, file.parent)
    database = Database(f"sqlite:///{file}")
    schema.migrate(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return file
