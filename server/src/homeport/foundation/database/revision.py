"""The newest schema revision of this version, read from file names, so that asking for it needs neither Alembic nor SQLAlchemy."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"


def head() -> str:
    """Return the newest revision."""
    return max(path.stem.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
