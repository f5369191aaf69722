"""IP lists as JumpCloud's API writes them (`IPList`)."""

from typing import Self

from pydantic import BaseModel

from homeport.trust.access.model import IpList, network_text

LIST_FIELDS = {"id": "id", "name": "name", "description": "description"}
"""The wire's names of the fields by which IP lists can be filtered and sorted."""


class IpListBody(BaseModel):
    """An IP list in an answer."""

    id: str
    name: str
    description: str
    ips: list[str]

    @classmethod
    def of(cls, one: IpList) -> Self:
        """Translate a list; a network of one address is written as the address."""
        ips = [network_text(net) for net in one.networks]
        return cls(id=one.id, name=one.name, description=one.description, ips=ips)


class IpListRequest(BaseModel):
    """A new IP list, or a change; what a change leaves out stays."""

    name: str | None = None
    description: str | None = None
    ips: list[str] | None = None
