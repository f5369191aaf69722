"""The push certificate (one row)."""

from sqlalchemy import CheckConstraint, Column, Integer, String, Table

from homeport.foundation.database.columns import LongText, UtcDateTime, metadata

apple_push = Table(
    "apple_push",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("certificate", LongText, nullable=False),
    Column("key_sealed", LongText, nullable=False),
    Column("topic", String(255), nullable=False),
    Column("serial_number", String(64), nullable=False),
    Column("issuer", String(255), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("uploaded_at", UtcDateTime),
    Column("request", LongText, nullable=False),
    Column("request_key_sealed", LongText, nullable=False),
    Column("requested_at", UtcDateTime),
    CheckConstraint("id = 1", name="one"),
)
