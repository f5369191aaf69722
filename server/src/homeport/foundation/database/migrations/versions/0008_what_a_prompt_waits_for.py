"""What a device's prompt waits for: its purpose, the only person who may approve, and what the person is shown."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("device_authorizations") as table:
        table.add_column(sa.Column("scope", sa.String(length=16), server_default="device_login", nullable=False))
        table.add_column(sa.Column("wanted_user_id", sa.String(length=36), server_default="", nullable=False))
        table.add_column(sa.Column("wanted_nonce", sa.String(length=100), server_default="", nullable=False))
        table.add_column(sa.Column("wanted_place", sa.String(length=300), server_default="", nullable=False))
        table.add_column(sa.Column("wanted_message", sa.String(length=200), server_default="", nullable=False))
        table.create_check_constraint(
            op.f("ck_device_authorizations_scope"), "scope IN ('device_login', 'passcode_reset', 'sudo')"
        )
    op.create_index("ix_device_authorizations_sign_in_id", "device_authorizations", ["sign_in_id"])
