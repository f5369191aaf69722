"""${message}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text

from homeport.foundation.database import columns
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Apply."""
    ${upgrades if upgrades else "pass"}
