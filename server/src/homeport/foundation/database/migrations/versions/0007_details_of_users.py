"""What else a directory knows of a person, and one folded text in which a search for users and groups looks."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

DETAILS = {
    "displayname": 1024,
    "job_title": 1024,
    "department": 1024,
    "company": 1024,
    "location": 1024,
    "cost_center": 1024,
    "employee_identifier": 256,
    "employee_type": 1024,
    "description": 1024,
}


def upgrade() -> None:
    """Apply."""
    op.add_column("user_groups", sa.Column("search_key", sa.Text(), server_default="", nullable=False))
    for name, longest in DETAILS.items():
        op.add_column("users", sa.Column(name, sa.String(length=longest), server_default="", nullable=False))
    op.add_column("users", sa.Column("search_key", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_users_created_at_username", "users", ["created_at", "username"], unique=False)
    op.create_index("ix_users_firstname_username", "users", ["firstname", "username"], unique=False)
    op.create_index("ix_users_lastname_username", "users", ["lastname", "username"], unique=False)
    op.create_index("ix_users_state_username", "users", ["state", "username"], unique=False)
    _fill("users", ("username", "email", "firstname", "lastname"))
    _fill("user_groups", ("name", "description"))


def _fill(name: str, fields: tuple[str, ...]) -> None:
    """Write the text for the rows that are there; new rows bring it along."""
    connection = op.get_bind()
    table = sa.table(name, *(sa.column(field) for field in ("id", "search_key", *fields)))
    rows = connection.execute(sa.select(table.c.id, *(table.c[field] for field in fields))).all()
    keys = [{"row": row[0], "key": _folded("\n".join(part for part in row[1:] if part))} for row in rows]
    if keys:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row")).values(search_key=sa.bindparam("key"))
        connection.execute(statement, keys)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
