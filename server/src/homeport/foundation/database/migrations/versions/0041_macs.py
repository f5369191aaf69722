"""Macs under management, and the commands they are given."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0041"
down_revision = "0032"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "apple_commands",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("request_type", sa.String(length=64), nullable=False),
        sa.Column("body_sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'not_now', 'acknowledged', 'failed')", name=op.f("ck_apple_commands_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apple_commands")),
    )
    with op.batch_alter_table("apple_commands", schema=None) as batch_op:
        batch_op.create_index("ix_apple_commands_answered_at", ["answered_at"], unique=False)
        batch_op.create_index("ix_apple_commands_device_id_state", ["device_id", "state"], unique=False)

    op.create_table(
        "apple_macs",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("udid", sa.String(length=64), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("enrolled_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("push_token", sa.String(length=512), nullable=False),
        sa.Column("push_magic", sa.String(length=255), nullable=False),
        sa.Column("push_due_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("push_tries", sa.Integer(), nullable=False),
        sa.Column("push_error", sa.String(length=255), nullable=False),
        sa.Column("awaiting", sa.Boolean(), nullable=False),
        sa.Column("release", columns.Json, nullable=False),
        sa.Column("deadline_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("account", columns.Json, nullable=False),
        sa.Column("binding", sa.String(length=16), nullable=False),
        sa.Column("bootstrap_sealed", sa.Text(), nullable=False),
        sa.Column("admin_name", sa.String(length=255), nullable=False),
        sa.Column("admin_sealed", sa.Text(), nullable=False),
        sa.Column("facts", columns.Json, nullable=False),
        sa.Column("checked_out_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "binding IN ('none', 'intended', 'configured', 'observed', 'confirmed', 'mismatch')",
            name=op.f("ck_apple_macs_binding"),
        ),
        sa.CheckConstraint("state IN ('authenticated', 'enrolled', 'checked_out')", name=op.f("ck_apple_macs_state")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_apple_macs")),
        sa.UniqueConstraint("certificate_sha256", name=op.f("uq_apple_macs_certificate_sha256")),
        sa.UniqueConstraint("serial", name=op.f("uq_apple_macs_serial")),
        sa.UniqueConstraint("udid", name=op.f("uq_apple_macs_udid")),
    )
    with op.batch_alter_table("apple_macs", schema=None) as batch_op:
        batch_op.create_index("ix_apple_macs_deadline_at", ["deadline_at"], unique=False)
        batch_op.create_index("ix_apple_macs_push_due_at", ["push_due_at"], unique=False)
        batch_op.create_index("ix_apple_macs_user_id", ["user_id"], unique=False)
