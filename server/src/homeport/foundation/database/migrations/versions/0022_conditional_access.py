"""Access policies, what counts without one, IP lists, and sessions that were let in on condition of a second factor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from homeport.foundation.database import columns

revision = "0022"
down_revision = "0021"
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "access_policies",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_key", sa.String(length=765), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("portal", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("targets", JSON, nullable=False),
        sa.Column("conditions", JSON, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("links", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("portal IN ('user_portal', 'admin_portal')", name=op.f("ck_access_policies_portal")),
        sa.CheckConstraint("mode IN ('enabled', 'disabled', 'monitor')", name=op.f("ck_access_policies_mode")),
        sa.CheckConstraint("action IN ('allow', 'allow_with_mfa', 'deny')", name=op.f("ck_access_policies_action")),
        sa.CheckConstraint("version > 0", name=op.f("ck_access_policies_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_policies")),
        sa.UniqueConstraint("name_key", name=op.f("uq_access_policies_name_key")),
    )
    op.create_table(
        "access_defaults",
        sa.Column("portal", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("portal IN ('user_portal', 'admin_portal')", name=op.f("ck_access_defaults_portal")),
        sa.CheckConstraint("action IN ('allow', 'allow_with_mfa', 'deny')", name=op.f("ck_access_defaults_action")),
        sa.PrimaryKeyConstraint("portal", name=op.f("pk_access_defaults")),
    )
    op.create_table(
        "ip_lists",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_key", sa.String(length=765), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("networks", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_ip_lists_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ip_lists")),
        sa.UniqueConstraint("name_key", name=op.f("uq_ip_lists_name_key")),
    )
    for sessions in ("admin_sessions", "user_sessions"):
        op.add_column(sessions, sa.Column("factor_demanded", sa.Boolean(), nullable=False, server_default=sa.false()))
