"""Browsers whose sign-ins a device's agent began."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "device_browsers",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_browsers_device_id_devices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_device_browsers")),
    )
    op.create_index("ix_device_browsers_device_id", "device_browsers", ["device_id"], unique=False)
    op.create_index("ix_device_browsers_expires_at", "device_browsers", ["expires_at"], unique=False)
