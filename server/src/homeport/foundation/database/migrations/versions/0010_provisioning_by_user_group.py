"""What members of user groups get instead of the defaults of provisioning."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "provisioning_group_rules",
        sa.Column("os_family", sa.String(length=16), nullable=False),
        sa.Column("user_group_id", sa.String(length=36), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("lease_days", sa.Integer(), nullable=True),
        sa.CheckConstraint("lease_days BETWEEN 1 AND 90", name=op.f("ck_provisioning_group_rules_lease_days")),
        sa.CheckConstraint("os_family IN ('linux', 'macos', 'windows')", name=op.f("ck_provisioning_group_rules_os_family")),
        sa.PrimaryKeyConstraint("os_family", "user_group_id", name=op.f("pk_provisioning_group_rules")),
    )
    op.create_index(op.f("ix_provisioning_group_rules_user_group_id"), "provisioning_group_rules", ["user_group_id"])
