"""User groups as JumpCloud's API writes them (`UserGroup`)."""

from typing import Any, Literal, Self

from pydantic import BaseModel

from homeport.directory.people.model import UserGroup
from homeport.foundation.http.graph import GraphId

GROUP_FIELDS = {"id": "id", "name": "name", "description": "description"}
"""The wire's names of the fields by which user groups can be filtered and sorted."""
MEMBER_FIELDS = {"id": "id", "to.id": "id", "username": "username", "email": "email", "state": "state"}
"""The same for the members of a group."""


class UserGroupBody(BaseModel):
    """A user group in an answer. Homeport keeps name and description; the rest is what JumpCloud's tools expect to find."""

    id: str
    type: Literal["user_group"] = "user_group"
    name: str
    description: str
    email: str = ""
    attributes: dict[str, Any] | None = None
    membershipMethod: Literal["STATIC"] = "STATIC"  # noqa: N815 - the wire's name

    @classmethod
    def of(cls, group: UserGroup) -> Self:
        """Translate a group."""
        return cls(id=group.id, name=group.name, description=group.description)


class UserGroupPost(BaseModel):
    """A new user group. Fields of JumpCloud's that Homeport does not keep are accepted and not stored."""

    name: str
    description: str = ""


class UserGroupPut(BaseModel):
    """A change of a user group; a description that is left out stays."""

    name: str
    description: str | None = None


class MemberOperation(BaseModel):
    """A user joins or leaves a group. `update` would change attributes of the membership; there are none, so it only adds."""

    op: Literal["add", "remove", "update"]
    type: Literal["user"]
    id: GraphId
