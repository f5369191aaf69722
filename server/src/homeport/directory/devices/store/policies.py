"""What devices and device groups say of ssh and sudo, in SQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from homeport.directory.devices.model import DevicePolicy, GroupPolicy, SshPolicy, SudoPolicy, Target, TargetKind
from homeport.directory.devices.store.parts import parts
from homeport.directory.devices.tables import device_group_members, device_groups, device_policies, devices


@dataclass(frozen=True, slots=True)
class PolicySql:
    """Policies over one connection."""

    connection: Connection

    def of(self, target: Target) -> DevicePolicy:
        """Return what a target says; nothing when it never said anything."""
        row = self.connection.execute(select(device_policies).where(*_is(target))).first()
        return DevicePolicy() if row is None else _policy(row)

    def save(self, target: Target, policy: DevicePolicy) -> None:
        """Store what a target says; the caller holds the target's row."""
        self.forget(target)
        if not policy.silent:
            values = {"ssh": policy.ssh and policy.ssh.value, "sudo": policy.sudo and policy.sudo.value}
            self.connection.execute(insert(device_policies).values(target_type=target.kind.value, target_id=target.id, **values))

    def forget(self, target: Target) -> None:
        """Let a target say nothing."""
        self.connection.execute(delete(device_policies).where(*_is(target)))

    def of_many(self, kind: TargetKind, ids: Collection[str]) -> Mapping[str, DevicePolicy]:
        """Return what each of these devices or groups says; those that say nothing are left out."""
        columns = device_policies.c
        found: dict[str, DevicePolicy] = {}
        for part in parts(ids):
            query = select(device_policies).where(columns.target_type == kind.value, columns.target_id.in_(part))
            found |= {row.target_id: _policy(row) for row in self.connection.execute(query)}
        return found

    def of_their_groups(self, device_ids: Collection[str]) -> Mapping[str, Sequence[GroupPolicy]]:
        """Return what the groups of each of these devices say, by the groups' names; devices whose groups say nothing are left out."""
        columns, members = device_policies.c, device_group_members.c
        found: dict[str, list[GroupPolicy]] = {}
        for part in parts(device_ids):
            query = (
                select(members.device_id, device_groups.c.id, device_groups.c.name, columns.ssh, columns.sudo)
                .join(device_groups, device_groups.c.id == members.group_id)
                .join(device_policies, columns.target_id == members.group_id)
                .where(members.device_id.in_(part), columns.target_type == TargetKind.DEVICE_GROUP.value)
                .order_by(device_groups.c.name_key)
            )
            for row in self.connection.execute(query):
                found.setdefault(row.device_id, []).append(GroupPolicy(row.id, row.name, _policy(row)))
        return found

    def groups_that_say(self, limit: int) -> Sequence[GroupPolicy]:
        """Return the groups that say something, by name."""
        columns = device_policies.c
        query = (
            select(device_groups.c.id, device_groups.c.name, columns.ssh, columns.sudo)
            .join(device_policies, columns.target_id == device_groups.c.id)
            .where(columns.target_type == TargetKind.DEVICE_GROUP.value)
            .order_by(device_groups.c.name_key)
            .limit(limit)
        )
        return [GroupPolicy(row.id, row.name, _policy(row)) for row in self.connection.execute(query)]

    def count_devices_that_say(self) -> int:
        """Return how many devices say something."""
        query = select(func.count()).select_from(device_policies)
        return self.connection.execute(query.where(device_policies.c.target_type == TargetKind.DEVICE.value)).scalar_one()

    def bump(self, device_ids: Collection[str]) -> None:
        """Raise `desired_state_version` of these devices, whose rows are held in the order of their ids."""
        for part in parts(device_ids):
            self.connection.execute(select(devices.c.id).where(devices.c.id.in_(part)).order_by(devices.c.id).with_for_update())
            version = devices.c.desired_state_version
            self.connection.execute(update(devices).where(devices.c.id.in_(part)).values(desired_state_version=version + 1))


def _is(target: Target) -> tuple[Any, Any]:
    return device_policies.c.target_type == target.kind.value, device_policies.c.target_id == target.id


def _policy(row: Any) -> DevicePolicy:
    return DevicePolicy(SshPolicy(row.ssh) if row.ssh else None, SudoPolicy(row.sudo) if row.sudo else None)
