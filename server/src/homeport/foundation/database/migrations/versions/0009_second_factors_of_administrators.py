"""Second factors of administrators."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "admin_challenges",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("administrator_id", sa.String(length=36), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["administrator_id"],
            ["administrators.id"],
            name=op.f("fk_admin_challenges_administrator_id_administrators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_challenges")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_admin_challenges_token_hash")),
    )
    with op.batch_alter_table("admin_challenges", schema=None) as batch_op:
        batch_op.create_index("ix_admin_challenges_administrator_id", ["administrator_id"], unique=False)
        batch_op.create_index("ix_admin_challenges_expires_at", ["expires_at"], unique=False)

    op.create_table(
        "administrator_factors",
        sa.Column("administrator_id", sa.String(length=36), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["administrator_id"],
            ["administrators.id"],
            name=op.f("fk_administrator_factors_administrator_id_administrators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("administrator_id", name=op.f("pk_administrator_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("administrator_id", sa.String(length=36), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["administrator_id"],
            ["administrators.id"],
            name=op.f("fk_recovery_codes_administrator_id_administrators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("administrator_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    with op.batch_alter_table("administrators", schema=None) as batch_op:
        batch_op.add_column(sa.Column("factor_since", columns.UtcDateTime(timezone=True), nullable=True))
