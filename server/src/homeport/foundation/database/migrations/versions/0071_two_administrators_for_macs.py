"""Locking and erasing a Mac by two administrators."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0071"
down_revision = "0070"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "apple_orders",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("request_type", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("message", sa.String(length=200), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_by_name", sa.String(length=255), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apple_orders")),
        sa.UniqueConstraint("device_id", "request_type", name=op.f("uq_apple_orders_device_id_request_type")),
    )
    with op.batch_alter_table("apple_orders", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_apple_orders_expires_at"), ["expires_at"], unique=False)
    with op.batch_alter_table("apple_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("second_approver", sa.Boolean(), server_default=sa.false(), nullable=False))
