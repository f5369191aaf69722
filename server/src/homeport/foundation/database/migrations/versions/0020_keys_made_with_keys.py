"""An API key names the one it was made with without a foreign key, so that a backup can be loaded in whichever order it was written."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_api_keys_made_with_api_keys"), type_="foreignkey")
