"""Keys of the help desk's codes, and what devices did without an order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from homeport.foundation.database import columns

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "help_desk_keys",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("device_public", sa.String(length=43), nullable=False),
        sa.Column("server_public", sa.String(length=43), nullable=False),
        sa.Column("key_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_help_desk_keys")),
    )
    op.create_table(
        "device_notices",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("username", sa.String(length=31), nullable=False),
        sa.Column("at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("details", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.CheckConstraint("kind IN ('code_issued', 'unlock', 'unbind')", name=op.f("ck_device_notices_kind")),
        sa.PrimaryKeyConstraint("device_id", "id", name=op.f("pk_device_notices")),
    )
    op.create_index("ix_device_notices_device_id_at", "device_notices", ["device_id", "at"])
