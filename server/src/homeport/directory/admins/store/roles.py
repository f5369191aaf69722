"""Custom roles in SQL, and what a role's name allows at this moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Label, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.admins.model import Role, role_key
from homeport.directory.admins.tables import administrator_links, administrators, roles, service_accounts, unique_role
from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.permissions import Permission

HOLDERS = (administrator_links, administrators, service_accounts)
"""The tables that name a role. Invitations come first: whoever accepts one meanwhile is an administrator when those are looked at."""


def of_role(name: ColumnElement[str]) -> Label[Any]:
    """Return, as a column of a query, what the custom role of this name has."""
    return select(roles.c.permissions).where(roles.c.name == name).scalar_subquery().label("custom_permissions")


def permissions_in(stored: Iterable[str] | None) -> frozenset[Permission]:
    """Return the permissions of a stored list; what this version does not know any more allows nothing."""
    known = {permission.value: permission for permission in Permission}
    return frozenset(known[text] for text in stored or () if text in known)


@dataclass(frozen=True, slots=True)
class RoleSql:
    """Custom roles over one connection."""

    connection: Connection

    def all(self) -> Sequence[Role]:
        """Return every custom role by name; there are at most twenty."""
        return [_role(row) for row in self.connection.execute(select(roles).order_by(roles.c.name_key))]

    def hold_all(self) -> int:
        """Keep others from adding or changing roles until the unit of work ends; return how many there are."""
        self.connection.execute(select(roles.c.id).order_by(roles.c.id).with_for_update()).all()
        return self.connection.execute(select(func.count()).select_from(roles)).scalar_one()

    def get(self, role_id: str) -> Role | None:
        """Return a role."""
        row = self.connection.execute(select(roles).where(roles.c.id == role_id)).first()
        return None if row is None else _role(row)

    def get_for_update(self, role_id: str) -> Role | None:
        """Return a role and keep others from changing, giving or deleting it until the unit of work ends."""
        row = self.connection.execute(select(roles).where(roles.c.id == role_id).with_for_update()).first()
        return None if row is None else _role(row)

    def hold_named(self, name: str) -> Role | None:
        """Return the role of exactly this name and keep others from changing or deleting it until the unit of work ends."""
        row = self.connection.execute(select(roles).where(roles.c.name == name).with_for_update()).first()
        return None if row is None else _role(row)

    def add(self, role: Role) -> None:
        """Store a new role; raise Conflict when the name is taken."""
        try:
            self.connection.execute(insert(roles).values(_stored(role)))
        except IntegrityError as error:
            raise _taken(error, role) from error

    def save(self, role: Role, name_before: str) -> None:
        """Store a changed role; who had it under its earlier name has it under the new one."""
        try:
            self.connection.execute(update(roles).where(roles.c.id == role.id).values(_stored(role)))
        except IntegrityError as error:
            raise _taken(error, role) from error
        if role.name != name_before:
            for table in HOLDERS:
                self.connection.execute(update(table).where(table.c.role == name_before).values(role=role.name))

    def remove(self, role_id: str) -> None:
        """Remove a role."""
        self.connection.execute(delete(roles).where(roles.c.id == role_id))

    def administrators_with(self, role: str) -> Sequence[str]:
        """Return the addresses of the administrators who have this role, also of suspended ones."""
        query = select(administrators.c.email).where(administrators.c.role == role).order_by(administrators.c.email)
        return list(self.connection.execute(query).scalars())

    def accounts_with(self, role: str) -> Sequence[str]:
        """Return the names of the service accounts that have this role, also of suspended ones."""
        query = select(service_accounts.c.name).where(service_accounts.c.role == role).order_by(service_accounts.c.name)
        return list(self.connection.execute(query).scalars())


def _taken(error: IntegrityError, role: Role) -> Exception:
    if violates_unique(error, unique_role):
        return Conflict(f"There is a role called {role.name} already.", reason="name_taken")
    return error


def _stored(role: Role) -> dict[str, Any]:
    return {
        "id": role.id,
        "name": role.name,
        "name_key": role_key(role.name),
        "description": role.description,
        "permissions": sorted(permission.value for permission in role.permissions),
        "version": role.version,
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    }


def _role(row: Any) -> Role:
    values = {name: value for name, value in row._mapping.items() if name != "name_key"}  # noqa: SLF001 - SQLAlchemy's documented way to names
    return Role(**{**values, "permissions": permissions_in(values["permissions"])})
