"""Tables of ACME: nonces that were handed out, accounts, orders."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, String, Table

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

acme_nonces = Table(
    "acme_nonces",
    metadata,
    Column("nonce_hash", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

acme_accounts = Table(
    "acme_accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("thumbprint", String(64), nullable=False, unique=True),
    Column("jwk", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
)

acme_orders = Table(
    "acme_orders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("word_hash", String(64), nullable=False),
    Column("word_sealed", LongText, nullable=False),
    Column("token", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attested", Boolean, nullable=False),
    Column("public_key", String(64), nullable=False),
    Column("udid", String(64), nullable=False),
    Column("certificate_sha256", String(64), nullable=False),
    Column("problem", String(64), nullable=False),
    Column("detail", String(255), nullable=False),
    CheckConstraint("state IN ('pending', 'ready', 'valid', 'invalid')", name="state"),
    Index("ix_acme_orders_expires_at", "expires_at"),
)
