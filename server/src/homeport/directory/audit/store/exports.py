"""The parts of exports in SQL."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from homeport.directory.audit.tables import audit_export_parts


@dataclass(frozen=True, slots=True)
class ExportSql:
    """What exports wrote, over one connection."""

    connection: Connection

    def add(self, export_id: str, number: int, content: bytes, created_at: datetime) -> None:
        """Store a part."""
        values = {"export_id": export_id, "number": number, "content": content, "created_at": created_at}
        self.connection.execute(insert(audit_export_parts).values(values))

    def get(self, export_id: str, number: int) -> bytes | None:
        """Return a part."""
        query = select(audit_export_parts.c.content).where(
            audit_export_parts.c.export_id == export_id, audit_export_parts.c.number == number
        )
        found: bytes | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def remove_before(self, moment: datetime) -> None:
        """Forget parts that were written before the moment."""
        self.connection.execute(delete(audit_export_parts).where(audit_export_parts.c.created_at < moment))
