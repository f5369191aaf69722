"""The tables of passkeys, and of challenges that wait for an answer."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, LongText, UtcDateTime, metadata


def _passkeys(name: str, owner: str, of: str) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Id, primary_key=True),
        Column(owner, Id, ForeignKey(of, ondelete="CASCADE"), key="owner_id", nullable=False),
        Column("credential_id", String(1400), nullable=False),
        Column("public_key", LongText, nullable=False),
        Column("sign_count", Integer, nullable=False),
        Column("name", String(64), nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("last_used_at", UtcDateTime),
        UniqueConstraint("credential_id"),
        Index(f"ix_{name}_{owner}", "owner_id"),
    )


user_passkeys = _passkeys("user_passkeys", "user_id", "users.id")
admin_passkeys = _passkeys("admin_passkeys", "administrator_id", "administrators.id")

passkey_ceremonies = Table(
    "passkey_ceremonies",
    metadata,
    Column("challenge_hash", String(64), primary_key=True),
    Column("whose", String(16), nullable=False),
    Column("act", String(16), nullable=False),
    Column("owner_id", String(36), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    CheckConstraint("act IN ('register', 'sign_in')", name="act"),
    Index("ix_passkey_ceremonies_expires_at", "expires_at"),
)
