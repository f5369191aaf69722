"""Batches of the audit log whose entries retention removed: when, and the signature that proves it."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Apply."""
    op.add_column("audit_batches", sa.Column("removed_at", columns.UtcDateTime(timezone=True), nullable=True))
    op.add_column("audit_batches", sa.Column("removal_key_id", sa.String(length=16), nullable=True))
    op.add_column("audit_batches", sa.Column("removal_signature", sa.String(length=128), nullable=True))
