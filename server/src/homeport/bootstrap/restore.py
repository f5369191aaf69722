"""Puts a backup back: whole or not at all, in one transaction, and so that no device and no auditor is left with a riddle.

What happened after the backup is gone, except what must not be: if the database that is replaced can still be read and is of the
same installation, suspensions, removals, revocations, changed proofs and uids of that time are carried over, and the accounts that
were made on known devices; `treated` says for each table what becomes of it. Every account is then ordered anew under a higher epoch, restrictions first.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, text, update

from homeport import backup
from homeport.backup import BackupError, Manifest
from homeport.bootstrap.carried import Carried, read_carried
from homeport.bootstrap.home import Home
from homeport.bootstrap.treated import ENDED
from homeport.bootstrap.units import Unit
from homeport.channels.apple.authority.acme.model import OrderState
from homeport.channels.apple.authority.acme.tables import acme_orders
from homeport.channels.apple.authority.tables import apple_challenges
from homeport.channels.apple.enrollment.model import EnrollmentState
from homeport.channels.apple.enrollment.tables import apple_enrollments
from homeport.channels.linux.tables import orders
from homeport.directory.admins.tables import administrator_links
from homeport.directory.audit.jobs.chain import Head
from homeport.directory.audit.model import Resource
from homeport.directory.audit.store import AuditStore
from homeport.directory.devices.model import BindingAct, BindingChanged, Desired, Observed
from homeport.directory.devices.tables import bindings, devices
from homeport.foundation.database import schema
from homeport.foundation.database.engine import Database, UnitOfWork
from homeport.foundation.database.revision import head
from homeport.foundation.kernel.actor import Actor
from homeport.settings import Settings
from homeport.trust.signin.model import State
from homeport.trust.signin.person.tables import password_links
from homeport.trust.signin.tables import sign_ins

WITHDRAWN = "order_superseded"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `carried` says in sentences what was kept of the database that was replaced."""

    made_at: datetime
    rows: int
    epoch: int
    orders: int
    carried: tuple[str, ...]
    replaced: bool


def restore(settings: Settings, path: Path, actor: Actor, *, replace: bool) -> Restored:
    """Put a backup in the place of the database; the caller holds the data folder. Raises BackupError, changing nothing."""
    manifest = backup.read(path)
    if manifest.schema != head():
        raise BackupError(
            f"The backup has schema {manifest.schema}, this version needs {head()}. Restore it with Homeport "
            f"{manifest.made_by}, then update and run: homeport migrate"
        )
    database = Database(settings.database)
    try:
        schema.check(database)
        with database.read() as unit:
            used = backup.is_used(unit.connection)
    finally:
        database.dispose()
    if used and not replace:
        raise BackupError(
            f"There is a database already at {_place(settings)}. Make a backup of it, then give --replace to put this one in its place."
        )
    _lay_out_keys(settings, manifest)
    home = Home(settings)
    home.parts.database.dispose()  # so that the only connection is the one that restores
    try:
        with home.parts.database.write() as work:
            restored, gap = _restore(home, work, path, manifest, actor, used=used)
        if gap is not None:
            home.audit_sealer.keys.note(gap)
    finally:
        home.parts.database.dispose()
    return restored


def _restore(
    home: Home, work: UnitOfWork, path: Path, manifest: Manifest, actor: Actor, *, used: bool
) -> tuple[Restored, Head | None]:
    connection = work.connection
    if not home.parts.database.is_sqlite:
        _refuse_company(connection)
    carried = read_carried(connection) if used else None
    rows = backup.load(connection, path)
    unit = Unit(home.parts, work)
    _require_the_keys(unit, home.parts.settings)
    epoch = _raise_epoch(unit, carried)
    sentences = carried.put_back(unit, connection, actor) if carried else ()
    _end_what_was_open(connection, home.parts.clock.now())
    ordered = _order_anew(unit, connection)
    unit.audit.record(
        actor,
        "database_restored",
        resource=Resource("database", manifest.made_at.isoformat(), "backup"),
        details={
            "backup_made_at": manifest.made_at.isoformat(),
            "rows": rows,
            "epoch": epoch,
            "orders": ordered,
            "kept": sentences,
        },
    )
    note = (
        f"The database was put back from a backup of {manifest.made_at.isoformat(timespec='seconds')}. Batches after it are gone."
    )
    gap = home.audit_sealer.add_gap_batch(AuditStore(connection), note)
    return Restored(manifest.made_at, rows, epoch, ordered, sentences, used), gap


def _refuse_company(connection: Connection) -> None:
    """Refuse while somebody else is connected to the PostgreSQL database, such as a server on another machine."""
    if others := connections_of_others(connection):
        raise BackupError(f"{others} other connections to the database are open. Stop every homeport server of it, then restore.")


def connections_of_others(connection: Connection) -> int:
    """Return how many other connections to the PostgreSQL database are open; one that is just closing gets two seconds."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    others = 0
    for _ in range(20):
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        others = int(connection.execute(text(f"{query} AND pid <> pg_backend_pid()")).scalar_one())
        if not others:
            break
        time.sleep(0.1)
    return others


def _lay_out_keys(settings: Settings, manifest: Manifest) -> None:
    """Have the keys that the backup needs: those it brings join the ones that are there, so that both databases can be opened."""
    for path in (settings.sealing_key, settings.audit_key):
        brought = manifest.keys.get(path.name)
        if brought is None:
            if not path.exists():
                raise BackupError(
                    f"The backup was made without keys, and {path} is missing. Put the files {settings.sealing_key.name} and "
                    f"{settings.audit_key.name} of the backed-up server into {settings.data}, mode 0600, then restore."
                )
            continue
        present = json.loads(path.read_text())["keys"] if path.exists() else {}
        theirs = json.loads(brought)["keys"]
        merged = {**{name: key for name, key in present.items() if name not in theirs}, **theirs}
        if merged != present or list(merged) != list(present):
            backup.write_private(path, json.dumps({"keys": merged}).encode())


def _require_the_keys(unit: Unit, settings: Settings) -> None:
    root = unit.order_keys.store.root()
    try:
        if root is not None:
            unit.order_keys.sealer.unseal(root.private_sealed, f"order key {root.id}")
    except Exception as error:
        raise BackupError(
            f"The secrets in the backup cannot be opened with {settings.sealing_key}. Put the key file of the backed-up server there. "
            "Nothing was changed."
        ) from error


def _raise_epoch(unit: Unit, carried: Carried | None) -> int:
    """Begin an epoch above the backup's, above the replaced database's, and above any that was lost, since time goes on."""
    epoch = unit.orders.start_epoch_after_restore()
    if carried and carried.epoch >= epoch:
        epoch = unit.orders.store.raise_epoch(carried.epoch + 1)
    return epoch


def _end_what_was_open(connection: Connection, now: datetime) -> None:
    """End sessions, one-time links, sign-ins and device codes: what was used up after the backup must not work a second time."""
    for table in ENDED:
        connection.execute(delete(table))
    for table, open_ones in (
        (apple_challenges, apple_challenges.c.used_at.is_(None)),
        (acme_orders, acme_orders.c.state != OrderState.VALID.value),
        (apple_enrollments, apple_enrollments.c.state != EnrollmentState.ENROLLED.value),
    ):
        connection.execute(update(table).where(open_ones, table.c.expires_at > now).values(expires_at=now))
    connection.execute(delete(administrator_links).where(administrator_links.c.used_at.is_(None)))
    connection.execute(delete(password_links).where(password_links.c.used_at.is_(None)))
    still_open = [state.value for state in State if state.open]
    ended = {"state": State.EXPIRED.value, "ended_at": now, "verifier_sealed": "", "nonce": ""}
    connection.execute(update(sign_ins).where(sign_ins.c.state.in_(still_open)).values(ended))
    withdrawn = {"state": "refused", "reason": WITHDRAWN, "answered_at": now}
    connection.execute(update(orders).where(orders.c.state == "pending").values(withdrawn))


def _order_anew(unit: Unit, connection: Connection) -> int:
    """Tell every device again what each of its accounts should be; the orders that restrict come first."""
    found = connection.execute(select(bindings).order_by(bindings.c.created_at, bindings.c.id)).all()
    acts: list[tuple[BindingAct, Callable[[Desired, Observed], bool]]] = [
        (BindingAct.UNBIND, lambda desired, observed: desired is Desired.REMOVED and observed is not Observed.REMOVED),
        (BindingAct.SUSPEND, lambda desired, _: desired is Desired.SUSPENDED),
        (
            BindingAct.BIND,
            lambda desired, observed: desired is Desired.PRESENT and observed in {Observed.UNKNOWN, Observed.REFUSED},
        ),
        (
            BindingAct.ACTIVATE,
            lambda desired, observed: desired is Desired.PRESENT and observed not in {Observed.UNKNOWN, Observed.REFUSED},
        ),
    ]
    number = connection.execute(select(func.count()).select_from(orders)).scalar_one()
    reset = (orders.c.kind == BindingAct.RESET_PASSCODE.value, orders.c.reason == WITHDRAWN)
    for row in connection.execute(select(orders.c.binding_id, orders.c.device_id).where(*reset).distinct()).all():
        unit.orders.on_binding_changed(BindingChanged(row.binding_id, row.device_id, BindingAct.RESET_PASSCODE))
    for act, applies in acts:
        for row in found:
            if applies(Desired(row.desired), Observed(row.observed)):
                unit.orders.on_binding_changed(BindingChanged(row.id, row.device_id, act))
    not_told_yet = {"observed": Observed.UNKNOWN.value, "confirmed_at": None}
    connection.execute(update(bindings).where(bindings.c.desired != Desired.REMOVED.value).values(not_told_yet))
    connection.execute(update(devices).values(desired_state_version=devices.c.desired_state_version + 1))
    return int(connection.execute(select(func.count()).select_from(orders)).scalar_one() - number)


def _place(settings: Settings) -> str:
    return settings.database_url.rpartition("@")[2] or str(settings.data)
