"""The settings of Macs say how a Mac gets its certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"


def upgrade() -> None:
    """Apply."""
    op.add_column("apple_settings", sa.Column("certificate_way", sa.String(length=16), nullable=False, server_default="scep"))
