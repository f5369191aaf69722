"""The settings in SQL."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select, update

from homeport.channels.apple.authority.model import Way
from homeport.channels.apple.settings.model import AccountPermission, AppleSettings
from homeport.channels.apple.settings.tables import apple_settings
from homeport.foundation.kernel.clock import Clock

_ONE = 1


@dataclass(frozen=True, slots=True)
class AppleSettingsSql:
    """The one row of one unit of work."""

    connection: Connection
    clock: Clock

    def get(self, *, hold: bool = False) -> AppleSettings:
        """Return the settings, or the defaults while nobody saved any; `hold` keeps the row until the unit of work ends."""
        query = select(apple_settings)
        row = self.connection.execute(query.with_for_update() if hold else query).first()
        if row is None:
            return AppleSettings()
        values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
        values.pop("id")
        return AppleSettings(
            **{
                **values,
                "permission": AccountPermission(values["permission"]),
                "skip_panes": tuple(values["skip_panes"]),
                "certificate_way": Way(values["certificate_way"]),
            }
        )

    def save(self, settings: AppleSettings) -> None:
        """Store the settings."""
        values = {**asdict(settings), "permission": settings.permission.value, "skip_panes": list(settings.skip_panes)}
        values["certificate_way"] = settings.certificate_way.value
        values["updated_at"] = settings.updated_at or self.clock.now()
        if not self.connection.execute(update(apple_settings).values(values)).rowcount:
            self.connection.execute(insert(apple_settings).values({"id": _ONE, **values}))
