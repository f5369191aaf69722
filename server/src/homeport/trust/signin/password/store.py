"""Sessions, failures and known browsers in SQL; each store has one table for administrators and one for users."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Table, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from homeport.trust.signin.password.model import Challenge, Session, Throttle, Way
from homeport.trust.signin.password.tables import admin_challenges, admin_sessions, known_browsers, signin_throttles

Made = TypeVar("Made", Session, Challenge)


def _of(kind: type[Made], table: Table, row: Row[Any]) -> Made:
    """Return a row as what it means: the column of the owner is called after them, the field is `owner_id`."""
    return kind(**dict(zip(table.c.keys(), row, strict=True)))


def _session(table: Table, row: Row[Any]) -> Session:
    found = _of(Session, table, row)
    return replace(found, way=Way(found.way))


@dataclass(frozen=True, slots=True)
class SessionSql:
    """Sessions over one connection."""

    connection: Connection
    table: Table = admin_sessions

    def add(self, session: Session) -> None:
        """Store a new session."""
        self.connection.execute(insert(self.table).values(asdict(session)))

    def find(self, token_hash: str) -> Session | None:
        """Return the session whose token has this hash."""
        row = self.connection.execute(select(self.table).where(self.table.c.token_hash == token_hash)).first()
        return None if row is None else _session(self.table, row)

    def replace_token(self, session: Session, old_hash: str) -> bool:
        """Store a session's new token and times in the place of those with the old token; tell whether it was still there."""
        this = (self.table.c.id == session.id, self.table.c.token_hash == old_hash)
        return self.connection.execute(update(self.table).where(*this).values(asdict(session))).rowcount == 1

    def touch(self, session_id: str, at: datetime) -> None:
        """Note when the session was last used."""
        self.connection.execute(update(self.table).where(self.table.c.id == session_id).values(last_seen_at=at))

    def remove(self, session_id: str) -> None:
        """End a session."""
        self.connection.execute(delete(self.table).where(self.table.c.id == session_id))

    def remove_of(self, owner_id: str, *, but: str = "") -> int:
        """End all sessions of somebody, all but one; return how many."""
        theirs = (self.table.c.owner_id == owner_id, self.table.c.id != but)
        return self.connection.execute(delete(self.table).where(*theirs)).rowcount

    def of_owner(self, owner_id: str, now: datetime, idle_since: datetime) -> Sequence[Session]:
        """Return somebody's living sessions, the last used first."""
        query = select(self.table).where(
            self.table.c.owner_id == owner_id,
            self.table.c.expires_at > now,
            self.table.c.last_seen_at > idle_since,
        )
        rows = self.connection.execute(query.order_by(self.table.c.last_seen_at.desc(), self.table.c.id))
        return [_session(self.table, row) for row in rows]

    def get(self, session_id: str) -> Session | None:
        """Return a session."""
        row = self.connection.execute(select(self.table).where(self.table.c.id == session_id)).first()
        return None if row is None else _session(self.table, row)

    def remove_over(self, now: datetime, idle_since: datetime) -> None:
        """Remove sessions that expired or were not used since."""
        over = or_(self.table.c.expires_at <= now, self.table.c.last_seen_at <= idle_since)
        self.connection.execute(delete(self.table).where(over))


@dataclass(frozen=True, slots=True)
class ChallengeSql:
    """Sign-ins between password and code, over one connection."""

    connection: Connection
    table: Table = admin_challenges

    def add(self, challenge: Challenge) -> None:
        """Store a new one."""
        self.connection.execute(insert(self.table).values(asdict(challenge)))

    def find(self, token_hash: str) -> Challenge | None:
        """Return the one whose token has this hash."""
        row = self.connection.execute(select(self.table).where(self.table.c.token_hash == token_hash)).first()
        return None if row is None else _of(Challenge, self.table, row)

    def find_for_update(self, token_hash: str) -> Challenge | None:
        """Return the one whose token has this hash, and keep others from it until the unit of work ends."""
        query = select(self.table).where(self.table.c.token_hash == token_hash).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else _of(Challenge, self.table, row)

    def save(self, challenge: Challenge) -> None:
        """Store a changed one."""
        this = self.table.c.id == challenge.id
        self.connection.execute(update(self.table).where(this).values(asdict(challenge)))

    def remove_of(self, owner_id: str) -> None:
        """End all of somebody."""
        self.connection.execute(delete(self.table).where(self.table.c.owner_id == owner_id))

    def remove_before(self, moment: datetime) -> None:
        """Forget those that were over before."""
        self.connection.execute(delete(self.table).where(self.table.c.expires_at < moment))


@dataclass(frozen=True, slots=True)
class ThrottleSql:
    """Failures counted, over one connection."""

    connection: Connection

    def hold(self, key: str, now: datetime) -> Throttle:
        """Return a key's throttle, making one when there is none, and keep others from it until the unit of work ends."""
        row = self._locked(key)
        if row is None:
            try:
                with self.connection.begin_nested():
                    values = {"key": key, "failures": 0, "blocked_until": now, "last_failure_at": now}
                    self.connection.execute(insert(signin_throttles).values(values))
            except IntegrityError:
                pass  # another replica made it at the same moment; the row below is theirs
            row = self._locked(key)
        assert row is not None
        return Throttle(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names

    def save(self, throttle: Throttle) -> None:
        """Store a changed throttle."""
        self.connection.execute(update(signin_throttles).where(signin_throttles.c.key == throttle.key).values(asdict(throttle)))

    def remove_before(self, moment: datetime) -> None:
        """Forget throttles whose last failure is older."""
        self.connection.execute(delete(signin_throttles).where(signin_throttles.c.last_failure_at < moment))

    def _locked(self, key: str) -> Any:
        return self.connection.execute(select(signin_throttles).where(signin_throttles.c.key == key).with_for_update()).first()


@dataclass(frozen=True, slots=True)
class BrowserSql:
    """Known browsers over one connection."""

    connection: Connection
    table: Table = known_browsers

    def knows(self, browser_hash: str, owner_id: str, since: datetime) -> bool:
        """Tell whether the account signed in with this browser since then."""
        query = select(self.table.c.browser_hash).where(
            self.table.c.browser_hash == browser_hash,
            self.table.c.owner_id == owner_id,
            self.table.c.last_used_at >= since,
        )
        return self.connection.execute(query).first() is not None

    def remember(self, browser_hash: str, owner_id: str, at: datetime) -> None:
        """Note that the account signed in with this browser."""
        this = (self.table.c.browser_hash == browser_hash, self.table.c.owner_id == owner_id)
        changed = self.connection.execute(update(self.table).where(*this).values(last_used_at=at)).rowcount
        if not changed:
            values = {"browser_hash": browser_hash, "owner_id": owner_id, "last_used_at": at}
            self.connection.execute(insert(self.table).values(values))

    def remove_of(self, owner_id: str) -> None:
        """Forget the browsers of somebody."""
        self.connection.execute(delete(self.table).where(self.table.c.owner_id == owner_id))

    def remove_before(self, moment: datetime) -> None:
        """Forget browsers that were last used before."""
        self.connection.execute(delete(self.table).where(self.table.c.last_used_at < moment))
