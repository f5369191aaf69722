"""Tables of MDM."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

apple_macs = Table(
    "apple_macs",
    metadata,
    Column("device_id", Id, primary_key=True),
    Column("serial", String(64), nullable=False),
    Column("udid", String(64), nullable=False),
    Column("certificate_sha256", String(64), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("enrolled_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("topic", String(255), nullable=False),
    Column("push_token", String(512), nullable=False),
    Column("push_magic", String(255), nullable=False),
    Column("push_due_at", UtcDateTime),
    Column("push_tries", Integer, nullable=False),
    Column("push_error", String(255), nullable=False),
    Column("awaiting", Boolean, nullable=False),
    Column("release", Json, nullable=False),
    Column("deadline_at", UtcDateTime),  # only while it decides something, so that the late ones are found by an index
    Column("account", Json, nullable=False),
    Column("binding", String(16), nullable=False),
    Column("bootstrap_sealed", LongText, nullable=False),
    Column("admin_name", String(255), nullable=False),
    Column("admin_sealed", LongText, nullable=False),
    Column("facts", Json, nullable=False),
    Column("checked_out_at", UtcDateTime),
    UniqueConstraint("serial"),
    UniqueConstraint("udid"),
    UniqueConstraint("certificate_sha256"),
    Index("ix_apple_macs_deadline_at", "deadline_at"),
    Index("ix_apple_macs_push_due_at", "push_due_at"),
    Index("ix_apple_macs_user_id", "user_id"),
    CheckConstraint("state IN ('authenticated', 'enrolled', 'checked_out')", name="state"),
    CheckConstraint("binding IN ('none', 'intended', 'configured', 'observed', 'confirmed', 'mismatch')", name="binding"),
)

apple_orders = Table(
    "apple_orders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, nullable=False),
    Column("request_type", String(64), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("message", String(200), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_by_name", String(255), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("device_id", "request_type"),
)

apple_commands = Table(
    "apple_commands",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("request_type", String(64), nullable=False),
    Column("body_sealed", LongText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("errors", LongText, nullable=False),
    Column("position", Integer, nullable=False),
    Index("ix_apple_commands_device_id_state", "device_id", "state"),
    Index("ix_apple_commands_answered_at", "answered_at"),
    CheckConstraint("state IN ('queued', 'sent', 'not_now', 'acknowledged', 'failed')", name="state"),
)
