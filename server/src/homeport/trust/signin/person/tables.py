"""The tables of users' directory passwords, second factors and one-time links."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, LongText, UtcDateTime, metadata

user_passwords = Table(
    "user_passwords",
    metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", String(255), nullable=False),
    Column("set_at", UtcDateTime),
    Column("expired_at", UtcDateTime),
    Column("authority", String(32), nullable=False),
    Column("factor_since", UtcDateTime),
    Column("version", Integer, nullable=False),
    CheckConstraint("authority IN ('', 'active_directory', 'federated_identity_provider', 'scim')", name="authority"),
    CheckConstraint("version > 0", name="version"),
)

password_rules = Table(
    "password_rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("shortest", Integer, nullable=False),
    Column("history", Integer, nullable=False),
    Column("lifetime_days", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("id = 1", name="one"),
    CheckConstraint("shortest BETWEEN 8 AND 64", name="shortest"),
    CheckConstraint("history BETWEEN 0 AND 24", name="history"),
    CheckConstraint("lifetime_days BETWEEN 0 AND 3650", name="lifetime_days"),
    CheckConstraint("version > 0", name="version"),
)

earlier_passwords = Table(
    "earlier_passwords",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("replaced_at", UtcDateTime, nullable=False),
    Index("ix_earlier_passwords_user_id_replaced_at", "user_id", "replaced_at"),
)

password_links = Table(
    "password_links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    UniqueConstraint("token_hash"),
    CheckConstraint("kind IN ('activation', 'reset')", name="kind"),
    Index("ix_password_links_user_id", "user_id"),
    Index("ix_password_links_expires_at", "expires_at"),
)

user_factors = Table(
    "user_factors",
    metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("secret_sealed", LongText, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("confirmed_at", UtcDateTime, nullable=False),
)

user_recovery_codes = Table(
    "user_recovery_codes",
    metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
)
