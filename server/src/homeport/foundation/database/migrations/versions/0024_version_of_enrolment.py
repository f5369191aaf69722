"""The settings of enrolment count their changes, so that two administrators do not overwrite one another."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Apply."""
    op.add_column("enrollment_settings", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
