"""How people with an account may come in by ssh and act as root."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("provisioning_settings") as table:
        table.add_column(sa.Column("ssh", sa.String(length=16), server_default="key", nullable=False))
        table.add_column(sa.Column("sudo", sa.String(length=16), server_default="passcode", nullable=False))
        table.create_check_constraint(op.f("ck_provisioning_settings_ssh"), "ssh IN ('key', 'browser', 'passcode')")
        table.create_check_constraint(op.f("ck_provisioning_settings_sudo"), "sudo IN ('passcode', 'browser', 'never')")
