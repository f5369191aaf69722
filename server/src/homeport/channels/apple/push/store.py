"""The push certificate in SQL."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, func, insert, select, update

from homeport.channels.apple.mdm.model import MacState
from homeport.channels.apple.mdm.tables import apple_macs
from homeport.channels.apple.push.actions import KEY_CONTEXT, REQUEST_CONTEXT
from homeport.channels.apple.push.model import PushSetup
from homeport.channels.apple.push.tables import apple_push
from homeport.foundation.sealing.sealer import Sealer

_ONE = 1


@dataclass(frozen=True, slots=True)
class PushSql:
    """The one row of one unit of work."""

    connection: Connection

    def get(self, *, hold: bool = False) -> PushSetup:
        """Return it, empty while there is none; `hold` keeps the row until the unit of work ends."""
        query = select(apple_push)
        row = self.connection.execute(query.with_for_update() if hold else query).first()
        if row is None:
            return PushSetup()
        values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
        values.pop("id")
        return PushSetup(**values)

    def save(self, setup: PushSetup) -> None:
        """Store it."""
        values = asdict(setup)
        if not self.connection.execute(update(apple_push).values(values)).rowcount:
            self.connection.execute(insert(apple_push).values({"id": _ONE, **values}))

    def enrolled(self) -> int:
        """Return how many Macs are under management."""
        query = select(func.count()).select_from(apple_macs).where(apple_macs.c.state == MacState.ENROLLED.value)
        return self.connection.execute(query).scalar_one()


def seal_anew(connection: Connection, sealer: Sealer) -> int:
    """Seal the keys with the newest sealing key; return how many."""
    store = PushSql(connection)
    before = store.get(hold=True)
    key = sealer.sealed_anew(before.key_sealed, KEY_CONTEXT) if before.key_sealed else ""
    request = sealer.sealed_anew(before.request_key_sealed, REQUEST_CONTEXT) if before.request_key_sealed else ""
    if key or request:
        store.save(replace(before, key_sealed=key, request_key_sealed=request))
    return bool(key) + bool(request)
