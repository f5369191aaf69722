"""The tables of sessions, of sign-ins that wait for a code, of failures counted, and of known browsers."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, LongText, UtcDateTime, metadata


def _sessions(name: str, owner: str, of: str) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Id, primary_key=True),
        Column("token_hash", String(64), nullable=False),
        # Deleting the owner ends their sessions even if no handler ran.
        Column(owner, Id, ForeignKey(of, ondelete="CASCADE"), key="owner_id", nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("authenticated_at", UtcDateTime, nullable=False),
        Column("last_seen_at", UtcDateTime, nullable=False),
        Column("expires_at", UtcDateTime, nullable=False),
        Column("address", String(64), nullable=False),
        Column("user_agent", String(300), nullable=False),
        Column("way", String(16), nullable=False, server_default="password"),
        UniqueConstraint("token_hash"),
        Index(f"ix_{name}_{owner}", "owner_id"),
        Index(f"ix_{name}_expires_at", "expires_at"),
    )


def _challenges(name: str, owner: str, of: str) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Id, primary_key=True),
        Column("token_hash", String(64), nullable=False),
        Column(owner, Id, ForeignKey(of, ondelete="CASCADE"), key="owner_id", nullable=False),
        Column("password_hash", String(255), nullable=False),
        Column("wrong_codes", Integer, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("expires_at", UtcDateTime, nullable=False),
        Column("target", LongText, nullable=False),
        Column("sign_in_id", String(36), nullable=False, server_default=""),
        UniqueConstraint("token_hash"),
        Index(f"ix_{name}_{owner}", "owner_id"),
        Index(f"ix_{name}_expires_at", "expires_at"),
    )


def _browsers(name: str, owner: str, of: str) -> Table:
    return Table(
        name,
        metadata,
        Column("browser_hash", String(64), primary_key=True),
        Column(owner, Id, ForeignKey(of, ondelete="CASCADE"), key="owner_id", primary_key=True),
        Column("last_used_at", UtcDateTime, nullable=False),
        Index(f"ix_{name}_last_used_at", "last_used_at"),
    )


admin_sessions = _sessions("admin_sessions", "administrator_id", "administrators.id")
user_sessions = _sessions("user_sessions", "user_id", "users.id")
admin_challenges = _challenges("admin_challenges", "administrator_id", "administrators.id")
user_challenges = _challenges("user_challenges", "user_id", "users.id")
known_browsers = _browsers("known_browsers", "administrator_id", "administrators.id")
user_browsers = _browsers("user_browsers", "user_id", "users.id")

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
