"""Whether a person may take over a local account of their name, and the numbers of one that was taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("provisioning_settings") as table:
        table.add_column(sa.Column("existing", sa.String(length=16), server_default="refuse", nullable=False))
        table.create_check_constraint(op.f("ck_provisioning_settings_existing"), "existing IN ('refuse', 'take_over')")
    op.add_column("bindings", sa.Column("adopted_uid", sa.BigInteger(), nullable=True))
    op.add_column("bindings", sa.Column("adopted_gid", sa.BigInteger(), nullable=True))
