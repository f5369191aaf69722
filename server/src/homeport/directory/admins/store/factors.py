"""Second factors and recovery codes in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from homeport.directory.admins.model import Factor
from homeport.directory.admins.tables import administrator_factors, recovery_codes


@dataclass(frozen=True, slots=True)
class FactorSql:
    """Second factors over one connection."""

    connection: Connection

    def get_for_update(self, administrator_id: str) -> Factor | None:
        """Return an administrator's factor and keep others from it until the unit of work ends."""
        query = select(administrator_factors).where(administrator_factors.c.administrator_id == administrator_id)
        row = self.connection.execute(query.with_for_update()).first()
        return None if row is None else Factor(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names

    def put(self, factor: Factor) -> None:
        """Store a factor in the place of the present one, if there is one."""
        mine = administrator_factors.c.administrator_id == factor.administrator_id
        if not self.connection.execute(update(administrator_factors).where(mine).values(asdict(factor))).rowcount:
            self.connection.execute(insert(administrator_factors).values(asdict(factor)))

    def remove(self, administrator_id: str) -> None:
        """Remove factor and recovery codes."""
        self.connection.execute(delete(recovery_codes).where(recovery_codes.c.administrator_id == administrator_id))
        self.connection.execute(delete(administrator_factors).where(administrator_factors.c.administrator_id == administrator_id))

    def replace_codes(self, administrator_id: str, hashes: Sequence[str]) -> None:
        """Store recovery codes in the place of the present ones."""
        self.connection.execute(delete(recovery_codes).where(recovery_codes.c.administrator_id == administrator_id))
        rows = [{"administrator_id": administrator_id, "code_hash": one} for one in hashes]
        self.connection.execute(insert(recovery_codes), rows)

    def use_code(self, administrator_id: str, code_hash: str) -> bool:
        """Remove a recovery code; tell whether it was there, to one caller only."""
        this = (recovery_codes.c.administrator_id == administrator_id, recovery_codes.c.code_hash == code_hash)
        return self.connection.execute(delete(recovery_codes).where(*this)).rowcount == 1

    def count_codes(self, administrator_id: str) -> int:
        """Return how many recovery codes are left."""
        query = select(func.count()).select_from(recovery_codes).where(recovery_codes.c.administrator_id == administrator_id)
        return int(self.connection.execute(query).scalar_one())
