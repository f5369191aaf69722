"""The users' table."""

from sqlalchemy import CheckConstraint, Column, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, UtcDateTime, metadata

unique_username = UniqueConstraint("username")
unique_email = UniqueConstraint("email")

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", String(64), nullable=False),
    Column("email", String(254), nullable=False),
    Column("firstname", String(255), nullable=False),
    Column("lastname", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    unique_username,
    unique_email,
    CheckConstraint("state IN ('STAGED', 'ACTIVATED', 'SUSPENDED')", name="state"),
    CheckConstraint("username = lower(username)", name="username_lower"),
    CheckConstraint("email = lower(email)", name="email_lower"),
    CheckConstraint("version > 0", name="version"),
)
