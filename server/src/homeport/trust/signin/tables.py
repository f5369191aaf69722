"""Tables of the sign-ins."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("purpose", String(32), nullable=False),
    Column("state", String(32), nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("provider_id", String(36), nullable=False),
    Column("continuation_id", String(36), nullable=False, index=True),
    Column("browser_hash", String(64), nullable=False),
    Column("state_hash", String(64), unique=True),
    Column("nonce", String(64), nullable=False),
    Column("verifier_sealed", LongText, nullable=False),
    Column("user_id", Id, index=True),
    Column("reason", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("user_agent", String(300), nullable=False),
    Column("issuer", String(512), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("email", String(320), nullable=False),
    Column("ended_at", UtcDateTime),
    Column("device_id", Id, index=True),
    Column("methods", String(255), nullable=False, server_default=""),
    CheckConstraint("state <> 'completed' OR (user_id IS NOT NULL AND reason = '')", name="completed_has_user"),
    CheckConstraint("state <> 'refused' OR reason <> ''", name="refused_has_reason"),
    Index("ix_sign_ins_state_expires_at", "state", "expires_at"),
    Index("ix_sign_ins_state_started_at", "state", "started_at"),
    Index("ix_sign_ins_reason_started_at", "reason", "started_at"),
    Index("ix_sign_ins_purpose_started_at", "purpose", "started_at"),
)

sign_in_steps = Table(
    "sign_in_steps",
    metadata,
    Column("sign_in_id", Id, ForeignKey("sign_ins.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("details", Json, nullable=False),
)
