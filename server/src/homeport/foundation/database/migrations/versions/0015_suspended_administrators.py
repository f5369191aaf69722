"""Administrators who are suspended, and API keys that were made with another one."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("administrators", schema=None) as batch_op:
        batch_op.add_column(sa.Column("suspended_at", columns.UtcDateTime(timezone=True), nullable=True))
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("made_with", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.create_foreign_key(
            batch_op.f("fk_api_keys_made_with_api_keys"), "api_keys", ["made_with"], ["id"], ondelete="CASCADE"
        )
        batch_op.create_index("ix_api_keys_made_with", ["made_with"], unique=False)
