"""Macs out of the box: settings, the server at Apple Business Manager with its inventory, sessions of the web view."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from homeport.foundation.database import columns

revision = "0050"
down_revision = "0047"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "apple_ade_devices",
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("color", sa.String(length=64), nullable=False),
        sa.Column("asset_tag", sa.String(length=255), nullable=False),
        sa.Column("os", sa.String(length=32), nullable=False),
        sa.Column("device_family", sa.String(length=32), nullable=False),
        sa.Column("profile_uuid", sa.String(length=64), nullable=False),
        sa.Column("profile_status", sa.String(length=16), nullable=False),
        sa.Column("profile_assigned_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("profile_pushed_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("assigned_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("assigned_by", sa.String(length=255), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("seen_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("removed_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=32), nullable=False),
        sa.Column("try_after", columns.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_apple_ade_devices")),
    )
    with op.batch_alter_table("apple_ade_devices", schema=None) as batch_op:
        batch_op.create_index("ix_apple_ade_devices_profile_uuid", ["profile_uuid", "serial"], unique=False)
        batch_op.create_index("ix_apple_ade_devices_removed_at", ["removed_at", "serial"], unique=False)

    op.create_table(
        "apple_ade_servers",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.Text(), nullable=False),
        sa.Column("certificate_expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("consumer_key", sa.String(length=255), nullable=False),
        sa.Column("token_sealed", sa.Text(), nullable=False),
        sa.Column("token_expires_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("server_name", sa.String(length=255), nullable=False),
        sa.Column("server_uuid", sa.String(length=64), nullable=False),
        sa.Column("org_name", sa.String(length=255), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("fetched", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("synced_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("attempted_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("paused_until", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("error_text", sa.String(length=1000), nullable=False),
        sa.Column("profile_uuid", sa.String(length=64), nullable=False),
        sa.Column("profile_digest", sa.String(length=64), nullable=False),
        sa.Column("profile_defined_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_apple_ade_servers_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apple_ade_servers")),
    )
    op.create_table(
        "apple_enrollments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("cookie_hash", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("udid", sa.String(length=64), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("os_version", sa.String(length=32), nullable=False),
        sa.Column("build", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=32), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("sign_in_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("issuer", sa.String(length=2048), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("issued_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('started', 'signed_in', 'issued', 'enrolled', 'refused')", name=op.f("ck_apple_enrollments_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apple_enrollments")),
        sa.UniqueConstraint("cookie_hash", name=op.f("uq_apple_enrollments_cookie_hash")),
    )
    with op.batch_alter_table("apple_enrollments", schema=None) as batch_op:
        batch_op.create_index("ix_apple_enrollments_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_apple_enrollments_serial_created_at", ["serial", "created_at"], unique=False)
        batch_op.create_index("ix_apple_enrollments_user_id", ["user_id"], unique=False)

    op.create_table(
        "apple_settings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("permission", sa.String(length=16), nullable=False),
        sa.Column("admin_group_id", sa.String(length=36), nullable=True),
        sa.Column("lock_account", sa.Boolean(), nullable=False),
        sa.Column("managed_admin", sa.Boolean(), nullable=False),
        sa.Column("device_group_id", sa.String(length=36), nullable=True),
        sa.Column("skip_panes", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("welcome_text", sa.Text(), nullable=False),
        sa.Column("department", sa.String(length=125), nullable=False),
        sa.Column("support_phone", sa.String(length=125), nullable=False),
        sa.Column("support_email", sa.String(length=254), nullable=False),
        sa.Column("release_minutes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("permission IN ('standard', 'admin')", name=op.f("ck_apple_settings_permission")),
        sa.CheckConstraint("id = 1", name=op.f("ck_apple_settings_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apple_settings")),
    )
