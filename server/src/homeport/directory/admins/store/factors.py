"""Second factors and recovery codes in SQL, of administrators or, with other tables, of users."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, Table, delete, func, insert, select, update

from homeport.directory.admins.model import Factor
from homeport.directory.admins.tables import administrator_factors, recovery_codes


@dataclass(frozen=True, slots=True)
class FactorSql:
    """Second factors over one connection."""

    connection: Connection
    factors: Table = administrator_factors
    codes: Table = recovery_codes
    owner: str = "administrator_id"
    """What the tables call the one to whom a factor belongs."""

    @property
    def _factored(self) -> Column[str]:
        return self.factors.c[self.owner]

    @property
    def _coded(self) -> Column[str]:
        return self.codes.c[self.owner]

    def get_for_update(self, owner_id: str) -> Factor | None:
        """Return somebody's factor and keep others from it until the unit of work ends."""
        query = select(self.factors).where(self._factored == owner_id)
        row = self.connection.execute(query.with_for_update()).first()
        return None if row is None else Factor(*row)

    def put(self, factor: Factor) -> None:
        """Store a factor in the place of the present one, if there is one."""
        mine = self._factored == factor.owner_id
        values = {self.owner if name == "owner_id" else name: value for name, value in asdict(factor).items()}
        if not self.connection.execute(update(self.factors).where(mine).values(values)).rowcount:
            self.connection.execute(insert(self.factors).values(values))

    def remove(self, owner_id: str) -> None:
        """Remove factor and recovery codes."""
        self.connection.execute(delete(self.codes).where(self._coded == owner_id))
        self.connection.execute(delete(self.factors).where(self._factored == owner_id))

    def replace_codes(self, owner_id: str, hashes: Sequence[str]) -> None:
        """Store recovery codes in the place of the present ones."""
        self.connection.execute(delete(self.codes).where(self._coded == owner_id))
        rows = [{self.owner: owner_id, "code_hash": one} for one in hashes]
        self.connection.execute(insert(self.codes), rows)

    def use_code(self, owner_id: str, code_hash: str) -> bool:
        """Remove a recovery code; tell whether it was there, to one caller only."""
        this = (self._coded == owner_id, self.codes.c.code_hash == code_hash)
        return self.connection.execute(delete(self.codes).where(*this)).rowcount == 1

    def count_codes(self, owner_id: str) -> int:
        """Return how many recovery codes are left."""
        query = select(func.count()).select_from(self.codes).where(self._coded == owner_id)
        return int(self.connection.execute(query).scalar_one())
