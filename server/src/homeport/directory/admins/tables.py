"""The tables of administrators, custom roles, service accounts, one-time links, second factors and API keys."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

unique_email = UniqueConstraint("email")

administrators = Table(
    "administrators",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("firstname", String(255), nullable=False),
    Column("lastname", String(255), nullable=False),
    Column("role", String(64), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("api_keys_allowed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("factor_since", UtcDateTime),
    Column("suspended_at", UtcDateTime),
    unique_email,
    CheckConstraint("email = lower(email)", name="email_lower"),
    CheckConstraint("role <> ''", name="role"),
    CheckConstraint("password_hash <> ''", name="password_hash"),
    CheckConstraint("version > 0", name="version"),
)

unique_role = UniqueConstraint("name_key")

roles = Table(
    "roles",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("name_key", String(200), nullable=False),
    Column("description", String(255), nullable=False),
    Column("permissions", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    unique_role,
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("version > 0", name="version"),
)

unique_account = UniqueConstraint("name")

service_accounts = Table(
    "service_accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("description", String(255), nullable=False),
    Column("role", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("suspended_at", UtcDateTime),
    unique_account,
    Index("ix_service_accounts_role", "role"),
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("role <> ''", name="role"),
    CheckConstraint("version > 0", name="version"),
)

service_account_keys = Table(
    "service_account_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("service_accounts.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("networks", Json, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("last_refused_at", UtcDateTime),
    Index("ix_service_account_keys_account_id", "account_id"),
    CheckConstraint("name <> ''", name="name"),
)

administrator_links = Table(
    "administrator_links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("email", String(254), nullable=False),
    Column("role", String(64), nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("made_by_id", Id),  # no foreign key: a backup writes rows in any order
    UniqueConstraint("token_hash"),
    CheckConstraint("email = lower(email)", name="email_lower"),
)

administrator_factors = Table(
    "administrator_factors",
    metadata,
    Column("administrator_id", Id, ForeignKey("administrators.id", ondelete="CASCADE"), primary_key=True),
    Column("secret_sealed", LongText, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("confirmed_at", UtcDateTime, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("administrator_id", Id, ForeignKey("administrators.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("administrator_id", Id, ForeignKey("administrators.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("networks", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("last_refused_at", UtcDateTime),
    Column("made_with", Id),  # no foreign key: a backup writes rows in any order
    Column("version", Integer, nullable=False, server_default="1"),
    Index("ix_api_keys_administrator_id", "administrator_id"),
    Index("ix_api_keys_made_with", "made_with"),
    CheckConstraint("name <> ''", name="name"),
)
