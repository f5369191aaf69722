"""Bindings in SQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select, update

from homeport.directory.devices.model import AccountPermission, After, Binding, Desired, NamedBinding, Observed, OSFamily
from homeport.directory.devices.tables import bindings, devices, unix_ids
from homeport.directory.people.tables import users


@dataclass(frozen=True, slots=True)
class BindingSql:
    """Bindings over one connection."""

    connection: Connection

    def add(self, binding: Binding) -> None:
        """Add a binding."""
        self.connection.execute(insert(bindings), _values(binding))

    def get(self, binding_id: str) -> Binding | None:
        """Return a binding."""
        row = self.connection.execute(select(bindings).where(bindings.c.id == binding_id)).first()
        return None if row is None else binding_of(row)

    def lock(self, binding_id: str) -> Binding | None:
        """Return a binding, and hold its row until the unit of work ends."""
        row = self.connection.execute(select(bindings).where(bindings.c.id == binding_id).with_for_update()).first()
        return None if row is None else binding_of(row)

    def lock_live(self, *, user_id: str | None = None, device_id: str | None = None) -> Sequence[Binding]:
        """Return and hold the bindings of a user or a device whose desired state is not `removed`, in the order of their ids."""
        return [binding_of(row) for row in self.connection.execute(_live(user_id, device_id).with_for_update())]

    def live(self, *, user_id: str | None = None, device_id: str | None = None) -> Sequence[Binding]:
        """Return the bindings of a user or a device whose desired state is not `removed`, in the order of their ids."""
        return [binding_of(row) for row in self.connection.execute(_live(user_id, device_id))]

    def save(self, binding: Binding) -> None:
        """Store every field of a binding that was read with a lock."""
        self.connection.execute(update(bindings).where(bindings.c.id == binding.id), _values(binding))

    def count_bindings(self, user_id: str) -> int:
        """Return on how many devices the user has an account."""
        return self.connection.execute(select(func.count()).select_from(_live(user_id, None).subquery())).scalar_one()

    def count_bindings_of_all(self, user_ids: Collection[str]) -> int:
        """Return how many accounts on devices these users have together."""
        query = select(func.count()).where(bindings.c.user_id.in_(list(user_ids)), bindings.c.desired != Desired.REMOVED.value)
        return self.connection.execute(query).scalar_one()

    def count_unlockable(self, user_ids: Collection[str]) -> int:
        """Return how many of these are on Macs without an agent: MDM locks whole Macs, never one account."""
        query = (
            select(func.count())
            .select_from(bindings.join(devices, devices.c.id == bindings.c.device_id))
            .where(bindings.c.user_id.in_(list(user_ids)), bindings.c.desired != Desired.REMOVED.value)
            .where(devices.c.os == OSFamily.MACOS.value, devices.c.agent_version == "")
        )
        return self.connection.execute(query).scalar_one()

    def unix_ids(self, user_ids: Collection[str]) -> Mapping[str, int]:
        """Return the uid on Linux devices of those users who have one."""
        query = select(unix_ids.c.user_id, unix_ids.c.uid).where(unix_ids.c.user_id.in_(list(user_ids)))
        return {user_id: uid for user_id, uid in self.connection.execute(query)}  # noqa: C416 - rows are no pairs to mypy

    def named(self, *, user_id: str | None = None, device_id: str | None = None) -> Sequence[NamedBinding]:
        """Return all bindings of a user or a device with names to show, the newest first, removed ones too."""
        query = (
            select(
                bindings,
                func.coalesce(func.nullif(devices.c.display_name, ""), devices.c.hostname).label("device_name"),
                users.c.username.label("user_name"),
            )
            .join(devices, devices.c.id == bindings.c.device_id)
            .join(users, users.c.id == bindings.c.user_id, isouter=True)
            .where(*_of(user_id, device_id))
            .order_by(bindings.c.created_at.desc(), bindings.c.id.desc())
        )
        return [
            NamedBinding(binding_of(row), row.device_name or row.device_id, row.user_name or f"{row.username} (deleted)")
            for row in self.connection.execute(query)
        ]


def _of(user_id: str | None, device_id: str | None) -> list[ColumnElement[bool]]:
    assert user_id is not None or device_id is not None
    conditions: list[ColumnElement[bool]] = []
    if user_id is not None:
        conditions.append(bindings.c.user_id == user_id)
    if device_id is not None:
        conditions.append(bindings.c.device_id == device_id)
    return conditions


def _live(user_id: str | None, device_id: str | None) -> Select[Any]:
    return select(bindings).where(*_of(user_id, device_id), bindings.c.desired != Desired.REMOVED.value).order_by(bindings.c.id)


def _values(binding: Binding) -> dict[str, Any]:
    values = asdict(binding)
    for name in ("permission", "desired", "observed"):
        values[name] = values[name].value
    values["after"] = binding.after.value if binding.after else None
    return values


def binding_of(row: Any) -> Binding:
    """Return the binding of a row that has at least the columns of the table."""
    values = {column.name: row._mapping[column.name] for column in bindings.c}  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    values["permission"] = AccountPermission(values["permission"])
    values["desired"] = Desired(values["desired"])
    values["observed"] = Observed(values["observed"])
    values["after"] = After(values["after"]) if values["after"] else None
    return Binding(**values)
