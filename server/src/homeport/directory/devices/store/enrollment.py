"""Enrolment keys in SQL, and the setting whether new devices wait."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.devices.model import AUTOMATED_KEY, EnrollmentKey
from homeport.directory.devices.tables import enrollment_keys, enrollment_settings
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.listing import Listing, Page

_FIELDS = {column.name: column for column in enrollment_keys.c if column.name != "secret_hash"}


@dataclass(frozen=True, slots=True)
class EnrollmentKeySql:
    """Enrolment keys over one connection."""

    connection: Connection

    def add(self, key: EnrollmentKey) -> None:
        """Add a key."""
        self.connection.execute(insert(enrollment_keys).values(asdict(key)))

    def get(self, key_id: str) -> EnrollmentKey | None:
        """Return a key."""
        row = self.connection.execute(select(enrollment_keys).where(enrollment_keys.c.id == key_id)).first()
        return None if row is None else _key(row)

    def lock(self, key_id: str) -> EnrollmentKey | None:
        """Return a key, and hold its row until the unit of work ends."""
        query = select(enrollment_keys).where(enrollment_keys.c.id == key_id).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else _key(row)

    def list(self, listing: Listing) -> Page[EnrollmentKey]:
        """Return keys, also those that no longer work, the newest first."""
        return fetch_page(
            self.connection,
            select(enrollment_keys).where(enrollment_keys.c.id != AUTOMATED_KEY),
            listing,
            fields=_FIELDS,
            texts=[enrollment_keys.c.name, enrollment_keys.c.created_by],
            order=(enrollment_keys.c.created_at.desc(), enrollment_keys.c.id.desc()),
            make=_key,
        )

    def count_use(self, key_id: str, now: datetime) -> bool:
        """Count one use; return False, and change nothing, when the key is used up, expired or revoked."""
        counted = self.connection.execute(
            update(enrollment_keys)
            .where(
                enrollment_keys.c.id == key_id,
                enrollment_keys.c.uses < enrollment_keys.c.max_uses,
                enrollment_keys.c.expires_at > now,
                enrollment_keys.c.revoked_at.is_(None),
            )
            .values(uses=enrollment_keys.c.uses + 1)
        )
        return counted.rowcount == 1

    def revoke(self, key_id: str, now: datetime) -> None:
        """Make the key unusable."""
        self.connection.execute(update(enrollment_keys).where(enrollment_keys.c.id == key_id).values(revoked_at=now))

    def settings_version(self) -> int:
        """Return how often the settings of enrolment were changed; 0 until somebody decides something."""
        return self.connection.execute(select(enrollment_settings.c.version)).scalar() or 0

    def lock_settings(self) -> int:
        """Return their version, and let nobody else change them until the unit of work ends."""
        with suppress(IntegrityError), self.connection.begin_nested():  # the row may be there
            self.connection.execute(insert(enrollment_settings).values(id=1, approval_wanted=False, version=0))
        found: int = self.connection.execute(select(enrollment_settings.c.version).with_for_update()).scalar_one()
        return found

    def approval_wanted(self) -> bool:
        """Tell whether new devices wait for approval; not until somebody decides so."""
        return bool(self.connection.execute(select(enrollment_settings.c.approval_wanted)).scalar())

    def set_approval_wanted(self, *, wanted: bool) -> None:
        """Decide whether new devices wait for approval."""
        self._set(approval_wanted=wanted)

    def default_group_id(self) -> str | None:
        """Return the group that new devices join when their key names none."""
        return self.connection.execute(select(enrollment_settings.c.group_id)).scalar()

    def set_default_group_id(self, group_id: str | None) -> None:
        """Choose that group."""
        self._set(group_id=group_id)

    def forget_group(self, group_id: str) -> None:
        """Let neither a key nor the default name the group."""
        settings = enrollment_settings.c
        self.connection.execute(update(enrollment_keys).where(enrollment_keys.c.group_id == group_id).values(group_id=None))
        forgetting = update(enrollment_settings).where(settings.group_id == group_id)
        self.connection.execute(forgetting.values(group_id=None, version=settings.version + 1))

    def _set(self, **values: Any) -> None:
        self.lock_settings()
        self.connection.execute(update(enrollment_settings).values(version=enrollment_settings.c.version + 1, **values))


def _key(row: Any) -> EnrollmentKey:
    return EnrollmentKey(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
