"""How the provider says that a person signed in, and Macs that take a second factor to enrol again."""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"


def upgrade() -> None:
    """Apply."""
    op.add_column("sign_ins", sa.Column("methods", sa.String(length=255), nullable=False, server_default=""))
    op.add_column("apple_enrollments", sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("apple_settings", sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.false()))
