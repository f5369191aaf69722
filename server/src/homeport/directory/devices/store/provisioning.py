"""Provisioning settings and uids in SQL."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.devices.model import (
    FIRST_UID,
    LAST_UID,
    AccountPermission,
    ExistingAccount,
    GroupRule,
    OSFamily,
    ProvisioningSetting,
    SshPolicy,
    SudoPolicy,
    Terms,
)
from homeport.directory.devices.store.parts import parts
from homeport.directory.devices.tables import devices, provisioning_group_rules, provisioning_settings, unix_ids
from homeport.directory.people.tables import user_group_members, user_groups


@dataclass(frozen=True, slots=True)
class ProvisioningSql:
    """Provisioning settings over one connection."""

    connection: Connection

    def get(self, os_family: OSFamily) -> ProvisioningSetting:
        """Return the setting for one kind of operating system; what was never set is the default."""
        return self._read(os_family, select(provisioning_settings)) or ProvisioningSetting(os_family)

    def save(self, setting: ProvisioningSetting) -> None:
        """Store a setting that was read with `lock`."""
        this = provisioning_settings.c.os_family == setting.os_family.value
        self.connection.execute(update(provisioning_settings).where(this).values(_setting_row(setting)))

    def rules(self, os_family: OSFamily) -> Sequence[GroupRule]:
        """Return the rules for user groups, in the order of the groups' ids."""
        rows = provisioning_group_rules.c
        query = select(provisioning_group_rules).where(rows.os_family == os_family.value).order_by(rows.user_group_id)
        return [GroupRule(row.user_group_id, row.admin, row.lease_days) for row in self.connection.execute(query)]

    def set_rules(self, os_family: OSFamily, rules: Sequence[GroupRule]) -> None:
        """Put these rules in place of those that are there."""
        rows = provisioning_group_rules.c
        self.connection.execute(delete(provisioning_group_rules).where(rows.os_family == os_family.value))
        if rules:
            values = [{"os_family": os_family.value, **asdict(rule)} for rule in rules]
            self.connection.execute(insert(provisioning_group_rules), values)

    def lock(self, os_family: OSFamily) -> ProvisioningSetting:
        """Return the setting, and let nobody else change it or its rules until the unit of work ends."""
        query = select(provisioning_settings).with_for_update()
        found = self._read(os_family, query)
        if found is None:
            with suppress(IntegrityError), self.connection.begin_nested():  # somebody else may have made it a moment ago
                self.connection.execute(insert(provisioning_settings).values(_setting_row(ProvisioningSetting(os_family))))
            found = self._read(os_family, query)
        assert found is not None
        return found

    def _read(self, os_family: OSFamily, query: Select[Any]) -> ProvisioningSetting | None:
        row = self.connection.execute(query.where(provisioning_settings.c.os_family == os_family.value)).first()
        if row is None:
            return None
        return ProvisioningSetting(
            os_family,
            row.enabled,
            AccountPermission(row.default_permission),
            row.several_users,
            row.lease_days,
            SshPolicy(row.ssh),
            SudoPolicy(row.sudo),
            ExistingAccount(row.existing),
            row.version,
        )

    def terms(self, os_family: OSFamily, user_ids: Collection[str]) -> Mapping[str, Terms]:
        """Return what the rules give to each of these people; whoever is in none of the groups is left out."""
        rows, members = provisioning_group_rules.c, user_group_members.c
        found: dict[str, Terms] = {}
        for part in parts(user_ids):
            query = (
                select(
                    members.user_id,
                    func.max(case((rows.admin, 1), else_=0)).label("admin"),
                    func.min(rows.lease_days).label("lease_days"),
                )
                .join(provisioning_group_rules, rows.user_group_id == members.group_id)
                .where(rows.os_family == os_family.value, members.user_id.in_(part))
                .group_by(members.user_id)
            )
            found |= {row.user_id: Terms(bool(row.admin), row.lease_days) for row in self.connection.execute(query)}
        return found

    def forget_user_group(self, user_group_id: str) -> None:
        """Remove the rules about a user group."""
        rows = provisioning_group_rules.c
        self.connection.execute(delete(provisioning_group_rules).where(rows.user_group_id == user_group_id))

    def members(self, user_group_ids: Collection[str]) -> Sequence[str]:
        """Return the ids of everybody in these user groups."""
        members = user_group_members.c
        query = select(members.user_id).where(members.group_id.in_(user_group_ids)).distinct().order_by(members.user_id)
        return self.connection.execute(query).scalars().all()

    def group_names(self, user_group_ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of those of these user groups that are there."""
        query = select(user_groups.c.id, user_groups.c.name).where(user_groups.c.id.in_(user_group_ids))
        return {row.id: row.name for row in self.connection.execute(query)}

    def device_ids(self, os_family: OSFamily) -> Sequence[str]:
        """Return the ids of all devices of the kind."""
        of_kind = (devices.c.os == os_family.value, devices.c.deleted_at.is_(None))
        return self.connection.execute(select(devices.c.id).where(*of_kind)).scalars().all()


def _setting_row(setting: ProvisioningSetting) -> dict[str, Any]:
    return {name: getattr(value, "value", value) for name, value in asdict(setting).items()}


@dataclass(frozen=True, slots=True)
class UnixIdSql:
    """Uids over one connection. Rows are never removed, so no number comes back."""

    connection: Connection
    first: int = FIRST_UID
    last: int = LAST_UID

    def of(self, user_id: str) -> int | None:
        """Return the uid of a user."""
        return self.connection.execute(select(unix_ids.c.uid).where(unix_ids.c.user_id == user_id)).scalar()

    def allocate(self, user_id: str, now: datetime) -> int | None:
        """Return the user's uid; if there is none yet, the next one that nobody ever had, or None when all are gone."""
        while (found := self.of(user_id)) is None:
            uid = self._next()
            if uid is None:
                return None
            try:
                with self.connection.begin_nested():
                    self.connection.execute(insert(unix_ids).values(user_id=user_id, uid=uid, allocated_at=now))
            except IntegrityError:
                continue  # somebody else took the number, or gave this user one; their transaction is over now
            return uid
        return found

    def left(self) -> bool:
        """Tell whether another user could still get a number."""
        return self._next() is not None

    def count(self) -> int:
        """Return how many uids were given out."""
        return self.connection.execute(select(func.count()).select_from(unix_ids)).scalar_one()

    def _next(self) -> int | None:
        in_range = unix_ids.c.uid.between(self.first, self.last)
        highest = self.connection.execute(select(func.max(unix_ids.c.uid)).where(in_range)).scalar()
        if highest is None:
            return self.first
        if highest < self.last:
            return int(highest) + 1
        # The top is reached: numbers that were skipped, such as by an import, are looked for from the bottom.
        if self.connection.execute(select(unix_ids.c.uid).where(unix_ids.c.uid == self.first)).first() is None:
            return self.first
        above = unix_ids.alias("above")
        gap = (
            select(unix_ids.c.uid + 1)
            .where(in_range, unix_ids.c.uid < self.last, ~exists().where(above.c.uid == unix_ids.c.uid + 1))
            .order_by(unix_ids.c.uid)
            .limit(1)
        )
        found: int | None = self.connection.execute(gap).scalar()
        return found
