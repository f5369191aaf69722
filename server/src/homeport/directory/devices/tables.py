"""The tables of devices. Users are named by id without a foreign key: a uid and the trace of a binding outlive their user."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

from homeport.directory.devices.model import FIRST_UID
from homeport.foundation.database.columns import Id, Json, UtcDateTime, metadata

enrollment_keys = Table(
    "enrollment_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("max_uses", Integer, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("group_id", Id),  # without a foreign key, which SQLite cannot add to a table; deleting a group clears it
    CheckConstraint("max_uses > 0 AND uses >= 0 AND uses <= max_uses", name="uses"),
)

enrollment_settings = Table(
    "enrollment_settings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("approval_wanted", Boolean, nullable=False),
    Column("group_id", Id),  # the same
    Column("version", Integer, nullable=False, server_default="0"),
    CheckConstraint("id = 1", name="one_row"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hostname", String(253), nullable=False),
    Column("display_name", String(253), nullable=False),
    Column("serial_number", String(255), nullable=False),
    Column("machine_id", String(64), nullable=False),
    Column("os", String(32), nullable=False),
    Column("os_name", String(255), nullable=False),
    Column("os_version", String(64), nullable=False),
    Column("arch", String(32), nullable=False),
    Column("agent_version", String(64), nullable=False),
    Column("device_key", Json, nullable=False),
    Column("thumbprint", String(43), nullable=False),
    Column("status", String(16), nullable=False),
    Column("enrolled_at", UtcDateTime, nullable=False),
    Column("last_contact_at", UtcDateTime),
    Column("address", String(64), nullable=False),
    Column("enrolled_with", Id, ForeignKey("enrollment_keys.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("desired_state_version", Integer, nullable=False),
    Column("deleted_at", UtcDateTime),
    Column("limited", Boolean, nullable=False, server_default=false()),
    CheckConstraint("status IN ('active', 'pending')", name="status"),
    Index(
        "uq_devices_thumbprint_live",
        "thumbprint",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
    Index("ix_devices_machine_id", "machine_id"),
)

unique_group_name = UniqueConstraint("name_key")

device_groups = Table(
    "device_groups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("name_key", String(400), nullable=False),
    Column("description", String(1000), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("limited", Boolean, nullable=False, server_default=false()),
    unique_group_name,
)

assignments = Table(
    "assignments",
    metadata,
    Column("target_type", String(16), primary_key=True),
    Column("target_id", Id, primary_key=True),
    Column("subject_type", String(16), primary_key=True),
    Column("subject_id", Id, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("target_type IN ('device', 'device_group')", name="target_type"),
    CheckConstraint("subject_type IN ('user', 'user_group')", name="subject_type"),
    Index("ix_assignments_subject", "subject_type", "subject_id"),
)

device_policies = Table(
    "device_policies",
    metadata,
    Column("target_type", String(16), primary_key=True),
    Column("target_id", Id, primary_key=True),
    Column("ssh", String(16)),
    Column("sudo", String(16)),
    CheckConstraint("target_type IN ('device', 'device_group')", name="target_type"),
    CheckConstraint("ssh IN ('key', 'browser', 'passcode')", name="ssh"),
    CheckConstraint("sudo IN ('passcode', 'browser', 'never')", name="sudo"),
)

device_group_members = Table(
    "device_group_members",
    metadata,
    Column("group_id", Id, ForeignKey("device_groups.id"), primary_key=True),
    Column("device_id", Id, ForeignKey("devices.id"), primary_key=True),
    Column("added_at", UtcDateTime, nullable=False),
    Index("ix_device_group_members_device_id", "device_id"),
)

unix_ids = Table(
    "unix_ids",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("uid", Integer, nullable=False),
    Column("allocated_at", UtcDateTime, nullable=False),
    UniqueConstraint("uid"),
    CheckConstraint(f"uid >= {FIRST_UID}", name="uid"),
)

bindings = Table(
    "bindings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, nullable=False),
    Column("device_id", Id, ForeignKey("devices.id"), nullable=False),
    Column("username", String(31), nullable=False),
    Column("uid", Integer, ForeignKey("unix_ids.uid"), nullable=False),
    Column("gid", Integer, nullable=False),
    Column("permission", String(16), nullable=False),
    Column("desired", String(16), nullable=False),
    Column("observed", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("sign_in_id", String(36), nullable=False),
    Column("lease_not_after", UtcDateTime, nullable=False),
    Column("passcode_set_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("after", String(16)),
    Column("version", Integer, nullable=False),
    Column("adopted_uid", BigInteger),
    Column("adopted_gid", BigInteger),
    CheckConstraint("permission IN ('standard', 'admin')", name="permission"),
    CheckConstraint("desired IN ('present', 'suspended', 'removed')", name="desired"),
    CheckConstraint("observed IN ('unknown', 'present', 'suspended', 'removed', 'refused')", name="observed"),
    CheckConstraint(
        "(desired = 'removed' AND after IN ('keep', 'lock', 'remove')) OR (desired <> 'removed' AND after IS NULL)", name="after"
    ),
    Index(
        "uq_bindings_user_id_device_id_live",
        "user_id",
        "device_id",
        unique=True,
        sqlite_where=text("desired <> 'removed'"),
        postgresql_where=text("desired <> 'removed'"),
    ),
    Index(
        "uq_bindings_device_id_username_live",
        "device_id",
        "username",
        unique=True,
        sqlite_where=text("desired <> 'removed'"),
        postgresql_where=text("desired <> 'removed'"),
    ),
    Index("ix_bindings_user_id", "user_id"),
    Index("ix_bindings_device_id", "device_id"),
)

provisioning_settings = Table(
    "provisioning_settings",
    metadata,
    Column("os_family", String(16), primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("default_permission", String(16), nullable=False),
    Column("several_users", Boolean, nullable=False),
    Column("lease_days", Integer, nullable=False),
    Column("ssh", String(16), nullable=False, server_default="key"),
    Column("sudo", String(16), nullable=False, server_default="passcode"),
    Column("existing", String(16), nullable=False, server_default="refuse"),
    Column("version", Integer, nullable=False, server_default="0"),
    CheckConstraint("ssh IN ('key', 'browser', 'passcode')", name="ssh"),
    CheckConstraint("sudo IN ('passcode', 'browser', 'never')", name="sudo"),
    CheckConstraint("existing IN ('refuse', 'take_over')", name="existing"),
    CheckConstraint("os_family IN ('linux', 'macos', 'windows')", name="os_family"),
    CheckConstraint("default_permission IN ('standard', 'admin')", name="default_permission"),
    CheckConstraint("lease_days BETWEEN 1 AND 90", name="lease_days"),
)

provisioning_group_rules = Table(
    "provisioning_group_rules",
    metadata,
    Column("os_family", String(16), primary_key=True),
    Column("user_group_id", Id, primary_key=True),
    Column("admin", Boolean, nullable=False),
    Column("lease_days", Integer),
    CheckConstraint("os_family IN ('linux', 'macos', 'windows')", name="os_family"),
    CheckConstraint("lease_days BETWEEN 1 AND 90", name="lease_days"),
    Index("ix_provisioning_group_rules_user_group_id", "user_group_id"),
)
