"""How many Macs a person may have, whether a Mac enrols again for its person only, and Macs that nobody may enrol."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0072"


def upgrade() -> None:
    """Apply."""
    op.add_column("apple_settings", sa.Column("most_macs", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("apple_settings", sa.Column("same_person", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("apple_ade_devices", sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.false()))
