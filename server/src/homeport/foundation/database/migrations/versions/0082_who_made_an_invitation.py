"""Which administrator made an invitation, by id: with a key, the name alone does not say so."""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"

MAKER = """
    SELECT administrators.id FROM administrators
    WHERE administrator_links.created_by = administrators.email
    OR substr(administrator_links.created_by, 1, length(administrators.email) + 10) = administrators.email || ' (API key '
"""
"""No address holds a space, so no two administrators can be meant by one name."""


def upgrade() -> None:
    """Apply."""
    op.add_column("administrator_links", sa.Column("made_by_id", sa.String(length=36), nullable=True))
    op.execute(f"UPDATE administrator_links SET made_by_id = ({MAKER}) WHERE email <> ''")  # noqa: S608 - no input
