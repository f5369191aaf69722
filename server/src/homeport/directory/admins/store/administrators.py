"""Administrators and one-time links in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.admins.model import Administrator, AdministratorLink
from homeport.directory.admins.store.roles import of_role, permissions_in
from homeport.directory.admins.tables import administrator_links, administrators, unique_email
from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.listing import Listing, Page

_FIELDS = {column.name: column for column in administrators.c if column.name != "password_hash"}
_WITH_ROLE = select(administrators, of_role(administrators.c.role))
_TEXTS = [administrators.c.email, administrators.c.firstname, administrators.c.lastname]


@dataclass(frozen=True, slots=True)
class AdministratorSql:
    """Administrators over one connection."""

    connection: Connection

    def add(self, administrator: Administrator) -> None:
        """Store a new administrator."""
        try:
            self.connection.execute(insert(administrators).values(_stored(administrator)))
        except IntegrityError as error:
            if violates_unique(error, unique_email):
                raise Conflict(f"Another administrator already has the e-mail address {administrator.email}.") from error
            raise

    def get(self, administrator_id: str) -> Administrator | None:
        """Return an administrator."""
        row = self.connection.execute(_WITH_ROLE.where(administrators.c.id == administrator_id)).first()
        return None if row is None else _administrator(row)

    def get_for_update(self, administrator_id: str) -> Administrator | None:
        """Return an administrator and keep others from changing them until the unit of work ends."""
        query = _WITH_ROLE.where(administrators.c.id == administrator_id).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else _administrator(row)

    def find_by_email(self, email: str) -> Administrator | None:
        """Return the administrator with exactly this lower-case address."""
        row = self.connection.execute(_WITH_ROLE.where(administrators.c.email == email)).first()
        return None if row is None else _administrator(row)

    def hold_role(self, role: str) -> Sequence[str]:
        """Return the ids of all with this role who are not suspended, and keep others from changing any until the unit of work ends."""
        theirs = (administrators.c.role == role, administrators.c.suspended_at.is_(None))
        query = select(administrators.c.id).where(*theirs).order_by(administrators.c.id).with_for_update()
        return list(self.connection.execute(query).scalars())

    def search(self, listing: Listing) -> Page[Administrator]:
        """Return the administrators that match, by e-mail address unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            _WITH_ROLE,
            listing,
            fields=_FIELDS,
            texts=_TEXTS,
            order=(administrators.c.email,),
            make=_administrator,
        )

    def save(self, administrator: Administrator) -> None:
        """Store a changed administrator."""
        self.connection.execute(
            update(administrators).where(administrators.c.id == administrator.id).values(_stored(administrator))
        )

    def remove(self, administrator_id: str) -> None:
        """Remove an administrator, and their API keys with them."""
        self.connection.execute(delete(administrators).where(administrators.c.id == administrator_id))


@dataclass(frozen=True, slots=True)
class LinkSql:
    """One-time links over one connection."""

    connection: Connection

    def add(self, link: AdministratorLink) -> None:
        """Store a new link."""
        self.connection.execute(insert(administrator_links).values(asdict(link)))

    def find(self, token_hash: str) -> AdministratorLink | None:
        """Return the link whose token has this hash."""
        row = self.connection.execute(select(administrator_links).where(administrator_links.c.token_hash == token_hash)).first()
        return None if row is None else AdministratorLink(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to names

    def find_for_update(self, token_hash: str) -> AdministratorLink | None:
        """Return the link, and keep others from using it until the unit of work ends."""
        query = select(administrator_links).where(administrator_links.c.token_hash == token_hash).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else AdministratorLink(**row._mapping)  # noqa: SLF001 - the same

    def mark_used(self, link_id: str, at: datetime) -> None:
        """Note that the link was used."""
        self.connection.execute(update(administrator_links).where(administrator_links.c.id == link_id).values(used_at=at))

    def open_invitations(self, now: datetime) -> Sequence[AdministratorLink]:
        """Return the invitations that can still be used, the newest first."""
        query = select(administrator_links).where(
            administrator_links.c.email != "", administrator_links.c.used_at.is_(None), administrator_links.c.expires_at > now
        )
        rows = self.connection.execute(query.order_by(administrator_links.c.created_at.desc(), administrator_links.c.id))
        return [AdministratorLink(**row._mapping) for row in rows]  # noqa: SLF001 - the same

    def get_for_update(self, link_id: str) -> AdministratorLink | None:
        """Return a link by its id, and keep others from using it until the unit of work ends."""
        query = select(administrator_links).where(administrator_links.c.id == link_id).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else AdministratorLink(**row._mapping)  # noqa: SLF001 - the same

    def of_role(self, role: str, now: datetime) -> Sequence[str]:
        """Return for whom there are invitations into this role that can still be used."""
        theirs = (
            administrator_links.c.role == role,
            administrator_links.c.email != "",
            administrator_links.c.used_at.is_(None),
            administrator_links.c.expires_at > now,
        )
        query = select(administrator_links.c.email).where(*theirs).order_by(administrator_links.c.email)
        return list(self.connection.execute(query).scalars())

    def revoke_for(self, email: str, at: datetime) -> int:
        """Make the unused invitations of an address worthless; return how many."""
        theirs = (administrator_links.c.email == email, administrator_links.c.used_at.is_(None))
        return self.connection.execute(update(administrator_links).where(*theirs).values(used_at=at)).rowcount

    def revoke_made_by(self, administrator_id: str, at: datetime) -> int:
        """Make the unused links worthless that this administrator made, also with a key; return how many."""
        theirs = (administrator_links.c.made_by_id == administrator_id, administrator_links.c.used_at.is_(None))
        return self.connection.execute(update(administrator_links).where(*theirs).values(used_at=at)).rowcount


def _administrator(row: Any) -> Administrator:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Administrator(**{**values, "custom_permissions": permissions_in(values["custom_permissions"])})


def _stored(administrator: Administrator) -> dict[str, Any]:
    return {name: value for name, value in asdict(administrator).items() if name != "custom_permissions"}
