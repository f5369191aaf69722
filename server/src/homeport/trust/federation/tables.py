"""The tables of federation. Links name user and provider by id without foreign keys: they outlive the provider."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, UniqueConstraint, text

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

only_one = UniqueConstraint("singleton")

identity_providers = Table(
    "identity_providers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("singleton", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("settings", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("metadata_error", LongText, nullable=False),
    Column("proposal", Json, nullable=False),
    Column("proposed_metadata", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("activated_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    only_one,
    CheckConstraint("singleton = 1", name="singleton"),
    CheckConstraint("state IN ('draft', 'active')", name="state"),
)

federated_identities = Table(
    "federated_identities",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, nullable=False, index=True),
    Column("provider_id", Id, nullable=False, index=True),
    Column("issuer", String(2048), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("subject_hash", String(64), nullable=False),
    Column("email", String(254), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("removed_at", UtcDateTime),
    Column("relink_allowed_at", UtcDateTime),
    CheckConstraint("state IN ('active', 'inactive', 'removed')", name="state"),
)
"""`subject_hash` is the SHA-256 of issuer and subject, compared byte for byte whatever the database's collation."""

Index(
    "uq_federated_identities_subject",
    federated_identities.c.subject_hash,
    unique=True,
    sqlite_where=text("state <> 'removed'"),
    postgresql_where=text("state <> 'removed'"),
)
Index("ix_federated_identities_subject_all", federated_identities.c.subject_hash)
Index(
    "uq_federated_identities_user",
    federated_identities.c.user_id,
    unique=True,
    sqlite_where=text("state <> 'removed'"),
    postgresql_where=text("state <> 'removed'"),
)

key_snapshots = Table(
    "key_snapshots",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("jwks_uri", LongText, nullable=False),
    Column("body", LongText, nullable=False),
    Column("fetched_at", UtcDateTime, nullable=False),
)
"""`id` is the SHA-256 of the address."""

provider_fetches = Table(
    "provider_fetches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("url", LongText, nullable=False),
    Column("succeeded_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("failure", LongText, nullable=False),
    Column("changed_at", UtcDateTime),
    Column("change", LongText, nullable=False),
)
"""What became of fetching metadata and keys; `id` is the SHA-256 of the address."""

client_secret_answers = Table(
    "client_secret_answers",
    metadata,
    Column("secret_id", Id, primary_key=True),
    Column("provider_id", Id, nullable=False, index=True),
    Column("accepted_at", UtcDateTime),
    Column("refused_at", UtcDateTime),
)
"""What the provider said to a client secret, named by an id that is no secret."""
