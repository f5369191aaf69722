"""Sessions: how they began; whether a second factor is demanded is asked of the policies at each request."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0028"


def upgrade() -> None:
    """Apply."""
    for sessions in ("admin_sessions", "user_sessions"):
        op.add_column(sessions, sa.Column("way", sa.String(length=16), nullable=False, server_default="password"))
        op.drop_column(sessions, "factor_demanded")
