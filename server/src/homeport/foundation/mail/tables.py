"""The tables of mail: one row of settings, and the outbox."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table

from homeport.foundation.database.columns import Id, LongText, UtcDateTime, metadata

mail_server = Table(
    "mail_server",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("host", String(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("tls", String(16), nullable=False),
    Column("username", String(255), nullable=False),
    Column("password_sealed", LongText, nullable=False),
    Column("sender", String(254), nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("password_set_at", UtcDateTime),
    CheckConstraint("id = 1", name="one"),
    CheckConstraint("tls IN ('starttls', 'tls', 'none')", name="tls"),
)

mail_messages = Table(
    "mail_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("recipient", String(254), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("text_sealed", LongText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("answer", String(1000), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    CheckConstraint("state IN ('waiting', 'sent', 'rejected', 'failed')", name="state"),
    Index("ix_mail_messages_created_at", "created_at", "id"),
    Index("ix_mail_messages_state_created_at", "state", "created_at"),
)
