"""IP lists in SQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.listing import Listing, Page
from homeport.trust.access.model import IpList, Networks, name_key
from homeport.trust.access.tables import ip_lists, unique_list_name

_FIELDS = {column.name: column for column in ip_lists.c if column.name not in {"name_key", "networks"}}


@dataclass(frozen=True, slots=True)
class IpListSql:
    """IP lists over one connection."""

    connection: Connection

    def add(self, one: IpList) -> None:
        """Store a new list."""
        try:
            self.connection.execute(insert(ip_lists).values(_row(one)))
        except IntegrityError as error:
            raise _taken(one, error) from error

    def get(self, list_id: str) -> IpList | None:
        """Return a list."""
        row = self.connection.execute(select(ip_lists).where(ip_lists.c.id == list_id)).first()
        return None if row is None else _ip_list(row)

    def get_for_update(self, list_id: str) -> IpList | None:
        """Return a list and keep others from changing it until the unit of work ends."""
        row = self.connection.execute(select(ip_lists).where(ip_lists.c.id == list_id).with_for_update()).first()
        return None if row is None else _ip_list(row)

    def search(self, listing: Listing) -> Page[IpList]:
        """Return the lists that match, by name unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            select(ip_lists),
            listing,
            fields=_FIELDS,
            texts=[ip_lists.c.name, ip_lists.c.description],
            sorts={"name": ip_lists.c.name_key},
            order=(ip_lists.c.name_key,),
            make=_ip_list,
        )

    def names(self, list_ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of those of these lists that exist."""
        query = select(ip_lists.c.id, ip_lists.c.name).where(ip_lists.c.id.in_(list(list_ids)))
        return {row.id: row.name for row in self.connection.execute(query)}

    def with_names(self, names: Collection[str]) -> Sequence[IpList]:
        """Return the lists that have one of these names, ignoring case."""
        query = select(ip_lists).where(ip_lists.c.name_key.in_([name_key(name) for name in names]))
        return [_ip_list(row) for row in self.connection.execute(query)]

    def networks(self, list_ids: Collection[str]) -> Networks:
        """Return the networks of those of these lists that exist."""
        query = select(ip_lists.c.id, ip_lists.c.networks).where(ip_lists.c.id.in_(list(list_ids)))
        return {row.id: [ip_network(text) for text in row.networks] for row in self.connection.execute(query)}

    def save(self, one: IpList) -> None:
        """Store a changed list."""
        try:
            self.connection.execute(update(ip_lists).where(ip_lists.c.id == one.id).values(_row(one)))
        except IntegrityError as error:
            raise _taken(one, error) from error

    def remove(self, list_id: str) -> None:
        """Remove a list."""
        self.connection.execute(delete(ip_lists).where(ip_lists.c.id == list_id))


def _row(one: IpList) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in _FIELDS}
    return {**values, "name_key": name_key(one.name), "networks": [str(network) for network in one.networks]}


def _ip_list(row: Any) -> IpList:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    del values["name_key"]
    return IpList(**{**values, "networks": tuple(ip_network(text) for text in values["networks"])})


def _taken(one: IpList, error: IntegrityError) -> Conflict:
    if violates_unique(error, unique_list_name):
        return Conflict(f"Another IP list is already called “{one.name}”.", reason="ip_list_name_taken")
    raise error
