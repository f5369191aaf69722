"""The sign-in's ports in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Date, Row, case, cast, delete, func, insert, or_, select, update

from homeport.directory.devices.tables import devices
from homeport.directory.people.tables import users
from homeport.foundation.database.listing import fetch_page, fetch_window
from homeport.foundation.kernel.listing import Listing, Page, Window
from homeport.trust.federation.recorder import Step
from homeport.trust.federation.tables import identity_providers
from homeport.trust.signin.model import DayOfSignIns, Listed, Purpose, RecordedStep, Refusals, SignIn, State
from homeport.trust.signin.tables import sign_in_steps, sign_ins

OPEN = [state.value for state in State if state.open]
_ENDED = (State.COMPLETED, State.REFUSED, State.EXPIRED)
_NAMES = (
    "id",
    "state",
    "reason",
    "user_id",
    "device_id",
    "continuation_id",
    "purpose",
    "provider_id",
    "started_at",
    "email",
    "address",
)
_FIELDS = {name: sign_ins.c[name] for name in _NAMES}
_TEXTS = [sign_ins.c[name] for name in ("email", "id", "reason")]


@dataclass(frozen=True, slots=True)
class SqlSignInStore:
    """Sign-ins in SQL."""

    connection: Connection

    def add(self, sign_in: SignIn) -> None:
        """Store a new sign-in."""
        self.connection.execute(insert(sign_ins), asdict(sign_in))

    def update(self, sign_in: SignIn) -> None:
        """Replace the stored one with the same id."""
        self.connection.execute(update(sign_ins).where(sign_ins.c.id == sign_in.id), asdict(sign_in))

    def get(self, sign_in_id: str) -> SignIn | None:
        """Return one by id."""
        return _one(self.connection.execute(select(sign_ins).where(sign_ins.c.id == sign_in_id)).one_or_none())

    def get_for_update(self, sign_in_id: str) -> SignIn | None:
        """Return one by id and hold its row until the unit of work ends; it is held before what it was begun for."""
        return _one(self.connection.execute(select(sign_ins).where(sign_ins.c.id == sign_in_id).with_for_update()).one_or_none())

    def find_by_state(self, state_hash: str) -> SignIn | None:
        """Return one by the hash of its `state` and hold its row until the unit of work ends."""
        return _one(
            self.connection.execute(select(sign_ins).where(sign_ins.c.state_hash == state_hash).with_for_update()).one_or_none()
        )

    def add_steps(self, sign_in_id: str, steps: Sequence[Step]) -> None:
        """Append steps to a sign-in's timeline."""
        if not steps:
            return
        last = self.connection.execute(
            select(func.max(sign_in_steps.c.number)).where(sign_in_steps.c.sign_in_id == sign_in_id)
        ).scalar_one()
        rows = [
            {
                "sign_in_id": sign_in_id,
                "number": number,
                "name": step.name[:64],
                "outcome": str(step.outcome),
                "at": step.at,
                "details": dict(step.details),
            }
            for number, step in enumerate(steps, (last or 0) + 1)
        ]
        self.connection.execute(insert(sign_in_steps), rows)

    def steps(self, sign_in_id: str) -> Sequence[RecordedStep]:
        """Return a sign-in's timeline."""
        table = sign_in_steps
        rows = self.connection.execute(select(table).where(table.c.sign_in_id == sign_in_id).order_by(table.c.number))
        return [RecordedStep(row.number, row.name, row.outcome, row.at, row.details) for row in rows]

    def open_of_provider(self, provider_id: str) -> Sequence[SignIn]:
        """Return the open sign-ins at a provider and hold their rows."""
        query = select(sign_ins).where(sign_ins.c.provider_id == provider_id, sign_ins.c.state.in_(OPEN))
        query = query.order_by(sign_ins.c.id).with_for_update()  # one order everywhere, so that no two wait for each other
        return [_sign_in(row) for row in self.connection.execute(query)]

    def open_before(self, moment: datetime) -> Sequence[SignIn]:
        """Return open sign-ins whose time was over before the moment, at most 500."""
        query = select(sign_ins).where(sign_ins.c.state.in_(OPEN), sign_ins.c.expires_at < moment)
        query = query.order_by(sign_ins.c.id).limit(500).with_for_update()
        return [_sign_in(row) for row in self.connection.execute(query)]

    def list(self, listing: Listing) -> Page[SignIn]:
        """Return a page of sign-ins, newest first."""
        return fetch_page(
            self.connection,
            select(sign_ins),
            listing,
            fields=_FIELDS,
            texts=_TEXTS,
            order=(sign_ins.c.started_at.desc(), sign_ins.c.id.desc()),
            make=_sign_in,
        )

    def window(self, listing: Listing, cursor: str = "", *, newer: bool = False, resumed: bool = False) -> Window[Listed]:
        """Return a window of sign-ins with names, newest first, before or after the sign-in with the id `cursor`.

        When that one is gone: the newest, or, with `resumed`, none.
        """
        query = (
            select(sign_ins, users.c.username, devices.c.display_name, devices.c.hostname)
            .outerjoin(users, users.c.id == sign_ins.c.user_id)
            .outerjoin(devices, devices.c.id == sign_ins.c.device_id)
        )
        return fetch_window(
            self.connection,
            query,
            listing,
            fields=_FIELDS,
            texts=_TEXTS,
            at=sign_ins.c.started_at,
            key=sign_ins.c.id,
            make=_listed,
            cursor=cursor,
            newer=newer,
            resumed=resumed,
        )

    def users_called(self, text: str) -> Sequence[str]:
        """Return the ids of users with this id, user name or e-mail address."""
        named = or_(users.c.id == text, users.c.username == text, users.c.email == text.lower())
        return list(self.connection.execute(select(users.c.id).where(named).limit(50)).scalars())

    def devices_called(self, text: str) -> Sequence[str]:
        """Return the ids of devices with this id, name or host name, at most 50."""
        named = or_(devices.c.id == text, devices.c.display_name == text, devices.c.hostname == text)
        return list(self.connection.execute(select(devices.c.id).where(named).limit(50)).scalars())

    def providers_called(self, text: str) -> Sequence[str]:
        """Return the ids of identity providers with this id, which may be a deleted one's, or this name in any case."""
        rows = self.connection.execute(select(identity_providers.c.id, identity_providers.c.settings))
        return [text, *(row.id for row in rows if row.settings.get("name", "").casefold() == text.casefold())]

    def refusals(self, provider_id: str, now: datetime) -> Sequence[Refusals]:
        """Return how often each reason refused at a provider, or anywhere without one; the most frequent of the week first."""
        table = sign_ins.c
        day = func.sum(case((table.started_at >= now - timedelta(days=1), 1), else_=0))
        query = (
            select(table.reason, day.label("day"), func.count().label("week"))
            .where(
                table.started_at >= now - timedelta(days=7), table.reason != "", table.purpose != Purpose.CONNECTION_TEST.value
            )
            .where(*([table.provider_id == provider_id] if provider_id else []))
            .group_by(table.reason)
            .order_by(func.count().desc(), table.reason)
        )
        return [Refusals(row.reason, int(row.day), int(row.week)) for row in self.connection.execute(query)]

    def days(self, since: date) -> Sequence[DayOfSignIns]:
        """Return the days (UTC) since then on which sign-ins began that have ended, oldest first."""
        table = sign_ins.c
        sqlite = self.connection.dialect.name == "sqlite"  # where a moment is text in UTC that begins with its day
        day = func.substr(table.started_at, 1, 10) if sqlite else cast(func.timezone("UTC", table.started_at), Date)
        query = (  # answered by the index over both columns alone
            select(day, *(func.sum(case((table.state == state.value, 1), else_=0)) for state in _ENDED))
            .where(table.state.in_([state.value for state in _ENDED]), table.started_at >= datetime.combine(since, time(), UTC))
            .group_by(day)
            .order_by(day)
        )
        rows = self.connection.execute(query)
        return [DayOfSignIns(date.fromisoformat(str(row[0])), *(int(count) for count in row[1:])) for row in rows]

    def remove_before(self, moment: datetime) -> int:
        """Forget sign-ins that ended and began before the moment, with their steps, at most 1000; return how many."""
        old = select(sign_ins.c.id).where(sign_ins.c.started_at < moment, sign_ins.c.state.not_in(OPEN)).limit(1000)
        return self.connection.execute(delete(sign_ins).where(sign_ins.c.id.in_(old))).rowcount


def _one(row: Row[Any] | None) -> SignIn | None:
    return _sign_in(row) if row else None


def _listed(row: Row[Any]) -> Listed:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    username, name, hostname = (values.pop(column) for column in ("username", "display_name", "hostname"))
    return Listed(_made(values), username or "", name or hostname or "")


def _sign_in(row: Row[Any]) -> SignIn:
    return _made(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's documented name


def _made(values: dict[str, Any]) -> SignIn:
    return SignIn(**{**values, "purpose": Purpose(values["purpose"]), "state": State(values["state"])})
