"""Tables of the authority for devices."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table

from homeport.foundation.database.columns import Id, LongText, UtcDateTime, metadata

apple_authority = Table(
    "apple_authority",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("certificate", LongText, nullable=False),
    Column("key_sealed", LongText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint('"only" = 1', name="only_row"),
)

apple_challenges = Table(
    "apple_challenges",
    metadata,
    Column("word_hash", String(64), primary_key=True),
    Column("session_id", Id, nullable=False),
    Column("serial", String(64), nullable=False),
    Column("udid", String(64)),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
    Column("certificate_sha256", String(64), nullable=False),
    Column("way", String(16), nullable=False, server_default="scep"),
)

apple_certificates = Table(
    "apple_certificates",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("serial_number", String(40), nullable=False, unique=True),
    Column("subject", String(255), nullable=False),
    Column("session_id", Id, nullable=False),
    Column("serial", String(64), nullable=False),
    Column("udid", String(64), index=True),
    Column("certificate", LongText, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("digest", String(16), nullable=False),
    Column("cipher", String(40), nullable=False),
    Column("attested", Boolean, nullable=False),
    Column("first_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("revoked_because", String(64), nullable=False),
    Index("ix_apple_certificates_session_id_issued_at", "session_id", "issued_at"),
    Index("ix_apple_certificates_revoked_at_issued_at", "revoked_at", "issued_at"),
)
