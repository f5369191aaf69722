"""The server at Apple Business Manager (one row), and its inventory."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table, false

from homeport.foundation.database.columns import LongText, UtcDateTime, metadata

apple_ade_servers = Table(
    "apple_ade_servers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("certificate", LongText, nullable=False),
    Column("key_sealed", LongText, nullable=False),
    Column("certificate_expires_at", UtcDateTime, nullable=False),
    Column("consumer_key", String(255), nullable=False),
    Column("token_sealed", LongText, nullable=False),
    Column("token_expires_at", UtcDateTime),
    Column("server_name", String(255), nullable=False),
    Column("server_uuid", String(64), nullable=False),
    Column("org_name", String(255), nullable=False),
    Column("cursor", LongText, nullable=False),
    Column("fetched", Boolean, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("synced_at", UtcDateTime),
    Column("attempted_at", UtcDateTime),
    Column("paused_until", UtcDateTime),
    Column("error", String(64), nullable=False),
    Column("error_text", String(1000), nullable=False),
    Column("profile_uuid", String(64), nullable=False),
    Column("profile_digest", String(64), nullable=False),
    Column("profile_defined_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    CheckConstraint("id = 1", name="one"),
)

apple_ade_devices = Table(
    "apple_ade_devices",
    metadata,
    Column("serial", String(64), primary_key=True),
    Column("model", String(255), nullable=False),
    Column("description", String(255), nullable=False),
    Column("color", String(64), nullable=False),
    Column("asset_tag", String(255), nullable=False),
    Column("os", String(32), nullable=False),
    Column("device_family", String(32), nullable=False),
    Column("profile_uuid", String(64), nullable=False),
    Column("profile_status", String(16), nullable=False),
    Column("profile_assigned_at", UtcDateTime),
    Column("profile_pushed_at", UtcDateTime),
    Column("assigned_at", UtcDateTime),
    Column("assigned_by", String(255), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("seen_at", UtcDateTime),
    Column("removed_at", UtcDateTime),
    Column("failure", String(32), nullable=False),
    Column("try_after", UtcDateTime),
    Column("blocked", Boolean, nullable=False, server_default=false()),
    Index("ix_apple_ade_devices_profile_uuid", "profile_uuid", "serial"),
    Index("ix_apple_ade_devices_removed_at", "removed_at", "serial"),
)
