"""Users' passwords and one-time links in SQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.foundation.kernel.errors import Conflict
from homeport.trust.signin.person.model import Authority, DirectoryPassword, LinkKind, PasswordLink, PasswordRules
from homeport.trust.signin.person.tables import earlier_passwords, password_links, password_rules, user_passwords


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
class RuleSql:
    """The rules of passwords, and earlier ones, over one connection."""

    connection: Connection

    def get(self) -> PasswordRules:
        """Return the rules; the usual ones while nobody has set any."""
        return _rules(self.connection.execute(select(password_rules)).first())

    def get_for_update(self) -> PasswordRules:
        """Return the rules and keep others from changing them until the unit of work ends."""
        return _rules(self.connection.execute(select(password_rules).with_for_update()).first())

    def save(self, rules: PasswordRules) -> None:
        """Store changed rules; raise Conflict when somebody else stored the first ones at the same moment."""
        values = asdict(rules)
        if self.connection.execute(update(password_rules).values(values)).rowcount:
            return
        try:
            self.connection.execute(insert(password_rules).values(id=1, **values))
        except IntegrityError as error:
            raise Conflict("Somebody else set the first rules at this moment. Open the page again.") from error

    def earlier(self, user_id: str, most: int) -> Sequence[str]:
        """Return the hashes of a user's earlier passwords, the last first."""
        return list(self.connection.execute(self._newest(user_id, earlier_passwords.c.password_hash).limit(most)).scalars())

    def remember(self, earlier_id: str, user_id: str, password_hash: str, at: datetime, most: int) -> None:
        """Keep the hash of a password that was replaced, and forget those of the user beyond the last `most`."""
        values = {"id": earlier_id, "user_id": user_id, "password_hash": password_hash, "replaced_at": at}
        self.connection.execute(insert(earlier_passwords).values(values))
        newest = self.connection.execute(self._newest(user_id, earlier_passwords.c.id)).scalars().all()
        self.connection.execute(delete(earlier_passwords).where(earlier_passwords.c.id.in_(newest[most:])))

    def _newest(self, user_id: str, column: Column[str]) -> Select[Any]:
        order = (earlier_passwords.c.replaced_at.desc(), earlier_passwords.c.id.desc())
        return select(column).where(earlier_passwords.c.user_id == user_id).order_by(*order)


def _rules(row: Row[Any] | None) -> PasswordRules:
    if row is None:
        return PasswordRules()
    return PasswordRules(row.shortest, row.history, row.lifetime_days, row.version)


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
