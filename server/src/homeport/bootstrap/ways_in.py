"""Keeps out, over a restore, whoever and whatever was kept out just before it: `treated` says by which rule for each table.

The replaced database is believed as far as it knows: what is missing in it was taken away only if it was there once. So a database
that was itself put back from an older backup, or is older than the backup, takes nothing away that came when it was not in use.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from homeport.bootstrap.treated import AS_NEWER, PROOFS, REMOVABLE, Proofs
from homeport.channels.apple.authority.tables import apple_certificates
from homeport.directory.admins.model import ROLES
from homeport.directory.admins.store.roles import permissions_in
from homeport.directory.admins.tables import administrators, roles, service_accounts
from homeport.directory.audit.tables import audit_entries
from homeport.foundation.kernel.permissions import Permission

Row = Mapping[str, Any]
Rows = Mapping[str, Row]
_NEVER, _ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
RESTORED = "database_restored"


@dataclass(frozen=True, slots=True)
class Parting:
    """What the replaced database can know of the backup: `newer` says that it went on after it, `at` until when both are one.

    `touched` names what it was used for since it was put back from an older backup; None when it never was, and went on alone.
    """

    newer: bool
    at: datetime
    touched: frozenset[str] | None

    def knew(self, born: datetime) -> bool:
        """Tell whether what was made then was once in the replaced database too."""
        return born <= self.at

    def counts(self, key: str) -> bool:
        """Tell whether the replaced database's word on somebody or something that is in both is the last one."""
        return self.newer and (self.touched is None or key in self.touched)


@dataclass(frozen=True, slots=True)
class WaysIn:
    """The rows that decide who gets in, by table, as the replaced database has them.

    Of its audit log: the newest entry, from when to when it was put back, and, if it was, who and what was last named when.
    """

    rows: Mapping[str, Sequence[Row]]
    last_entry_at: datetime
    restores: Sequence[tuple[datetime, datetime]]
    named_at: Mapping[str, datetime]

    def parting(self, connection: Connection) -> Parting:
        """Compare with the backup, whose rows are in `connection` now."""
        backed_up = _last_entry_at(connection)
        newer = self.last_entry_at >= backed_up
        lost = [(made_at, put_back_at) for made_at, put_back_at in self.restores if made_at < backed_up < put_back_at]
        if not lost:
            return Parting(newer, _ALWAYS if newer else self.last_entry_at, None)
        since = min(put_back_at for _, put_back_at in lost)
        touched = frozenset(key for key, at in self.named_at.items() if at > since)
        return Parting(newer, min(made_at for made_at, _ in lost), touched)

    def put_back(self, connection: Connection, parting: Parting) -> list[tuple[str, int]]:
        """Take away again what was taken away; return what was kept, and how often."""
        found = [("custom roles narrowed since", self._narrowed(connection, parting))]
        for table, who in ((administrators, "administrators"), (service_accounts, "service accounts")):
            found.append((f"{who} suspended since", self._suspended(connection, table, parting)))
            found.append((f"{who} that may do less since", self._lowered(connection, table, parting)))
        found += [(proofs.said, self._proofs(connection, proofs, parting)) for proofs in PROOFS]
        found += [(one.said, self._removed(connection, one.table, parting)) for one in REMOVABLE]
        found.append(("certificates of Macs revoked since", self._certificates(connection)))
        for table in AS_NEWER if parting.newer else ():
            connection.execute(delete(table))
            _insert(connection, table, self.rows[table.name])
        return [(said, number) for said, number in found if said]

    def _removed(self, connection: Connection, table: Table, parting: Parting) -> int:
        known = {row["id"] for row in self.rows[table.name]}
        gone = [row["id"] for row in _all(connection, table) if row["id"] not in known and parting.knew(row["created_at"])]
        for key in gone:
            connection.execute(delete(table).where(table.c.id == key))
        return len(gone)

    def _proofs(self, connection: Connection, proofs: Proofs, parting: Parting) -> int:
        newer = _by_id(self.rows[proofs.owners.name])
        before = [_by_owner(_all(connection, table), owner) for table, owner in proofs.tables]
        after = [_by_owner(self.rows[table.name], owner) for table, owner in proofs.tables]
        number = 0
        for key, row in _by_id(_owners(connection, proofs)).items():
            if not (parting.counts(key) if key in newer else parting.knew(row[proofs.born])):
                continue
            own = newer.get(key, row)
            changed = {name: own[name] for name in proofs.columns if own[name] != row[name]}
            if changed:
                connection.execute(update(proofs.owners).where(proofs.owners.c.id == key).values(changed))
            for (table, owner), old, new in zip(proofs.tables, before, after, strict=True):
                if _same(old.get(key, ()), new.get(key, ())):
                    continue
                connection.execute(delete(table).where(table.c[owner] == key))
                _insert(connection, table, new.get(key, ()))
                changed[table.name] = key
            number += bool(changed)
        return number

    def _suspended(self, connection: Connection, table: Table, parting: Parting) -> int:
        newer, number = _by_id(self._last(table, parting)), 0
        for key, row in _by_id(_all(connection, table)).items():
            since = newer.get(key, row)["suspended_at"]
            if since is not None and row["suspended_at"] is None:
                number += _change(connection, table, key, {"suspended_at": since})
        return number

    def _lowered(self, connection: Connection, table: Table, parting: Parting) -> int:
        """Give whoever lost something by another role that role, and nobody API access who lost it."""
        newer, number = _by_id(self._last(table, parting)), 0
        before, after = _allowed(_all(connection, roles)), _allowed(self.rows["roles"])
        for key, row in _by_id(_all(connection, table)).items():
            own = newer.get(key)
            if own is None:
                continue
            values: dict[str, Any] = {}
            if before.get(row["role"], frozenset()) - after.get(own["role"], frozenset()):
                values["role"] = self._role(connection, own["role"])
            if row.get("api_keys_allowed") and not own["api_keys_allowed"]:
                values["api_keys_allowed"] = False
            if values and values != {"role": row["role"]}:
                number += _change(connection, table, key, values)
        return number

    def _role(self, connection: Connection, name: str) -> str:
        """Return what a role of the replaced database is called in the restored one, and bring it along if it is not there."""
        one = next((row for row in self.rows["roles"] if row["name"] == name), None)
        if name in ROLES or one is None:
            return name
        same = _counterpart(one, _all(connection, roles))
        if same is None:
            _insert(connection, roles, [one])
        return name if same is None else str(same["name"])

    def _narrowed(self, connection: Connection, parting: Parting) -> int:
        present, number = _all(connection, roles), 0
        for one in self._last(roles, parting):
            same = _counterpart(one, present)
            both = [word for word in same["permissions"] if word in one["permissions"]] if same else []
            if same and both != same["permissions"]:
                number += _change(connection, roles, same["id"], {"permissions": both})
        return number

    def _last(self, table: Table, parting: Parting) -> Sequence[Row]:
        return [row for row in self.rows[table.name] if parting.counts(row["id"])]

    def _certificates(self, connection: Connection) -> int:
        table, number = apple_certificates, 0
        for row in self.rows[table.name]:
            if row["revoked_at"] is not None:
                this = (table.c.sha256 == row["sha256"], table.c.revoked_at.is_(None))
                values = {"revoked_at": row["revoked_at"], "revoked_because": row["revoked_because"]}
                number += connection.execute(update(table).where(*this).values(values)).rowcount
        return number


def read_ways_in(connection: Connection) -> WaysIn:
    """Read them, before the rows are replaced."""
    of_owners = [table for proofs in PROOFS for table, _ in proofs.tables]
    whole = {*(one.table for one in REMOVABLE), *of_owners, *AS_NEWER, roles, apple_certificates}
    query = select(audit_entries.c.resource_id, audit_entries.c.at).where(audit_entries.c.event_type == RESTORED)
    restores = [(datetime.fromisoformat(row.resource_id), row.at) for row in connection.execute(query)]
    return WaysIn(
        {proofs.owners.name: _owners(connection, proofs) for proofs in PROOFS}
        | {table.name: _all(connection, table) for table in whole},
        _last_entry_at(connection),
        restores,
        _named_since(connection, min(at for _, at in restores)) if restores else {},
    )


def _last_entry_at(connection: Connection) -> datetime:
    return connection.execute(select(func.max(audit_entries.c.at))).scalar_one_or_none() or _NEVER


def _named_since(connection: Connection, since: datetime) -> Mapping[str, datetime]:
    """Return when each actor and each thing was last named in the audit log; every change names both."""
    found: dict[str, datetime] = {}
    for name in (audit_entries.c.resource_id, audit_entries.c.actor_id):
        query = select(name, func.max(audit_entries.c.at)).where(audit_entries.c.at > since).group_by(name)
        for key, at in connection.execute(query):
            found[key] = max(at, found.get(key, at))
    return found


def _all(connection: Connection, table: Table) -> Sequence[Row]:
    keys = table.c.keys()  # a few columns are called otherwise here than in SQL
    return [dict(zip(keys, row, strict=True)) for row in connection.execute(select(table))]


def _owners(connection: Connection, proofs: Proofs) -> Sequence[Row]:
    """Return no more of the owners than is asked about them, since there may be very many."""
    names = ("id", proofs.born, *proofs.columns)
    rows = connection.execute(select(*(proofs.owners.c[name] for name in names)))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's documented name


def _by_id(rows: Iterable[Row]) -> Rows:
    return {row["id"]: row for row in rows}


def _by_owner(rows: Iterable[Row], owner: str) -> Mapping[str, Sequence[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[owner], []).append(row)
    return found


def _same(some: Sequence[Row], others: Sequence[Row]) -> bool:
    return {tuple(row.values()) for row in some} == {tuple(row.values()) for row in others}


def _allowed(custom: Iterable[Row]) -> Mapping[str, frozenset[Permission]]:
    """Return what each role allows, by its name; one that does not exist allows nothing."""
    return {row["name"]: permissions_in(row["permissions"]) for row in custom} | ROLES


def _counterpart(role: Row, present: Sequence[Row]) -> Row | None:
    """Return the same role among others: by its id, else by its name."""
    by_id = next((row for row in present if row["id"] == role["id"]), None)
    return by_id or next((row for row in present if row["name_key"] == role["name_key"]), None)


def _change(connection: Connection, table: Table, key: str, values: Mapping[str, Any]) -> int:
    changed = {**values, "version": table.c.version + 1}
    return connection.execute(update(table).where(table.c.id == key).values(changed)).rowcount


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(insert(table), [dict(row) for row in rows])
