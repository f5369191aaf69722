"""What a device or a device group says of ssh and sudo instead of the setting."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "device_policies",
        sa.Column("target_type", sa.String(length=16), nullable=False),
        sa.Column("target_id", sa.String(length=36), nullable=False),
        sa.Column("ssh", sa.String(length=16), nullable=True),
        sa.Column("sudo", sa.String(length=16), nullable=True),
        sa.CheckConstraint("target_type IN ('device', 'device_group')", name=op.f("ck_device_policies_target_type")),
        sa.CheckConstraint("ssh IN ('key', 'browser', 'passcode')", name=op.f("ck_device_policies_ssh")),
        sa.CheckConstraint("sudo IN ('passcode', 'browser', 'never')", name=op.f("ck_device_policies_sudo")),
        sa.PrimaryKeyConstraint("target_type", "target_id", name=op.f("pk_device_policies")),
    )
