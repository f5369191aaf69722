"""Associations between people and devices as JumpCloud's API writes them (`GraphOperation`)."""

from typing import Any, Literal

from pydantic import BaseModel, field_validator

from homeport.foundation.http.graph import GraphId

GraphType = Literal[
    "active_directory", "agent", "agent_group", "application", "command", "g_suite", "idp_routing_policy", "ldap_server",
    "office_365", "password_manager_item", "policy", "policy_group", "radius_server", "system", "system_group", "user",
    "user_group",
]  # fmt: skip
"""What can stand at an end of an association in JumpCloud's interface; Homeport has those of people and devices."""


class AssociationOperation(BaseModel):
    """An association is made or ended. Administrator rights follow the provisioning settings, so `attributes.sudo` is refused."""

    op: Literal["add", "remove"]
    id: GraphId
    attributes: dict[str, Any] | None = None

    @field_validator("attributes")
    @classmethod
    def no_rights(cls, attributes: dict[str, Any] | None) -> dict[str, Any] | None:
        """Refuse to promise what would not be done."""
        if (attributes or {}).get("sudo"):
            raise ValueError(
                "An association gives no administrator rights here. Set them by user group in the provisioning settings."
            )
        return attributes


class WithPeople(AssociationOperation):
    """The association of a device or a device group with people."""

    type: Literal["user", "user_group"]


class WithDevices(AssociationOperation):
    """The association of a user or a user group with devices."""

    type: Literal["system", "system_group"]
