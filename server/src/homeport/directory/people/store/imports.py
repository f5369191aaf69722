"""Uploaded files, what was refused of them, and many users at once, in SQL."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.people.model import User
from homeport.directory.people.model.imports import Meaning, Phase, Refused, UserImport
from homeport.directory.people.store.users import SHOWN, a_user, user_row
from homeport.directory.people.tables import (
    user_group_members,
    user_import_chunks,
    user_import_refusals,
    user_imports,
    users,
)
from homeport.foundation.kernel.errors import Conflict

_KEPT_OF_A_CELL = 200
_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class ImportSql:
    """Imports over one connection."""

    connection: Connection

    def add(self, one: UserImport) -> None:
        """Store a new import."""
        self.connection.execute(insert(user_imports).values(_row(one)))

    def get(self, import_id: str) -> UserImport | None:
        """Return an import."""
        row = self.connection.execute(select(user_imports).where(user_imports.c.id == import_id)).first()
        return None if row is None else _import(row)

    def get_for_update(self, import_id: str) -> UserImport | None:
        """Return an import and keep others from changing it until the unit of work ends."""
        row = self.connection.execute(select(user_imports).where(user_imports.c.id == import_id).with_for_update()).first()
        return None if row is None else _import(row)

    def save(self, one: UserImport) -> None:
        """Store a changed import."""
        self.connection.execute(update(user_imports).where(user_imports.c.id == one.id).values(_row(one)))

    def remove_before(self, moment: datetime) -> None:
        """Forget imports that were uploaded before the moment, with their files."""
        self.connection.execute(delete(user_imports).where(user_imports.c.created_at < moment))

    def append(self, import_id: str, number: int, content: bytes) -> None:
        """Store a part of the file."""
        self.connection.execute(insert(user_import_chunks).values(import_id=import_id, number=number, content=content))

    def chunk(self, import_id: str, number: int) -> bytes | None:
        """Return a part of the file; None after the last."""
        of_it = (user_import_chunks.c.import_id == import_id, user_import_chunks.c.number == number)
        return self.connection.execute(select(user_import_chunks.c.content).where(*of_it)).scalar()

    def drop_file(self, import_id: str) -> None:
        """Forget the file, once all of it was taken."""
        self.connection.execute(delete(user_import_chunks).where(user_import_chunks.c.import_id == import_id))

    def forget_refusals(self, import_id: str) -> None:
        """Forget what the last check or run refused."""
        self.connection.execute(delete(user_import_refusals).where(user_import_refusals.c.import_id == import_id))

    def refuse(self, import_id: str, refused: Sequence[Refused]) -> None:
        """Store refused rows, of long cells only the beginning."""
        rows = [
            {
                "import_id": import_id,
                "line": one.line,
                "field": one.field,
                "reason": one.reason,
                "cells": [cell[:_KEPT_OF_A_CELL].replace("\x00", "\N{REPLACEMENT CHARACTER}") for cell in one.cells],
            }
            for one in refused
        ]
        if rows:
            self.connection.execute(insert(user_import_refusals), rows)

    def refusals(self, import_id: str, after: int, limit: int) -> Sequence[Refused]:
        """Return refused rows after a line."""
        table = user_import_refusals
        query = select(table).where(table.c.import_id == import_id, table.c.line > after).order_by(table.c.line).limit(limit)
        return [Refused(row.line, row.field, row.reason, tuple(row.cells)) for row in self.connection.execute(query)]

    def find_users(self, emails: Collection[str], usernames: Collection[str]) -> Sequence[User]:
        """Return the users with one of these addresses or names, and hold them."""
        found: dict[str, User] = {}
        for column, wanted in ((users.c.email, emails), (users.c.username, usernames)):
            for some in _portions(wanted):
                query = select(*SHOWN).where(column.in_(some)).order_by(users.c.id).with_for_update()
                found.update((user.id, user) for user in map(a_user, self.connection.execute(query)))
        return list(found.values())

    def add_users(self, new: Sequence[User]) -> None:
        """Store many new users; raise Conflict when one of them was added by somebody else at this moment."""
        if new:
            try:
                self.connection.execute(insert(users), [user_row(user) for user in new])
            except IntegrityError as error:
                raise Conflict("Somebody added one of these users at the same moment.", reason="username_taken") from error

    def save_users(self, changed: Sequence[User]) -> None:
        """Store many changed users, who are held; raise Conflict when an address was given to somebody else at this moment."""
        if changed:
            query = update(users).where(users.c.id == bindparam("held_id"))
            try:
                self.connection.execute(query, [{**user_row(user), "held_id": user.id} for user in changed])
            except IntegrityError as error:
                raise Conflict("Somebody took one of these addresses at the same moment.", reason="email_taken") from error

    def memberships(self, user_ids: Collection[str]) -> frozenset[tuple[str, str]]:
        """Return (group id, user id) of the groups that these users belong to."""
        table = user_group_members
        found: set[tuple[str, str]] = set()
        for some in _portions(user_ids):
            query = select(table.c.group_id, table.c.user_id).where(table.c.user_id.in_(some))
            found.update((row.group_id, row.user_id) for row in self.connection.execute(query))
        return frozenset(found)

    def users_after(self, username: str, group: str, state: str, limit: int) -> Sequence[User]:
        """Return the next users by user name, optionally only of a group or a state; for an export that holds no list."""
        query = select(*SHOWN).where(users.c.username > username).order_by(users.c.username).limit(limit)
        if group:
            query = query.where(
                users.c.id.in_(select(user_group_members.c.user_id).where(user_group_members.c.group_id == group))
            )
        if state:
            query = query.where(users.c.state == state)
        return [a_user(row) for row in self.connection.execute(query)]

    def count_refusals(self, import_id: str) -> int:
        """Return how many rows were refused."""
        query = select(func.count()).where(user_import_refusals.c.import_id == import_id)
        return self.connection.execute(query).scalar_one()


def _portions(wanted: Collection[str]) -> Iterator[list[str]]:
    unique = sorted(set(wanted))
    for start in range(0, len(unique), _AT_ONCE):
        yield unique[start : start + _AT_ONCE]


def _row(one: UserImport) -> dict[str, Any]:
    return {**asdict(one), "phase": one.phase.value, "counts": dict(one.counts)}


def _import(row: Any) -> UserImport:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return UserImport(**{**values, "phase": Phase(values["phase"]), "meaning": Meaning(**values["meaning"])})
