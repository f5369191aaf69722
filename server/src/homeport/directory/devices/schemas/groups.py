"""Device groups as JumpCloud's API writes them (`SystemGroup`)."""

from typing import Any, Literal, Self

from pydantic import BaseModel

from homeport.directory.devices.model import DeviceGroup, DevicePolicy
from homeport.directory.devices.schemas.policies import SshWord, SudoWord, ssh_word, sudo_word
from homeport.foundation.http.graph import GraphId

GROUP_FIELDS = {"id": "id", "name": "name", "description": "description"}
"""The wire's names of the fields by which device groups can be filtered and sorted."""


class SystemGroup(BaseModel):
    """A device group in an answer. Homeport keeps its name and description; the rest is what JumpCloud's tools expect to find."""

    id: str
    type: Literal["system_group"] = "system_group"
    name: str
    description: str
    email: str = ""
    attributes: dict[str, Any] | None = None
    membershipMethod: Literal["STATIC"] = "STATIC"  # noqa: N815 - the wire's name
    limitedToAssigned: bool  # noqa: N815 - as the wire's names are
    ssh: SshWord
    sudo: SudoWord

    @classmethod
    def of(cls, group: DeviceGroup, policy: DevicePolicy) -> Self:
        """Translate a group and what it says of ssh and sudo."""
        return cls(
            id=group.id,
            name=group.name,
            description=group.description,
            limitedToAssigned=group.limited,
            ssh=ssh_word(policy),
            sudo=sudo_word(policy),
        )


class SystemGroupPost(BaseModel):
    """A new device group. Fields of JumpCloud's that Homeport does not keep are accepted and not stored."""

    name: str
    description: str = ""


class SystemGroupPut(BaseModel):
    """A change of a device group; what is left out stays. A limited group leaves its devices to assigned people.

    Of several groups of a device the stricter word on `ssh` and `sudo` holds; INHERIT says nothing.
    """

    name: str
    description: str | None = None
    limitedToAssigned: bool | None = None  # noqa: N815 - as the wire's names are
    ssh: SshWord | None = None
    sudo: SudoWord | None = None


class MemberOperation(BaseModel):
    """A device joins or leaves a group."""

    op: Literal["add", "remove"]
    type: Literal["system"]
    id: GraphId
