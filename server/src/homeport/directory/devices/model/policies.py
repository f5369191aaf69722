"""What a device or a device group says of ssh and sudo instead of the setting, and what holds on a device in the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from homeport.directory.devices.model.provisioning import ProvisioningSetting, SshPolicy, SudoPolicy

SSH_BY_STRICTNESS = (SshPolicy.PASSCODE, SshPolicy.KEY, SshPolicy.BROWSER)
SUDO_BY_STRICTNESS = (SudoPolicy.PASSCODE, SudoPolicy.BROWSER, SudoPolicy.NEVER)
"""The loosest first."""

_Value = TypeVar("_Value", SshPolicy, SudoPolicy)


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """What one device, or one device group, says; None leaves it to what stands behind it."""

    ssh: SshPolicy | None = None
    sudo: SudoPolicy | None = None

    @property
    def silent(self) -> bool:
        """Tell whether it says nothing at all."""
        return self.ssh is None and self.sudo is None


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """What a device group says, with the group's id and name."""

    group_id: str
    group_name: str
    policy: DevicePolicy


class PolicySource(StrEnum):
    """Who had the last word."""

    DEVICE = "device"
    DEVICE_GROUP = "device_group"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Decided(Generic[_Value]):
    """What holds, and who said so; the group's id and name where it was a device group."""

    value: _Value
    source: PolicySource
    group_id: str = ""
    group_name: str = ""


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """What holds on a device."""

    ssh: Decided[SshPolicy]
    sudo: Decided[SudoPolicy]


def decide(setting: ProvisioningSetting, own: DevicePolicy, groups: Sequence[GroupPolicy]) -> EffectivePolicy:
    """Decide ssh and sudo each for itself: the device's word, else the strictest of its groups', else the setting's."""
    return EffectivePolicy(
        _decide(setting.ssh, own.ssh, groups, lambda policy: policy.ssh, SSH_BY_STRICTNESS),
        _decide(setting.sudo, own.sudo, groups, lambda policy: policy.sudo, SUDO_BY_STRICTNESS),
    )


def _decide(
    setting: _Value,
    own: _Value | None,
    groups: Sequence[GroupPolicy],
    said: Callable[[DevicePolicy], _Value | None],
    by_strictness: Sequence[_Value],
) -> Decided[_Value]:
    if own is not None:
        return Decided(own, PolicySource.DEVICE)
    words = [(value, group) for group in groups if (value := said(group.policy)) is not None]
    if not words:
        return Decided(setting, PolicySource.SETTING)
    value, group = max(words, key=lambda word: by_strictness.index(word[0]))  # of equal ones the first, which is by name
    return Decided(value, PolicySource.DEVICE_GROUP, group.group_id, group.group_name)
