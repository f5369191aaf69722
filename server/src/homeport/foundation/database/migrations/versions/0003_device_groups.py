"""Device groups, and which group a new device joins."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "device_groups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("description", sa.String(length=1000), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_groups")),
        sa.UniqueConstraint("name_key", name=op.f("uq_device_groups_name_key")),
    )
    op.create_table(
        "device_group_members",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("added_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_group_members_device_id_devices")),
        sa.ForeignKeyConstraint(["group_id"], ["device_groups.id"], name=op.f("fk_device_group_members_group_id_device_groups")),
        sa.PrimaryKeyConstraint("group_id", "device_id", name=op.f("pk_device_group_members")),
    )
    op.create_index(op.f("ix_device_group_members_device_id"), "device_group_members", ["device_id"])
    op.add_column("enrollment_keys", sa.Column("group_id", sa.String(length=36), nullable=True))
    op.add_column("enrollment_settings", sa.Column("group_id", sa.String(length=36), nullable=True))
