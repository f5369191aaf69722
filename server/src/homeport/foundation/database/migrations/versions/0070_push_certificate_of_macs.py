"""The push certificate by which Macs are woken."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0070"
down_revision = "0063"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "apple_push",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.Text(), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("serial_number", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("uploaded_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("request_key_sealed", sa.Text(), nullable=False),
        sa.Column("requested_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_apple_push_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apple_push")),
    )
