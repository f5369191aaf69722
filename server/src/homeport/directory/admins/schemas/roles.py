"""Roles as JumpCloud's API writes them: built-in and custom ones."""

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel

from homeport.directory.admins.model import ABOUT, ROLES, Role


class RoleBody(BaseModel):
    """A role: its name, what it is for, and the permissions that it has."""

    id: str
    name: str
    description: str
    scopes: list[str]
    isCustom: bool = False  # noqa: N815 - the wire's name

    @classmethod
    def of(cls, role: Role) -> Self:
        """Translate a custom role."""
        scopes = sorted(one.value for one in role.permissions)
        return cls(id=role.id, name=role.name, description=role.description, scopes=scopes, isCustom=True)


class RoleList(BaseModel):
    """All roles."""

    totalCount: int  # noqa: N815 - the wire's name
    results: list[RoleBody]

    @classmethod
    def whole(cls, custom: Iterable[Role]) -> Self:
        """Return every role: the built-in ones, the mightiest first, then the custom ones."""
        found = [
            RoleBody(id=name, name=name, description=ABOUT[name], scopes=sorted(one.value for one in permissions))
            for name, permissions in ROLES.items()
        ]
        found += [RoleBody.of(role) for role in custom]
        return cls(totalCount=len(found), results=found)


class RolePost(BaseModel):
    """A wish for a custom role: a name and the permissions that it grants."""

    name: str
    description: str = ""
    scopes: list[str]


class RolePut(BaseModel):
    """A change of a custom role: what is left out stays."""

    name: str | None = None
    description: str | None = None
    scopes: list[str] | None = None
