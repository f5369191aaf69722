"""The table of the settings: one row."""

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, String, Table, false

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

apple_settings = Table(
    "apple_settings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("permission", String(16), nullable=False),
    Column("admin_group_id", Id),
    Column("lock_account", Boolean, nullable=False),
    Column("managed_admin", Boolean, nullable=False),
    Column("device_group_id", Id),
    Column("skip_panes", Json, nullable=False),
    Column("welcome_text", LongText, nullable=False),
    Column("department", String(125), nullable=False),
    Column("support_phone", String(125), nullable=False),
    Column("support_email", String(254), nullable=False),
    Column("release_minutes", Integer, nullable=False),
    Column("second_approver", Boolean, nullable=False, server_default=false()),
    Column("certificate_way", String(16), nullable=False, server_default="scep"),
    Column("most_macs", Integer, nullable=False, server_default="0"),
    Column("same_person", Boolean, nullable=False, server_default=false()),
    Column("second_factor", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("id = 1", name="one"),
    CheckConstraint("permission IN ('standard', 'admin')", name="permission"),
)
