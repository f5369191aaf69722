"""The tables of sessions, of sign-ins that wait for a code, of failures counted, and of known browsers."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, LongText, UtcDateTime, metadata

admin_sessions = Table(
    "admin_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False),
    # Deleting an administrator ends their sessions even if no handler ran.
    Column("administrator_id", Id, ForeignKey("administrators.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("authenticated_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", String(64), nullable=False),
    Column("user_agent", String(300), nullable=False),
    UniqueConstraint("token_hash"),
    Index("ix_admin_sessions_administrator_id", "administrator_id"),
    Index("ix_admin_sessions_expires_at", "expires_at"),
)

admin_challenges = Table(
    "admin_challenges",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("administrator_id", Id, ForeignKey("administrators.id", ondelete="CASCADE"), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("wrong_codes", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("target", LongText, nullable=False),
    UniqueConstraint("token_hash"),
    Index("ix_admin_challenges_administrator_id", "administrator_id"),
    Index("ix_admin_challenges_expires_at", "expires_at"),
)

signin_throttles = Table(
    "signin_throttles",
    metadata,
    Column("key", String(128), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", UtcDateTime, nullable=False),
    Column("last_failure_at", UtcDateTime, nullable=False),
    CheckConstraint("failures >= 0", name="failures"),
    Index("ix_signin_throttles_last_failure_at", "last_failure_at"),
)

known_browsers = Table(
    "known_browsers",
    metadata,
    Column("browser_hash", String(64), primary_key=True),
    Column("administrator_id", Id, ForeignKey("administrators.id", ondelete="CASCADE"), primary_key=True),
    Column("last_used_at", UtcDateTime, nullable=False),
    Index("ix_known_browsers_last_used_at", "last_used_at"),
)
