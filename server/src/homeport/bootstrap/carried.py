"""What a restore keeps of the database it replaces: decisions that restrict, and facts that stand on devices.

`ways_in` does it for credentials and roles, by the rules of `treated`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, insert, select, update

from homeport.bootstrap.units import Unit
from homeport.bootstrap.ways_in import Parting, WaysIn, read_ways_in
from homeport.channels.linux.tables import order_epoch, order_keys
from homeport.directory.devices.model import (
    SSH_BY_STRICTNESS,
    SUDO_BY_STRICTNESS,
    After,
    Desired,
    DevicePolicy,
    ExistingAccount,
    OSFamily,
    SshPolicy,
    Subject,
    SubjectKind,
    SudoPolicy,
    Target,
    TargetKind,
)
from homeport.directory.devices.tables import (
    assignments,
    bindings,
    device_groups,
    device_policies,
    devices,
    enrollment_keys,
    provisioning_settings,
    unix_ids,
)
from homeport.directory.people.model import UserState
from homeport.directory.people.tables import users
from homeport.foundation.kernel.actor import Actor
from homeport.trust.federation.tables import federated_identities
from homeport.trust.signin.tables import sign_ins

Rows = Mapping[str, Mapping[str, Any]]
_Word = TypeVar("_Word", SshPolicy, SudoPolicy, SshPolicy | None, SudoPolicy | None)


@dataclass(frozen=True, slots=True)
class Carried:
    """Rows of the replaced database by table and id, who could get in, and its newest epoch."""

    root_id: str
    epoch: int
    tables: Mapping[str, Rows]
    ways_in: WaysIn

    def put_back(self, unit: Unit, connection: Connection, actor: Actor) -> tuple[str, ...]:
        """Apply what is newer and restricts, or is a fact; return what was kept, in sentences."""
        if _root_id(connection) != self.root_id:
            return ()  # another installation: it knows nothing of these people and devices
        parting = self.ways_in.parting(connection)
        found = [
            ("uids given out since", self._uids(connection)),
            ("accounts made on devices since", self._accounts(connection)),
            ("people suspended or deleted since, now suspended", self._people(unit, connection, actor, parting)),
            ("devices deleted since", self._devices(unit, connection, actor)),
            ("limits set and assignments taken back since", self._access(unit, connection, actor, parting)),
            ("stricter words on ssh, sudo and local accounts since", self._policies(unit, connection, actor)),
            ("links to the provider removed since", self._links(connection)),
            ("enrolment keys revoked since", self._enrollment_keys(connection)),
            *self.ways_in.put_back(connection, parting),
        ]
        return tuple(f"{what}: {number}" for what, number in found if number)

    def _uids(self, connection: Connection) -> int:
        present = _rows(connection, unix_ids, "user_id")
        given = {row["uid"] for row in present.values()}
        missing = [dict(row) for key, row in self.tables["unix_ids"].items() if key not in present and row["uid"] not in given]
        if missing:
            connection.execute(insert(unix_ids), missing)
        return len(missing)

    def _accounts(self, connection: Connection) -> int:
        """Bring bindings to their newer state when it restricts, then add those that the backup does not know."""
        present, people = _rows(connection, bindings), _rows(connection, users)
        machines, uids = _rows(connection, devices), {row["uid"] for row in _rows(connection, unix_ids, "user_id").values()}
        changed = 0
        for key, row in self.tables["bindings"].items():
            old = present.get(key)
            if old and row["version"] > old["version"] and row["desired"] != old["desired"] != Desired.REMOVED.value:
                restricts = row["desired"] != Desired.PRESENT.value
                if restricts:
                    connection.execute(update(bindings).where(bindings.c.id == key).values(dict(row)))
                    changed += 1
        live = _live(_rows(connection, bindings))
        for key, row in self.tables["bindings"].items():
            if key in present or row["device_id"] not in machines or row["uid"] not in uids:
                continue
            values = dict(row)
            if row["user_id"] not in people and row["desired"] != Desired.REMOVED.value:
                values |= {"desired": Desired.REMOVED.value, "after": After.LOCK.value}
            places = {(row["device_id"], row["user_id"]), (row["device_id"], row["username"])}
            if values["desired"] != Desired.REMOVED.value:
                if places & live:
                    continue
                live |= places
            connection.execute(insert(bindings).values(values))
            changed += 1
        self._sign_ins(connection)
        return changed

    def _sign_ins(self, connection: Connection) -> None:
        """Keep the sign-ins that the kept accounts come from, so that each can still be explained."""
        present = set(connection.execute(select(sign_ins.c.id)).scalars())
        named = {row["sign_in_id"] for row in _rows(connection, bindings).values()} - present
        missing = [dict(row) for key, row in self.tables["sign_ins"].items() if key in named]
        if missing:
            connection.execute(insert(sign_ins), missing)

    def _people(self, unit: Unit, connection: Connection, actor: Actor, parting: Parting) -> int:
        number = 0
        for key, row in _rows(connection, users).items():
            newer = self.tables["users"].get(key)
            suspended = newer and newer["state"] == UserState.SUSPENDED.value and newer["version"] > row["version"]
            deleted = newer is None and parting.knew(row["created_at"])
            if (suspended or deleted) and row["state"] != UserState.SUSPENDED.value:
                unit.people.change_state(actor, key, UserState.SUSPENDED)
                number += 1
        return number

    def _devices(self, unit: Unit, connection: Connection, actor: Actor) -> int:
        number = 0
        for key, row in _rows(connection, devices).items():
            newer = self.tables["devices"].get(key)
            if newer and newer["deleted_at"] is not None and row["deleted_at"] is None:
                unit.devices.delete(actor, key, After.LOCK)
                number += 1
        return number

    def _access(self, unit: Unit, connection: Connection, actor: Actor, parting: Parting) -> int:
        """Let nobody back in who lost access: limits that were set stay, assignments that were taken back do not return."""
        number = 0
        for table, limit in ((device_groups, unit.access.limit_group), (devices, unit.access.limit_device)):
            for key, row in _rows(connection, table).items():
                newer = self.tables[table.name].get(key)
                if newer and newer["limited"] and not row["limited"] and not row.get("deleted_at"):
                    limit(actor, key, limited=True)
                    number += 1
        for key, row in _assigned(connection).items():
            if key not in self.tables["assignments"] and parting.knew(row["created_at"]):
                subject = Subject(SubjectKind(row["subject_type"]), row["subject_id"])
                unit.access.unassign(actor, subject, Target(TargetKind(row["target_type"]), row["target_id"]))
                number += 1
        return number

    def _policies(self, unit: Unit, connection: Connection, actor: Actor) -> int:
        """Make ssh and sudo nowhere looser than they were: stricter words stay, and exceptions taken back do not return."""
        number = 0
        for key, row in self.tables["provisioning_settings"].items():
            setting = unit.provisioning.get(actor, OSFamily(key))
            wanted = replace(
                setting,
                ssh=_stricter(setting.ssh, SshPolicy(row["ssh"]), SSH_BY_STRICTNESS),
                sudo=_stricter(setting.sudo, SudoPolicy(row["sudo"]), SUDO_BY_STRICTNESS),
                existing=setting.existing if row["existing"] == ExistingAccount.TAKE_OVER else ExistingAccount.REFUSE,
            )
            if wanted != setting:
                unit.provisioning.set(actor, wanted)
                number += 1
        for kind, table in ((TargetKind.DEVICE, devices), (TargetKind.DEVICE_GROUP, device_groups)):
            for key, row in _rows(connection, table).items():
                if row.get("deleted_at") or key not in self.tables[table.name]:
                    continue
                target, newer = Target(kind, key), self.tables["device_policies"].get(f"{kind.value} {key}", {})
                present = unit.policies.get(actor, target)
                ssh, sudo = (newer.get(field) for field in ("ssh", "sudo"))
                wanted_here = DevicePolicy(
                    _stricter(present.ssh, SshPolicy(ssh) if ssh else None, SSH_BY_STRICTNESS),
                    _stricter(present.sudo, SudoPolicy(sudo) if sudo else None, SUDO_BY_STRICTNESS),
                )
                if wanted_here != present:
                    unit.policies.set(actor, target, wanted_here)
                    number += 1
        return number

    def _links(self, connection: Connection) -> int:
        """Keep removed links, also those that were made since: without its trace, the same subject would be linked anew."""
        present, people, number = _rows(connection, federated_identities), _rows(connection, users), 0
        for key, newer in self.tables["federated_identities"].items():
            if newer["state"] != "removed" or newer["user_id"] not in people:
                continue
            if key not in present:
                connection.execute(insert(federated_identities).values(dict(newer)))
            elif present[key]["state"] != "removed":
                connection.execute(update(federated_identities).where(federated_identities.c.id == key).values(dict(newer)))
            number += key not in present or present[key]["state"] != "removed"
        return number

    def _enrollment_keys(self, connection: Connection) -> int:
        number = 0
        for key, row in _rows(connection, enrollment_keys).items():
            newer = self.tables["enrollment_keys"].get(key)
            if newer and (newer["uses"] > row["uses"] or (newer["revoked_at"] and not row["revoked_at"])):
                connection.execute(update(enrollment_keys).where(enrollment_keys.c.id == key).values(dict(newer)))
                number += bool(newer["revoked_at"] and not row["revoked_at"])
        return number


def read_carried(connection: Connection) -> Carried | None:
    """Read what a restore may keep, before the rows are replaced; None when the database never signed an order."""
    root_id = _root_id(connection)
    if root_id is None:
        return None
    epoch = connection.execute(select(order_epoch.c.epoch)).scalar_one_or_none() or 0
    kept: dict[str, Rows] = {
        table.name: _rows(connection, table)
        for table in (users, devices, device_groups, bindings, federated_identities, enrollment_keys)
    }
    kept["assignments"] = _assigned(connection)
    kept["provisioning_settings"] = _rows(connection, provisioning_settings, "os_family")
    policies = [dict(row._mapping) for row in connection.execute(select(device_policies))]  # noqa: SLF001 - SQLAlchemy's documented name
    kept["device_policies"] = {f"{row['target_type']} {row['target_id']}": row for row in policies}
    earned = select(sign_ins).where(sign_ins.c.id.in_(select(bindings.c.sign_in_id)))
    kept["sign_ins"] = {row.id: dict(row._mapping) for row in connection.execute(earned)}  # noqa: SLF001 - SQLAlchemy's documented name
    return Carried(root_id, epoch, {**kept, "unix_ids": _rows(connection, unix_ids, "user_id")}, read_ways_in(connection))


def _stricter(present: _Word, newer: _Word, by_strictness: Sequence[_Word]) -> _Word:
    """Return the stricter of two words; the loosest one counts for nothing when the newer database had none there."""
    if newer is None:
        return newer if present == by_strictness[0] else present
    return newer if present is None or by_strictness.index(newer) > by_strictness.index(present) else present


def _root_id(connection: Connection) -> str | None:
    return connection.execute(select(order_keys.c.id).where(order_keys.c.is_root)).scalar_one_or_none()


def _rows(connection: Connection, table: Table, key: str = "id") -> dict[str, Mapping[str, Any]]:
    return {row._mapping[key]: dict(row._mapping) for row in connection.execute(select(table))}  # noqa: SLF001 - SQLAlchemy's documented name


def _assigned(connection: Connection) -> dict[str, Mapping[str, Any]]:
    ends = ("target_type", "target_id", "subject_type", "subject_id")
    rows = [dict(row._mapping) for row in connection.execute(select(assignments))]  # noqa: SLF001 - SQLAlchemy's documented name
    return {" ".join(row[end] for end in ends): row for row in rows}


def _live(rows: Rows) -> set[tuple[str, str]]:
    live = [row for row in rows.values() if row["desired"] != Desired.REMOVED.value]
    return {(row["device_id"], row["user_id"]) for row in live} | {(row["device_id"], row["username"]) for row in live}
