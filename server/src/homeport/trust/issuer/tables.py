"""Tables of the issuer."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table

from homeport.foundation.database.columns import Id, UtcDateTime, metadata

device_authorizations = Table(
    "device_authorizations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, nullable=False, index=True),
    Column("device_code_hash", String(64), nullable=False, unique=True),
    Column("user_code", String(9), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("device_address", String(64), nullable=False),
    Column("interval", Integer, nullable=False),
    Column("number", String(6), nullable=False),
    Column("wrong_numbers", Integer, nullable=False),
    Column("user_id", Id),
    Column("sign_in_id", Id, index=True),
    Column("reason", String(64), nullable=False),
    Column("last_polled_at", UtcDateTime),
    Column("scope", String(16), nullable=False, server_default="device_login"),
    Column("wanted_user_id", String(36), nullable=False, server_default=""),
    Column("wanted_nonce", String(100), nullable=False, server_default=""),
    Column("wanted_place", String(300), nullable=False, server_default=""),
    Column("wanted_message", String(200), nullable=False, server_default=""),
    CheckConstraint("scope IN ('device_login', 'passcode_reset', 'sudo')", name="scope"),
    CheckConstraint("state IN ('pending', 'approved', 'redeemed', 'refused')", name="state"),
    CheckConstraint(
        "state NOT IN ('approved', 'redeemed') OR (user_id IS NOT NULL AND sign_in_id IS NOT NULL)", name="approved_by_somebody"
    ),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("device_id", Id, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("thumbprint", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("sign_in_id", Id),
    Column("user_id", Id),
    Column("used_at", UtcDateTime),
    CheckConstraint("scope IN ('agent', 'order')", name="scope"),
)

seen_jtis = Table(
    "seen_jtis",
    metadata,
    Column("jti_hash", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_seen_jtis_expires_at", "expires_at"),
)
