"""Passkeys and challenges in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from homeport.trust.signin.passkeys.model import Act, Ceremony, Passkey
from homeport.trust.signin.passkeys.tables import passkey_ceremonies


@dataclass(frozen=True, slots=True)
class PasskeySql:
    """The passkeys of one kind of owners over one connection."""

    connection: Connection
    table: Table

    def add(self, passkey: Passkey) -> None:
        """Store a new one."""
        self.connection.execute(insert(self.table).values(asdict(passkey)))

    def find(self, credential_id: str) -> Passkey | None:
        """Return the one with this credential id, and keep others from it until the unit of work ends."""
        query = select(self.table).where(self.table.c.credential_id == credential_id).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else self._passkey(row)

    def of_owner(self, owner_id: str) -> Sequence[Passkey]:
        """Return somebody's, the oldest first."""
        query = select(self.table).where(self.table.c.owner_id == owner_id).order_by(self.table.c.created_at, self.table.c.id)
        return [self._passkey(row) for row in self.connection.execute(query)]

    def used(self, passkey_id: str, sign_count: int, at: datetime) -> None:
        """Note a use."""
        this = self.table.c.id == passkey_id
        self.connection.execute(update(self.table).where(this).values(sign_count=sign_count, last_used_at=at))

    def remove_of(self, owner_id: str) -> int:
        """Remove all of somebody's; return how many."""
        return self.connection.execute(delete(self.table).where(self.table.c.owner_id == owner_id)).rowcount

    def remove(self, owner_id: str, passkey_id: str) -> bool:
        """Remove one of somebody's; tell whether it was there."""
        theirs = (self.table.c.owner_id == owner_id, self.table.c.id == passkey_id)
        return self.connection.execute(delete(self.table).where(*theirs)).rowcount == 1

    def _passkey(self, row: Any) -> Passkey:
        return Passkey(**dict(zip(self.table.c.keys(), row, strict=True)))


@dataclass(frozen=True, slots=True)
class CeremonySql:
    """Challenges over one connection."""

    connection: Connection

    def add(self, ceremony: Ceremony) -> None:
        """Store a new one."""
        self.connection.execute(insert(passkey_ceremonies).values(asdict(ceremony)))

    def take(self, challenge_hash: str, whose: str, act: Act) -> Ceremony | None:
        """Remove a challenge and return it, to one caller only."""
        this = (
            passkey_ceremonies.c.challenge_hash == challenge_hash,
            passkey_ceremonies.c.whose == whose,
            passkey_ceremonies.c.act == act.value,
        )
        row = self.connection.execute(select(passkey_ceremonies).where(*this)).first()
        if row is None or self.connection.execute(delete(passkey_ceremonies).where(*this)).rowcount != 1:
            return None
        return Ceremony(row.challenge_hash, row.whose, Act(row.act), row.owner_id, row.expires_at)

    def remove_before(self, moment: datetime) -> None:
        """Forget those that were over before."""
        self.connection.execute(delete(passkey_ceremonies).where(passkey_ceremonies.c.expires_at < moment))
