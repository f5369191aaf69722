"""The table of jobs."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("cursor", Json, nullable=False),
    Column("result", Json, nullable=False),
    Column("error", LongText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claim", String(36), nullable=False),
    Column("finished_at", UtcDateTime),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'dead')", name="state"),
    CheckConstraint("done >= 0 AND total >= 0 AND attempts >= 0", name="counts"),
    Index("ix_jobs_state_due_at", "state", "due_at"),
)
