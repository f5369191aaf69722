"""The audit log's tables."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, LongText, UtcDateTime, metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(255), nullable=False),
    Column("actor_name", String(255), nullable=False),
    Column("address", String(64), nullable=False),
    Column("user_agent", String(300), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("resource_type", String(64), nullable=False),
    Column("resource_id", String(255), nullable=False),
    Column("resource_name", String(255), nullable=False),
    Column("success", Boolean, nullable=False),
    Column("reason", String(1000), nullable=False),
    # Text, not a JSON column: what was hashed must come back byte for byte.
    Column("changes", LongText, nullable=False),
    Column("details", LongText, nullable=False),
    Column("batch", Integer),
    CheckConstraint("actor_kind IN ('admin', 'user', 'device', 'system', 'service_account')", name="actor_kind"),
    Index("ix_audit_entries_at_id", "at", "id"),
    Index("ix_audit_entries_resource", "resource_type", "resource_id"),
    Index("ix_audit_entries_batch_id", "batch", "id"),
)

audit_batches = Table(
    "audit_batches",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("previous_hash", String(64), nullable=False),
    Column("entries_hash", String(64), nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_id", String(36), nullable=False),
    Column("last_id", String(36), nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("note", String(1000), nullable=False),
    Column("signature", String(128), nullable=False),
    Column("contents", LongText, nullable=False),
    Column("removed_at", UtcDateTime),
    Column("removal_key_id", String(16)),
    Column("removal_signature", String(128)),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("count >= 0", name="count"),
)

event_destinations = Table(
    "event_destinations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("address", String(1000), nullable=False),
    Column("batched", Boolean, nullable=False),
    Column("secret", LongText, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    # How far it came, and how it does: written by whoever holds the claim.
    Column("after_batch", Integer, nullable=False),
    Column("after_id", String(36), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("succeeded_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("failure", String(1000), nullable=False),
    Column("claim", String(36), nullable=False),
    Column("claimed_until", UtcDateTime),
    CheckConstraint("kind IN ('webhook', 'syslog')", name="kind"),
    UniqueConstraint("name"),
)

audit_export_parts = Table(
    "audit_export_parts",
    metadata,
    Column("export_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
)
"""What an export wrote, compressed; the export itself is a job."""
