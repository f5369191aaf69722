"""Which unique constraint a write ran into, told alike for SQLite and PostgreSQL."""

from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import IntegrityError


def violates_unique(error: IntegrityError, constraint: UniqueConstraint) -> bool:
    """Tell whether the error is about this constraint. After one, the unit of work must roll back: let an exception leave it."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:  # PostgreSQL names the constraint; its message also holds values and proves nothing
        return bool(diagnosis.constraint_name == constraint.name)
    columns = ", ".join(f"{column.table.name}.{column.name}" for column in constraint.columns)
    return str(error.orig).endswith(f"UNIQUE constraint failed: {columns}")
