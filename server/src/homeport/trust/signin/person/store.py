"""Users' passwords and one-time links in SQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from homeport.trust.signin.person.model import Authority, DirectoryPassword, LinkKind, PasswordLink
from homeport.trust.signin.person.tables import password_links, user_passwords


@dataclass(frozen=True, slots=True)
class PasswordSql:
    """Passwords over one connection."""

    connection: Connection

    def get(self, user_id: str) -> DirectoryPassword:
        """Return a user's; the empty one when nothing was ever set."""
        row = self.connection.execute(select(user_passwords).where(user_passwords.c.user_id == user_id)).first()
        return DirectoryPassword(user_id) if row is None else _password(row)

    def get_all(self, user_ids: Collection[str]) -> Sequence[DirectoryPassword]:
        """Return those of these users that are stored."""
        query = select(user_passwords).where(user_passwords.c.user_id.in_(list(user_ids)))
        return [_password(row) for row in self.connection.execute(query)]

    def save(self, password: DirectoryPassword) -> None:
        """Store a new or changed one; the caller holds the user."""
        values = asdict(password)
        this = user_passwords.c.user_id == password.user_id
        if not self.connection.execute(update(user_passwords).where(this).values(values)).rowcount:
            self.connection.execute(insert(user_passwords).values(values))


@dataclass(frozen=True, slots=True)
class PasswordLinkSql:
    """One-time links over one connection."""

    connection: Connection

    def add(self, link: PasswordLink) -> None:
        """Store a new link."""
        self.connection.execute(insert(password_links).values(asdict(link)))

    def find(self, token_hash: str) -> PasswordLink | None:
        """Return the link whose token has this hash."""
        return _link(self.connection.execute(select(password_links).where(password_links.c.token_hash == token_hash)).first())

    def find_for_update(self, token_hash: str) -> PasswordLink | None:
        """Return the link, and keep others from using it until the unit of work ends."""
        query = select(password_links).where(password_links.c.token_hash == token_hash).with_for_update()
        return _link(self.connection.execute(query).first())

    def newest_open(self, user_id: str, now: datetime) -> PasswordLink | None:
        """Return the link of a user that can still be used."""
        query = select(password_links).where(
            password_links.c.user_id == user_id, password_links.c.used_at.is_(None), password_links.c.expires_at > now
        )
        return _link(self.connection.execute(query.order_by(password_links.c.created_at.desc())).first())

    def end_of(self, user_id: str, at: datetime) -> int:
        """Make a user's unused links worthless; return how many."""
        theirs = (password_links.c.user_id == user_id, password_links.c.used_at.is_(None))
        return self.connection.execute(update(password_links).where(*theirs).values(used_at=at)).rowcount

    def remove_before(self, moment: datetime) -> None:
        """Forget links that were over before."""
        self.connection.execute(delete(password_links).where(password_links.c.expires_at < moment))


def _password(row: Any) -> DirectoryPassword:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return DirectoryPassword(**{**values, "authority": Authority(values["authority"])})


def _link(row: Any) -> PasswordLink | None:
    if row is None:
        return None
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return PasswordLink(**{**values, "kind": LinkKind(values["kind"])})
