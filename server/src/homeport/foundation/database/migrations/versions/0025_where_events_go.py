"""Where the entries of the audit log are sent, and how far each destination came."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "event_destinations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=1000), nullable=False),
        sa.Column("batched", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("after_batch", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.String(length=36), nullable=False),
        sa.Column("due_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("succeeded_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failed_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=1000), nullable=False),
        sa.Column("claim", sa.String(length=36), nullable=False),
        sa.Column("claimed_until", columns.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('webhook', 'syslog')", name=op.f("ck_event_destinations_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_destinations")),
        sa.UniqueConstraint("name", name=op.f("uq_event_destinations_name")),
    )
