"""Orders that make a device forget a passcode."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("orders") as table:
        table.drop_constraint(op.f("ck_orders_kind"), type_="check")
        table.create_check_constraint(
            op.f("ck_orders_kind"), "kind IN ('bind', 'activate', 'suspend', 'unbind', 'reset_passcode')"
        )
