"""What exports of the audit log wrote."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0045"
down_revision = "0042"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit_export_parts",
        sa.Column("export_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_audit_export_parts")),
    )
    op.create_index(op.f("ix_audit_export_parts_created_at"), "audit_export_parts", ["created_at"])
