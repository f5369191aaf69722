"""User groups and memberships in SQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.people.model import User, UserGroup, group_key
from homeport.directory.people.store.users import SHOWN, SORTED, a_user
from homeport.directory.people.tables import unique_group_name, user_group_members, user_groups, users
from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.listing import Listing, Page, folded

_FIELDS = {column.name: column for column in user_groups.c if column.name not in {"name_key", "search_key"}}
_GROUP = list(_FIELDS.values())
_AT_ONCE = 500
"""Ids in one statement; SQLite's older limit is 999 values."""


@dataclass(frozen=True, slots=True)
class UserGroupSql:
    """User groups over one connection."""

    connection: Connection

    def add(self, group: UserGroup) -> None:
        """Store a new group."""
        try:
            self.connection.execute(insert(user_groups).values(_row(group)))
        except IntegrityError as error:
            raise _taken(group, error) from error

    def get(self, group_id: str) -> UserGroup | None:
        """Return a group."""
        row = self.connection.execute(select(*_GROUP).where(user_groups.c.id == group_id)).first()
        return None if row is None else _group(row)

    def get_for_update(self, group_id: str) -> UserGroup | None:
        """Return a group and keep others from changing it or its members until the unit of work ends."""
        row = self.connection.execute(select(*_GROUP).where(user_groups.c.id == group_id).with_for_update()).first()
        return None if row is None else _group(row)

    def get_all(self, group_ids: Collection[str]) -> Sequence[UserGroup]:
        """Return those of these groups that exist, by name."""
        query = select(*_GROUP).where(user_groups.c.id.in_(list(group_ids))).order_by(user_groups.c.name_key)
        return [_group(row) for row in self.connection.execute(query)]

    def find_by_names(self, names: Collection[str]) -> Sequence[UserGroup]:
        """Return the groups that have one of these names, ignoring case."""
        found = []
        for some in _portions({group_key(name.strip()) for name in names}):
            rows = self.connection.execute(select(*_GROUP).where(user_groups.c.name_key.in_(some)))
            found += [_group(row) for row in rows]
        return found

    def search(self, listing: Listing) -> Page[UserGroup]:
        """Return the groups that match, by name unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            select(*_GROUP),
            listing,
            fields=_FIELDS,
            sorts={"name": user_groups.c.name_key},
            search_key=user_groups.c.search_key,
            order=(user_groups.c.name_key,),
            make=_group,
        )

    def save(self, group: UserGroup) -> None:
        """Store a changed group."""
        try:
            self.connection.execute(update(user_groups).where(user_groups.c.id == group.id).values(_row(group)))
        except IntegrityError as error:
            raise _taken(group, error) from error

    def remove(self, group_id: str) -> None:
        """Remove a group and all its memberships."""
        self.connection.execute(delete(user_groups).where(user_groups.c.id == group_id))

    def count_members(self, group_ids: Collection[str]) -> Mapping[str, int]:
        """Return how many users each of these groups has."""
        found = dict.fromkeys(group_ids, 0)
        for some in _portions(group_ids):
            query = (
                select(user_group_members.c.group_id, func.count())
                .where(user_group_members.c.group_id.in_(some))
                .group_by(user_group_members.c.group_id)
            )
            found.update((group_id, number) for group_id, number in self.connection.execute(query))
        return found

    def search_members(self, group_id: str, listing: Listing) -> Page[User]:
        """Return the members that match, by user name unless the listing says otherwise."""
        members = select(user_group_members.c.user_id).where(user_group_members.c.group_id == group_id)
        return fetch_page(
            self.connection,
            select(*SHOWN).where(users.c.id.in_(members)),
            listing,
            fields=SORTED,
            search_key=users.c.search_key,
            order=(users.c.username,),
            make=a_user,
        )

    def groups_of(self, user_id: str) -> Sequence[UserGroup]:
        """Return the groups that the user belongs to, by name."""
        query = (
            select(*_GROUP)
            .join(user_group_members, user_group_members.c.group_id == user_groups.c.id)
            .where(user_group_members.c.user_id == user_id)
            .order_by(user_groups.c.name_key)
        )
        return [_group(row) for row in self.connection.execute(query)]

    def group_ids_of(self, user_id: str) -> frozenset[str]:
        """Return the ids of the groups that the user belongs to."""
        query = select(user_group_members.c.group_id).where(user_group_members.c.user_id == user_id)
        return frozenset(self.connection.execute(query).scalars())

    def which_belong(self, group_id: str, user_ids: Collection[str]) -> frozenset[str]:
        """Return those of these users who belong to the group."""
        here = (user_group_members.c.group_id == group_id, user_group_members.c.user_id.in_(list(user_ids)))
        return frozenset(self.connection.execute(select(user_group_members.c.user_id).where(*here)).scalars())

    def names_of(self, user_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of the groups of each of these users who has some."""
        found: dict[str, list[str]] = {}
        for some in _portions(user_ids):
            query = (
                select(user_group_members.c.user_id, user_groups.c.name)
                .join(user_groups, user_groups.c.id == user_group_members.c.group_id)
                .where(user_group_members.c.user_id.in_(some))
                .order_by(user_groups.c.name_key)
            )
            for row in self.connection.execute(query):
                found.setdefault(row.user_id, []).append(row.name)
        return found

    def add_members(self, group_id: str, user_ids: Collection[str], moment: datetime) -> Sequence[User]:
        """Add users; return those who did not belong to the group before. Ids that name no user are left out."""
        added: list[User] = []
        for some in _portions(user_ids):
            here = select(user_group_members.c.user_id).where(user_group_members.c.group_id == group_id)
            # Held until the unit of work ends, so that nobody who is added can be deleted meanwhile.
            query = select(*SHOWN).where(users.c.id.in_(some), users.c.id.not_in(here)).order_by(users.c.id).with_for_update()
            new = [a_user(row) for row in self.connection.execute(query)]
            if new:
                rows = [{"group_id": group_id, "user_id": user.id, "added_at": moment} for user in new]
                self.connection.execute(insert(user_group_members), rows)
            added += new
        return added

    def remove_members(self, group_id: str, user_ids: Collection[str]) -> Sequence[User]:
        """Remove users; return those who belonged to the group before."""
        removed: list[User] = []
        for some in _portions(user_ids):
            of_them = (user_group_members.c.group_id == group_id, user_group_members.c.user_id.in_(some))
            query = select(*SHOWN).join(user_group_members, user_group_members.c.user_id == users.c.id).where(*of_them)
            removed += [a_user(row) for row in self.connection.execute(query.order_by(users.c.id))]
            self.connection.execute(delete(user_group_members).where(*of_them))
        return removed


def _portions(ids: Collection[str]) -> Iterator[list[str]]:
    unique = sorted(set(ids))
    for start in range(0, len(unique), _AT_ONCE):
        yield unique[start : start + _AT_ONCE]


def _row(group: UserGroup) -> dict[str, Any]:
    key = group_key(group.name)
    return {**asdict(group), "name_key": key, "search_key": f"{key}\n{folded(group.description)}"}


def _group(row: Any) -> UserGroup:
    return UserGroup(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names


def _taken(group: UserGroup, error: IntegrityError) -> Conflict:
    if violates_unique(error, unique_group_name):
        return Conflict(f"Another user group is already called “{group.name}”.", reason="group_name_taken")
    raise error
