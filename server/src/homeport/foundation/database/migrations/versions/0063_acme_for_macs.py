"""ACME for Macs: nonces, accounts, orders; each one-use secret is for one way of asking."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from homeport.foundation.database import columns

revision = "0063"
down_revision = "0050"


def upgrade() -> None:
    """Apply."""
    op.add_column("apple_challenges", sa.Column("way", sa.String(length=16), nullable=False, server_default="scep"))
    op.create_table(
        "acme_nonces",
        sa.Column("nonce_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce_hash", name=op.f("pk_acme_nonces")),
    )
    op.create_index(op.f("ix_acme_nonces_expires_at"), "acme_nonces", ["expires_at"], unique=False)
    op.create_table(
        "acme_accounts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("thumbprint", sa.String(length=64), nullable=False),
        sa.Column("jwk", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acme_accounts")),
        sa.UniqueConstraint("thumbprint", name=op.f("uq_acme_accounts_thumbprint")),
    )
    op.create_index(op.f("ix_acme_accounts_created_at"), "acme_accounts", ["created_at"], unique=False)
    op.create_table(
        "acme_orders",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("word_hash", sa.String(length=64), nullable=False),
        sa.Column("word_sealed", sa.Text(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attested", sa.Boolean(), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("udid", sa.String(length=64), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.String(length=255), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'ready', 'valid', 'invalid')", name=op.f("ck_acme_orders_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acme_orders")),
    )
    op.create_index("ix_acme_orders_expires_at", "acme_orders", ["expires_at"], unique=False)
