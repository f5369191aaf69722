"""The tables of users, of user groups, and of who belongs to which group."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from homeport.directory.people.model import DETAILS
from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

unique_username = UniqueConstraint("username")
unique_email = UniqueConstraint("email")
unique_group_name = UniqueConstraint("name_key")

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", String(64), nullable=False),
    Column("email", String(254), nullable=False),
    Column("firstname", String(255), nullable=False),
    Column("lastname", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    *(Column(name, String(longest), nullable=False, server_default="") for name, longest in DETAILS.items()),
    # All that a search looks at, in one text and folded, since the database alone knows too little of letters' case.
    Column("search_key", LongText, nullable=False, server_default=""),
    unique_username,
    unique_email,
    CheckConstraint("state IN ('STAGED', 'ACTIVATED', 'SUSPENDED')", name="state"),
    CheckConstraint("username = lower(username)", name="username_lower"),
    CheckConstraint("email = lower(email)", name="email_lower"),
    CheckConstraint("version > 0", name="version"),
    Index("ix_users_state_username", "state", "username"),
    Index("ix_users_firstname_username", "firstname", "username"),
    Index("ix_users_lastname_username", "lastname", "username"),
    Index("ix_users_created_at_username", "created_at", "username"),
)

user_groups = Table(
    "user_groups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False),
    # The name as two names are compared; the database alone knows too little of letters' case to make it.
    Column("name_key", String(765), nullable=False),
    Column("description", LongText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("search_key", LongText, nullable=False, server_default=""),
    unique_group_name,
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("version > 0", name="version"),
)

user_group_members = Table(
    "user_group_members",
    metadata,
    Column("group_id", Id, ForeignKey("user_groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("added_at", UtcDateTime, nullable=False),
    Index("ix_user_group_members_user_id_group_id", "user_id", "group_id"),
)

user_imports = Table(
    "user_imports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("filename", String(255), nullable=False),
    Column("size", Integer, nullable=False),
    Column("meaning", Json, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("job_id", String(36), nullable=False),
    Column("counts", Json, nullable=False),
    Column("problem", LongText, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("phase IN ('uploaded', 'checking', 'checked', 'running', 'done', 'failed')", name="phase"),
)

user_import_chunks = Table(
    "user_import_chunks",
    metadata,
    Column("import_id", Id, ForeignKey("user_imports.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

user_import_refusals = Table(
    "user_import_refusals",
    metadata,
    Column("import_id", Id, ForeignKey("user_imports.id", ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("field", String(32), nullable=False),
    Column("reason", LongText, nullable=False),
    Column("cells", Json, nullable=False),
)
