"""The sign-in's ports in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from homeport.foundation.kernel.listing import Listing, Page
from homeport.trust.federation.recorder import Step
from homeport.trust.signin.model import Purpose, RecordedStep, SignIn, State
from homeport.trust.signin.tables import sign_in_steps, sign_ins

OPEN = [state.value for state in State if state.open]
FILTERS = {"state", "reason", "user_id", "continuation_id", "purpose", "provider_id"}


@dataclass(frozen=True, slots=True)
class SqlSignInStore:
    """Sign-ins in SQL."""

    connection: Connection

    def add(self, sign_in: SignIn) -> None:
        """Store a new sign-in."""
        self.connection.execute(insert(sign_ins).values(**asdict(sign_in)))

    def update(self, sign_in: SignIn) -> None:
        """Replace the stored one with the same id."""
        self.connection.execute(update(sign_ins).where(sign_ins.c.id == sign_in.id).values(**asdict(sign_in)))

    def get(self, sign_in_id: str) -> SignIn | None:
        """Return one by id and hold its row until the unit of work ends."""
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
        query = select(sign_ins).where(sign_ins.c.provider_id == provider_id, sign_ins.c.state.in_(OPEN)).with_for_update()
        return [_sign_in(row) for row in self.connection.execute(query)]

    def open_before(self, moment: datetime) -> Sequence[SignIn]:
        """Return open sign-ins whose time was over before the moment, at most 500."""
        query = select(sign_ins).where(sign_ins.c.state.in_(OPEN), sign_ins.c.expires_at < moment).limit(500).with_for_update()
        return [_sign_in(row) for row in self.connection.execute(query)]

    def list(self, listing: Listing) -> Page[SignIn]:
        """Return a page of sign-ins, newest first."""
        conditions = [sign_ins.c[item.field] == item.value for item in listing.filters if item.field in FILTERS]
        if listing.text:
            like = f"%{listing.text.replace('%', '').replace('_', '')}%"
            conditions.append(or_(sign_ins.c.email.ilike(like), sign_ins.c.id.ilike(like), sign_ins.c.reason.ilike(like)))
        total = self.connection.execute(select(func.count()).select_from(sign_ins).where(*conditions)).scalar_one()
        query = (
            select(sign_ins).where(*conditions).order_by(sign_ins.c.started_at.desc()).offset(listing.skip).limit(listing.limit)
        )
        return Page([_sign_in(row) for row in self.connection.execute(query)], total)


def _one(row: Row[Any] | None) -> SignIn | None:
    return _sign_in(row) if row else None


def _sign_in(row: Row[Any]) -> SignIn:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    return SignIn(**{**values, "purpose": Purpose(values["purpose"]), "state": State(values["state"])})
