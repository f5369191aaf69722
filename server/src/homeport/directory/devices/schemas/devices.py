"""Devices as JumpCloud's API writes them (`systems`, `devices.SignInWithJumpCloudSetting`), and what it has not in the same style."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from homeport.directory.devices.model import (
    AccountPermission,
    Binding,
    Device,
    DevicePolicy,
    EffectivePolicy,
    EnrollmentKey,
    ExistingAccount,
    GroupRule,
    NamedBinding,
    OSFamily,
    ProvisioningSetting,
    SshPolicy,
    SudoPolicy,
)
from homeport.directory.devices.schemas.policies import EffectiveBody, SshWord, SudoWord, ssh_word, sudo_word
from homeport.foundation.http.wire import Moment

SYSTEM_FIELDS = {
    "_id": "id",
    "id": "id",
    "displayName": "name",
    "hostname": "hostname",
    "os": "os_name",
    "osFamily": "os",
    "version": "os_version",
    "arch": "arch",
    "serialNumber": "serial_number",
    "agentVersion": "agent_version",
    "lastContact": "last_contact_at",
    "created": "enrolled_at",
    "remoteIP": "address",
    "enrollmentStatus": "status",
}
"""The wire's names of the fields by which devices can be filtered and sorted."""
KEY_FIELDS = {
    "id": "id",
    "name": "name",
    "maxUses": "max_uses",
    "uses": "uses",
    "createdBy": "created_by",
    "created": "created_at",
    "expiresAt": "expires_at",
}
"""The same for enrolment keys."""
PathId = Annotated[str, Path(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$")]
"""An id in a path; what cannot be one is refused before the database sees it."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class OsVersionDetail(_Wire):
    """The operating system's name and version."""

    os_name: str
    distribution_name: str
    version: str


class System(_Wire):
    """A device in an answer. `active` means in contact now; `enrollmentStatus` is `pending` while it waits for approval.

    `ssh` and `sudo` are what the device says itself; `effectiveSsh` and `effectiveSudo` what holds on it, null for a system that
    Homeport does not know.
    """

    id: str = Field(alias="_id")
    display_name: str
    hostname: str
    os: str
    os_family: str
    version: str
    os_version_detail: OsVersionDetail
    arch: str
    serial_number: str
    agent_version: str
    last_contact: str | None
    active: bool
    created: str
    remote_ip: str = Field(alias="remoteIP")
    enrollment_status: Literal["active", "pending"]
    limited_to_assigned: bool
    ssh: SshWord
    sudo: SudoWord
    effective_ssh: EffectiveBody | None
    effective_sudo: EffectiveBody | None

    @classmethod
    def of(cls, device: Device, now: datetime, own: DevicePolicy, effective: EffectivePolicy | None) -> Self:
        """Translate a device as it is at a moment, with what it says of ssh and sudo and what holds on it."""
        return cls(
            _id=device.id,
            display_name=device.name,
            hostname=device.hostname,
            os=device.os_name,
            os_family=device.os,
            version=device.os_version,
            os_version_detail=OsVersionDetail(
                os_name=device.os_name, distribution_name=device.os_name, version=device.os_version
            ),
            arch=device.arch,
            serial_number=device.serial_number,
            agent_version=device.agent_version,
            last_contact=_instant(device.last_contact_at),
            active=device.in_contact(now),
            created=_moment(device.enrolled_at),
            remoteIP=device.address,
            enrollment_status=device.status.value,
            limited_to_assigned=device.limited,
            ssh=ssh_word(own),
            sudo=sudo_word(own),
            effective_ssh=EffectiveBody.of(effective.ssh) if effective else None,
            effective_sudo=EffectiveBody.of(effective.sudo) if effective else None,
        )


class SystemList(BaseModel):
    """A window of the list of devices."""

    totalCount: int  # noqa: N815 - the wire's name
    results: list[System]


class SystemPut(_Wire):
    """A change of a device. Fields of JumpCloud's that Homeport does not keep are accepted and not stored.

    A limited device is left to assigned people. INHERIT lets the device's groups decide, and then the setting.
    """

    display_name: str | None = None
    limited_to_assigned: bool | None = None
    ssh: SshWord | None = None
    sudo: SudoWord | None = None


class EnrollmentKeyBody(_Wire):
    """An enrolment key in an answer; its secret is never in it."""

    id: str
    name: str
    state: Literal["usable", "expired", "used_up", "revoked"]
    max_uses: int
    uses: int
    uses_left: int
    created_by: str
    created: str
    expires_at: str
    revoked_at: str | None
    device_group_id: str | None

    @classmethod
    def of(cls, key: EnrollmentKey, now: datetime) -> Self:
        """Translate a key as it is at a moment."""
        return cls(**_key(key, now))


class EnrollmentKeyCreated(EnrollmentKeyBody):
    """A new enrolment key; `key` is its text, in this answer only."""

    key: str

    @classmethod
    def with_text(cls, key: EnrollmentKey, text: str, now: datetime) -> Self:
        """Translate a new key together with its text."""
        return cls(**_key(key, now), key=text)


class EnrollmentKeyList(_Wire):
    """A window of the list of enrolment keys."""

    total_count: int
    enrollment_keys: list[EnrollmentKeyBody]


class EnrollmentKeyPost(_Wire):
    """A wish for an enrolment key; it expires after 7 days unless told otherwise."""

    name: str
    max_uses: int = 1
    expires_at: Moment | None = None
    device_group_id: str | None = None


class EnrollmentSettings(_Wire):
    """Whether new devices wait for an administrator's approval, and the group they join unless their enrolment key names one.

    A default group that is left out of a change stays; null means none.
    """

    new_devices_wait_for_approval: bool
    default_device_group_id: str | None = None


class BindingBody(_Wire):
    """A user's local account on a device: what is wanted, and what the device last said.

    `adopted` accounts were the device's before the user took them over; `uid` and `gid` are then their own.
    """

    id: str
    user_id: str
    user_name: str
    system_id: str
    system_name: str
    username: str
    uid: int
    gid: int
    adopted: bool
    permission: Literal["STANDARD", "ADMIN"]
    desired: Literal["present", "suspended", "removed"]
    observed: Literal["unknown", "present", "suspended", "removed", "refused"]
    reason: str
    after: Literal["keep", "lock", "remove"] | None
    lease_not_after: str
    passcode_set_at: str | None
    created: str
    confirmed_at: str | None

    @classmethod
    def of(cls, named: NamedBinding) -> Self:
        """Translate a binding."""
        binding = named.binding
        return cls(
            **_binding(binding),
            user_name=named.user_name,
            system_name=named.device_name,
        )


class BindingList(_Wire):
    """All bindings of a device."""

    total_count: int
    bindings: list[BindingBody]


class GroupRuleBody(_Wire):
    """What the members of a user group get instead of the defaults; `permission` ADMIN, `leaseDays`, or both.

    Administrator rights come with any of a person's groups; of several leases the shortest counts.
    """

    user_group_id: str
    permission: Literal["ADMIN"] | None = None
    lease_days: int | None = None

    @classmethod
    def of(cls, rule: GroupRule) -> Self:
        """Translate a rule."""
        return cls(user_group_id=rule.user_group_id, permission="ADMIN" if rule.admin else None, lease_days=rule.lease_days)

    @property
    def rule(self) -> GroupRule:
        """Return the rule."""
        return GroupRule(self.user_group_id, self.permission is not None, self.lease_days)


class SignInSetting(_Wire):
    """Self Service Account Provisioning of one kind of operating system. LINUX, `verified` and what follows `defaultPermission` are additions.

    Enabled for MACOS or WINDOWS is unverified: the agent's commands for them were tested against imitations, never on hardware.
    """

    os_family: Literal["LINUX", "MACOS", "WINDOWS"]
    enabled: bool
    verified: bool = Field(
        description="Whether this was ever run on a real system of the kind; an enabled setting without it is unverified."
    )
    default_permission: Literal["STANDARD", "ADMIN"]
    several_users: bool
    lease_days: int
    groups: list[GroupRuleBody]
    ssh: Literal["KEY", "BROWSER", "PASSCODE"]
    sudo: Literal["PASSCODE", "BROWSER", "NEVER"]
    existing_account: Literal["REFUSE", "TAKE_OVER"]

    @classmethod
    def of(cls, setting: ProvisioningSetting, rules: Sequence[GroupRule]) -> Self:
        """Translate a setting and its rules for user groups."""
        return cls.model_validate(
            {
                "os_family": setting.os_family.name,
                "enabled": setting.enabled,
                "verified": setting.verified,
                "default_permission": setting.default_permission.name,
                "several_users": setting.several_users,
                "lease_days": setting.lease_days,
                "groups": [GroupRuleBody.of(rule) for rule in rules],
                "ssh": setting.ssh.name,
                "sudo": setting.sudo.name,
                "existing_account": setting.existing.name,
            }
        )


class SignInSettings(BaseModel):
    """The setting of every kind of operating system."""

    settings: list[SignInSetting]


class SignInSettingPut(_Wire):
    """A change of one setting; what is left out stays as it is."""

    os_family: Literal["LINUX", "MACOS", "WINDOWS"]
    enabled: bool | None = None
    default_permission: Literal["STANDARD", "ADMIN"] | None = None
    several_users: bool | None = None
    lease_days: int | None = None
    groups: list[GroupRuleBody] | None = None
    ssh: Literal["KEY", "BROWSER", "PASSCODE"] | None = None
    sudo: Literal["PASSCODE", "BROWSER", "NEVER"] | None = None
    existing_account: Literal["REFUSE", "TAKE_OVER"] | None = None

    @property
    def family(self) -> OSFamily:
        """Return the kind of operating system."""
        return OSFamily[self.os_family]

    def over(self, present: ProvisioningSetting) -> ProvisioningSetting:
        """Return the present setting with this change."""
        permission = AccountPermission[self.default_permission] if self.default_permission else None
        return ProvisioningSetting(
            self.family,
            present.enabled if self.enabled is None else self.enabled,
            permission or present.default_permission,
            present.several_users if self.several_users is None else self.several_users,
            present.lease_days if self.lease_days is None else self.lease_days,
            SshPolicy[self.ssh] if self.ssh else present.ssh,
            SudoPolicy[self.sudo] if self.sudo else present.sudo,
            ExistingAccount[self.existing_account] if self.existing_account else present.existing,
        )


class SignInSettingsPut(BaseModel):
    """Changes of settings; a kind of operating system that is left out stays as it is."""

    settings: list[SignInSettingPut]


def _key(key: EnrollmentKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(now).value,
        "max_uses": key.max_uses,
        "uses": key.uses,
        "uses_left": key.uses_left,
        "created_by": key.created_by,
        "created": _moment(key.created_at),
        "expires_at": _moment(key.expires_at),
        "revoked_at": _instant(key.revoked_at),
        "device_group_id": key.group_id,
    }


def _binding(binding: Binding) -> dict[str, Any]:
    return {
        "id": binding.id,
        "user_id": binding.user_id,
        "system_id": binding.device_id,
        "username": binding.username,
        "uid": binding.local_uid,
        "gid": binding.local_gid,
        "adopted": binding.adopted,
        "permission": binding.permission.name,
        "desired": binding.desired.value,
        "observed": binding.observed.value,
        "reason": binding.reason,
        "after": binding.after.value if binding.after else None,
        "lease_not_after": _moment(binding.lease_not_after),
        "passcode_set_at": _instant(binding.passcode_set_at),
        "created": _moment(binding.created_at),
        "confirmed_at": _instant(binding.confirmed_at),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else _moment(moment)
