"""The push certificate, and who is to be woken when, in SQL."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from homeport.channels.apple.mdm.model import MacState
from homeport.channels.apple.mdm.tables import apple_macs
from homeport.channels.apple.push.actions import KEY_CONTEXT, REQUEST_CONTEXT
from homeport.channels.apple.push.model import GONE, Due, Fate, Pushed, PushSetup
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


@dataclass(frozen=True, slots=True)
class PushQueueSql:
    """Macs that are to be woken, over one connection."""

    connection: Connection

    def any_due(self, now: datetime) -> bool:
        """Tell whether a Mac is to be woken now."""
        query = select(apple_macs.c.device_id).where(*_due(now)).limit(1)
        return self.connection.execute(query).first() is not None

    def claim(self, now: datetime, limit: int, following: Callable[[Due], datetime]) -> Sequence[Due]:
        """Return Macs that are to be woken now, and note when each is due again should it not come; nobody else gets them meanwhile."""
        macs = apple_macs.c
        columns = (macs.device_id, macs.push_token, macs.push_magic, macs.topic, macs.push_tries)
        query = select(*columns).where(*_due(now)).order_by(macs.push_due_at).limit(limit).with_for_update(skip_locked=True)
        found = [Due(*row) for row in self.connection.execute(query)]
        if found:
            change = update(apple_macs).where(macs.device_id == bindparam("mac"))
            change = change.values(push_due_at=bindparam("due"), push_tries=apple_macs.c.push_tries + 1)
            self.connection.execute(change, [{"mac": one.device_id, "due": following(one)} for one in found])
        return found

    def note(self, pushed: Pushed, later: datetime | None) -> None:
        """Note what Apple said, unless the Mac has brought another token meanwhile; a dead token is not due again."""
        macs, due = apple_macs.c, pushed.due
        same = (macs.device_id == due.device_id, macs.push_token == due.token)
        if pushed.fate is Fate.GONE:
            self.connection.execute(update(apple_macs).where(*same).values(push_error=pushed.reason, push_due_at=None))
            return
        self.connection.execute(
            update(apple_macs).where(*same, macs.push_error != pushed.reason).values(push_error=pushed.reason)
        )
        if later is not None:  # a Mac that came meanwhile is not due any more, and stays so
            self.connection.execute(update(apple_macs).where(*same, macs.push_due_at < later).values(push_due_at=later))

    def silent(self, since: datetime, limit: int) -> Sequence[str]:
        """Return enrolled Macs that were not heard since, are not due, and whose token Apple has not refused for good."""
        macs = apple_macs.c
        reachable = (macs.state == MacState.ENROLLED.value, macs.push_token != "", macs.push_error.not_in(sorted(GONE)))
        query = select(macs.device_id).where(macs.push_due_at.is_(None), macs.last_seen_at < since, *reachable)
        return self.connection.execute(query.order_by(macs.last_seen_at).limit(limit)).scalars().all()

    def schedule(self, moments: Sequence[tuple[str, datetime]]) -> None:
        """Let Macs be due at these moments, unless they are due already."""
        macs = apple_macs.c
        if moments:
            change = update(apple_macs).where(macs.device_id == bindparam("mac"), macs.push_due_at.is_(None))
            change = change.values(push_due_at=bindparam("due"), push_tries=0)
            self.connection.execute(change, [{"mac": device_id, "due": due} for device_id, due in sorted(moments)])


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    macs = apple_macs.c
    return macs.push_due_at <= now, macs.state == MacState.ENROLLED.value, macs.push_token != ""


def seal_anew(connection: Connection, sealer: Sealer) -> int:
    """Seal the keys with the newest sealing key; return how many."""
    store = PushSql(connection)
    before = store.get(hold=True)
    key = sealer.sealed_anew(before.key_sealed, KEY_CONTEXT) if before.key_sealed else ""
    request = sealer.sealed_anew(before.request_key_sealed, REQUEST_CONTEXT) if before.request_key_sealed else ""
    if key or request:
        store.save(replace(before, key_sealed=key, request_key_sealed=request))
    return bool(key) + bool(request)
