"""Devices that are limited to assigned people, and who is assigned."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.add_column("devices", sa.Column("limited", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("device_groups", sa.Column("limited", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "assignments",
        sa.Column("target_type", sa.String(length=16), nullable=False),
        sa.Column("target_id", sa.String(length=36), nullable=False),
        sa.Column("subject_type", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("subject_type IN ('user', 'user_group')", name=op.f("ck_assignments_subject_type")),
        sa.CheckConstraint("target_type IN ('device', 'device_group')", name=op.f("ck_assignments_target_type")),
        sa.PrimaryKeyConstraint("target_type", "target_id", "subject_type", "subject_id", name=op.f("pk_assignments")),
    )
    op.create_index("ix_assignments_subject", "assignments", ["subject_type", "subject_id"])
