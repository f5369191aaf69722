"""Tables of the Linux channel."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, String, Table, UniqueConstraint, text

from homeport.foundation.database.columns import Id, Json, LongText, UtcDateTime, metadata

orders = Table(
    "orders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, nullable=False),
    Column("binding_id", Id, nullable=False, index=True),
    Column("epoch", BigInteger, nullable=False),
    Column("counter", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("account", Json, nullable=False),
    Column("lease_not_after", UtcDateTime),
    Column("sign_in_id", Id),
    Column("after", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("receipt", Json),
    Column("answered_at", UtcDateTime),
    UniqueConstraint("device_id", "epoch", "counter"),
    Index("ix_orders_device_id_state", "device_id", "state"),
    CheckConstraint("kind IN ('bind', 'activate', 'suspend', 'unbind', 'reset_passcode')", name="kind"),
    CheckConstraint("state IN ('pending', 'done', 'refused')", name="state"),
)

order_epoch = Table(
    "order_epoch",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    CheckConstraint('"only" = 1', name="only_row"),
)

order_keys = Table(
    "order_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("is_root", Boolean, nullable=False),
    Column("public_jwk", Json, nullable=False),
    Column("private_sealed", LongText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime),
)
Index(
    "uq_order_keys_root",
    order_keys.c.is_root,
    unique=True,
    sqlite_where=text("is_root"),
    postgresql_where=text("is_root"),
)

help_desk_keys = Table(
    "help_desk_keys",
    metadata,
    Column("device_id", Id, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("device_public", String(43), nullable=False),
    Column("server_public", String(43), nullable=False),
    Column("key_sealed", LongText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

device_notices = Table(
    "device_notices",
    metadata,
    Column("device_id", Id, primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("username", String(31), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("details", Json, nullable=False),
    Index("ix_device_notices_device_id_at", "device_id", "at"),
    CheckConstraint("kind IN ('code_issued', 'unlock', 'unbind')", name="kind"),
)
