"""The tables of access policies, of what counts without one, of IP lists, and of browsers whose sign-ins a device began."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

unique_policy_name = UniqueConstraint("name_key")
unique_list_name = UniqueConstraint("name_key")

access_policies = Table(
    "access_policies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("name_key", String(765), nullable=False),
    Column("description", LongText, nullable=False),
    Column("portal", String(16), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("action", String(16), nullable=False),
    Column("targets", Json, nullable=False),
    Column("conditions", Json, nullable=False),
    Column("message", LongText, nullable=False),
    Column("links", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    unique_policy_name,
    CheckConstraint("portal IN ('user_portal', 'admin_portal')", name="portal"),
    CheckConstraint("mode IN ('enabled', 'disabled', 'monitor')", name="mode"),
    CheckConstraint("action IN ('allow', 'allow_with_mfa', 'deny')", name="action"),
    CheckConstraint("version > 0", name="version"),
)

access_defaults = Table(
    "access_defaults",
    metadata,
    Column("portal", String(16), primary_key=True),
    Column("action", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("portal IN ('user_portal', 'admin_portal')", name="portal"),
    CheckConstraint("action IN ('allow', 'allow_with_mfa', 'deny')", name="action"),
)

ip_lists = Table(
    "ip_lists",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("name_key", String(765), nullable=False),
    Column("description", LongText, nullable=False),
    Column("networks", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    unique_list_name,
    CheckConstraint("version > 0", name="version"),
)

device_browsers = Table(
    "device_browsers",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("device_id", Id, ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
    Column("opened", Boolean, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_device_browsers_device_id", "device_id"),
    Index("ix_device_browsers_expires_at", "expires_at"),
)
