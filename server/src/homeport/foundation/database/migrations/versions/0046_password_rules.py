"""The rules of users' passwords, and the hashes of earlier ones."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "password_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shortest", sa.Integer(), nullable=False),
        sa.Column("history", sa.Integer(), nullable=False),
        sa.Column("lifetime_days", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_password_rules_one")),
        sa.CheckConstraint("shortest BETWEEN 8 AND 64", name=op.f("ck_password_rules_shortest")),
        sa.CheckConstraint("history BETWEEN 0 AND 24", name=op.f("ck_password_rules_history")),
        sa.CheckConstraint("lifetime_days BETWEEN 0 AND 3650", name=op.f("ck_password_rules_lifetime_days")),
        sa.CheckConstraint("version > 0", name=op.f("ck_password_rules_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_rules")),
    )
    op.create_table(
        "earlier_passwords",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("replaced_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_earlier_passwords_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earlier_passwords")),
    )
    op.create_index("ix_earlier_passwords_user_id_replaced_at", "earlier_passwords", ["user_id", "replaced_at"], unique=False)
