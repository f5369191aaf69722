"""Sessions in SQL."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from homeport.channels.apple.authority.tables import apple_certificates
from homeport.channels.apple.enrollment.model import Enrollment, EnrollmentState
from homeport.channels.apple.enrollment.tables import apple_enrollments as table


@dataclass(frozen=True, slots=True)
class EnrollmentSql:
    """The sessions of one unit of work."""

    connection: Connection

    def add(self, enrollment: Enrollment) -> None:
        """Store a new session."""
        self.connection.execute(insert(table).values(_row(enrollment)))

    def save(self, enrollment: Enrollment) -> None:
        """Replace the stored one with the same id."""
        self.connection.execute(update(table).where(table.c.id == enrollment.id).values(_row(enrollment)))

    def get(self, enrollment_id: str, *, hold: bool = False) -> Enrollment | None:
        """Return one by id; `hold` keeps its row until the unit of work ends."""
        return self._one(select(table).where(table.c.id == enrollment_id), hold=hold)

    def by_cookie(self, cookie_hash: str, *, hold: bool = False) -> Enrollment | None:
        """Return one by the hash of its cookie."""
        return self._one(select(table).where(table.c.cookie_hash == cookie_hash), hold=hold)

    def latest_of(self, serial: str) -> Enrollment | None:
        """Return the newest session of a serial number."""
        query = select(table).where(table.c.serial == serial).order_by(table.c.created_at.desc(), table.c.id.desc())
        return self._one(query.limit(1))

    def has_certificate(self, enrollment_id: str) -> bool:
        """Tell whether a certificate was issued for the session: its secret is used up."""
        query = select(apple_certificates.c.sha256).where(apple_certificates.c.session_id == enrollment_id).limit(1)
        return self.connection.execute(query).first() is not None

    def issued_to(self, user_id: str, now: datetime) -> Collection[str]:
        """Return the serial numbers whose profile a person took in a session that is not over."""
        theirs = (table.c.user_id == user_id, table.c.state == EnrollmentState.ISSUED.value, table.c.expires_at > now)
        return set(self.connection.execute(select(table.c.serial).where(*theirs)).scalars())

    def remove_before(self, moment: datetime) -> int:
        """Forget sessions that began before and earned no certificate; return how many."""
        earned = select(apple_certificates.c.session_id).where(apple_certificates.c.session_id == table.c.id).exists()
        return self.connection.execute(delete(table).where(table.c.created_at < moment, ~earned)).rowcount

    def _one(self, query: Select[Any], *, hold: bool = False) -> Enrollment | None:
        row = self.connection.execute(query.with_for_update() if hold else query).first()
        return None if row is None else _enrollment(row)


def _row(enrollment: Enrollment) -> dict[str, Any]:
    return {**asdict(enrollment), "state": enrollment.state.value}


def _enrollment(row: Row[Any]) -> Enrollment:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return Enrollment(**{**values, "state": EnrollmentState(values["state"])})
