"""Users in SQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.people.model import User, UserState
from homeport.directory.people.tables import unique_email, unique_username, user_group_members, user_groups, users
from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.listing import Listing, Page, folded

SHOWN = [column for column in users.c if column.name != "search_key"]
"""The columns that make a user."""
SORTED = {column.name: column for column in SHOWN}
"""The fields by which users can be filtered and sorted."""
_SEARCHED = ("username", "email", "firstname", "lastname", "displayname", "job_title", "department", "company", "location",
             "cost_center", "employee_identifier", "employee_type")  # fmt: skip


_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class UserSql:
    """Users over one connection."""

    connection: Connection

    def add(self, user: User) -> None:
        """Store a new user."""
        try:
            self.connection.execute(insert(users), user_row(user))
        except IntegrityError as error:
            raise _taken(user, error) from error

    def get(self, user_id: str) -> User | None:
        """Return a user."""
        row = self.connection.execute(select(*SHOWN).where(users.c.id == user_id)).first()
        return None if row is None else a_user(row)

    def get_all(self, user_ids: Collection[str]) -> Sequence[User]:
        """Return those of these users who exist, by user name."""
        query = select(*SHOWN).where(users.c.id.in_(list(user_ids))).order_by(users.c.username)
        return [a_user(row) for row in self.connection.execute(query)]

    def get_for_update(self, user_id: str) -> User | None:
        """Return a user and keep others from changing them until the unit of work ends."""
        row = self.connection.execute(select(*SHOWN).where(users.c.id == user_id).with_for_update()).first()
        return None if row is None else a_user(row)

    def hold(self, user_ids: Collection[str]) -> None:
        """Keep others from changing these users until the unit of work ends; they are taken in the order of their ids."""
        ids = sorted(set(user_ids))
        for start in range(0, len(ids), _AT_ONCE):
            some = users.c.id.in_(ids[start : start + _AT_ONCE])
            self.connection.execute(select(users.c.id).where(some).order_by(users.c.id).with_for_update()).all()

    def find_by_email(self, email: str) -> User | None:
        """Return the user with exactly this lower-case address."""
        row = self.connection.execute(select(*SHOWN).where(users.c.email == email)).first()
        return None if row is None else a_user(row)

    def find_by_username(self, username: str) -> User | None:
        """Return the user with exactly this lower-case name."""
        row = self.connection.execute(select(*SHOWN).where(users.c.username == username)).first()
        return None if row is None else a_user(row)

    def group_names_of(self, user_id: str) -> Sequence[str]:
        """Return the names of the groups that the user belongs to."""
        query = select(user_groups.c.name).join(user_group_members).where(user_group_members.c.user_id == user_id)
        return self.connection.execute(query.order_by(user_groups.c.name_key)).scalars().all()

    def search(self, listing: Listing) -> Page[User]:
        """Return the users that match, by user name unless the listing says otherwise; a filter `group` holds a group's id."""
        groups = {one.value for one in listing.filters if one.field == "group"}
        query = select(*SHOWN)
        if groups:
            members = select(user_group_members.c.user_id).where(user_group_members.c.group_id.in_(groups))
            query = query.where(users.c.id.in_(members))
            listing = replace(listing, filters=tuple(one for one in listing.filters if one.field != "group"))
        return fetch_page(
            self.connection,
            query,
            listing,
            fields=SORTED,
            search_key=users.c.search_key,
            order=(users.c.username,),
            make=a_user,
        )

    def save(self, user: User) -> None:
        """Store a changed user."""
        try:
            self.connection.execute(update(users).where(users.c.id == user.id), user_row(user))
        except IntegrityError as error:
            raise _taken(user, error) from error

    def remove(self, user_id: str) -> None:
        """Remove a user, also from all groups."""
        self.connection.execute(delete(users).where(users.c.id == user_id))


def user_row(user: User) -> dict[str, Any]:
    """Return the columns of a user."""
    return {name: getattr(user, name) for name in SORTED} | {"state": user.state.value, "search_key": search_key(user)}


def search_key(user: User) -> str:
    """Return the text in which a search for the user looks."""
    return folded("\n".join(filter(None, (getattr(user, name) for name in _SEARCHED))))


def a_user(row: Any) -> User:
    """Make a user of a row of the table."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return User(**{**values, "state": UserState(values["state"])})


def _taken(user: User, error: IntegrityError) -> Conflict:
    if violates_unique(error, unique_email):
        return Conflict(f"Another user already has the e-mail address {user.email}.", reason="email_taken")
    if violates_unique(error, unique_username):
        return Conflict(f"Another user already has the user name {user.username}.", reason="username_taken")
    raise error
