"""What became of fetches and client secrets; which device a sign-in was for, and indexes for its list."""

import sqlalchemy as sa
from alembic import op

from homeport.foundation.database import columns

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "provider_fetches",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("succeeded_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failed_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("changed_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("change", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_fetches")),
    )
    op.create_table(
        "client_secret_answers",
        sa.Column("secret_id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("accepted_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("refused_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("secret_id", name=op.f("pk_client_secret_answers")),
    )
    op.create_index("ix_client_secret_answers_provider_id", "client_secret_answers", ["provider_id"])
    op.add_column("sign_ins", sa.Column("device_id", sa.String(length=36), nullable=True))
    op.execute(
        "UPDATE sign_ins SET device_id = "
        "(SELECT device_id FROM device_authorizations WHERE device_authorizations.id = sign_ins.continuation_id)"
    )
    op.create_index("ix_sign_ins_device_id", "sign_ins", ["device_id"])
    for column in ("state", "reason", "purpose"):
        op.create_index(f"ix_sign_ins_{column}_started_at", "sign_ins", [column, "started_at"])
