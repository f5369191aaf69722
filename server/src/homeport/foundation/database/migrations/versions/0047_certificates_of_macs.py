"""The authority for Macs: its key, one-use challenges, certificates."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "apple_authority",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint('"only" = 1', name=op.f("ck_apple_authority_only_row")),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_apple_authority")),
    )
    op.create_table(
        "apple_challenges",
        sa.Column("word_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("udid", sa.String(length=64), nullable=True),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("word_hash", name=op.f("pk_apple_challenges")),
    )
    op.create_index(op.f("ix_apple_challenges_expires_at"), "apple_challenges", ["expires_at"], unique=False)
    op.create_table(
        "apple_certificates",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("serial_number", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("udid", sa.String(length=64), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("issued_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("not_after", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("cipher", sa.String(length=40), nullable=False),
        sa.Column("attested", sa.Boolean(), nullable=False),
        sa.Column("first_used_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_because", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_apple_certificates")),
        sa.UniqueConstraint("serial_number", name=op.f("uq_apple_certificates_serial_number")),
    )
    op.create_index("ix_apple_certificates_session_id_issued_at", "apple_certificates", ["session_id", "issued_at"], unique=False)
    op.create_index("ix_apple_certificates_revoked_at_issued_at", "apple_certificates", ["revoked_at", "issued_at"], unique=False)
    op.create_index(op.f("ix_apple_certificates_udid"), "apple_certificates", ["udid"], unique=False)
