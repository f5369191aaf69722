"""The sessions of the web view."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table, UniqueConstraint, false

from homeport.foundation.database.columns import Id, UtcDateTime, metadata

apple_enrollments = Table(
    "apple_enrollments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("cookie_hash", String(64), nullable=False),
    Column("serial", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("udid", String(64), nullable=False),
    Column("product", String(64), nullable=False),
    Column("os_version", String(32), nullable=False),
    Column("build", String(32), nullable=False),
    Column("language", String(32), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("second_factor", Boolean, nullable=False, server_default=false()),
    Column("sign_in_id", String(36), nullable=False),
    Column("user_id", Id),
    Column("provider_id", String(36), nullable=False),
    Column("issuer", String(2048), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("username", String(64), nullable=False),
    Column("full_name", String(255), nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("downloads", Integer, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("issued_at", UtcDateTime),
    UniqueConstraint("cookie_hash"),
    CheckConstraint("state IN ('started', 'signed_in', 'issued', 'enrolled', 'refused')", name="state"),
    Index("ix_apple_enrollments_serial_created_at", "serial", "created_at"),
    Index("ix_apple_enrollments_user_id", "user_id"),
    Index("ix_apple_enrollments_created_at", "created_at"),
)
