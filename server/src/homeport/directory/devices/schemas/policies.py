"""What devices and device groups say of ssh and sudo, as the API writes it; additions of ours in JumpCloud's style."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from homeport.directory.devices.model import Decided, DevicePolicy, SshPolicy, SudoPolicy

SshWord = Literal["INHERIT", "KEY", "BROWSER", "PASSCODE"]
SudoWord = Literal["INHERIT", "PASSCODE", "BROWSER", "NEVER"]
INHERIT: Literal["INHERIT"] = "INHERIT"
_SSH: dict[SshPolicy, SshWord] = {SshPolicy.KEY: "KEY", SshPolicy.BROWSER: "BROWSER", SshPolicy.PASSCODE: "PASSCODE"}
_SUDO: dict[SudoPolicy, SudoWord] = {SudoPolicy.PASSCODE: "PASSCODE", SudoPolicy.BROWSER: "BROWSER", SudoPolicy.NEVER: "NEVER"}


class EffectiveBody(BaseModel):
    """What holds on a device; `from` says who had the last word, and the group which it was."""

    model_config = ConfigDict(alias_generator=lambda name: "from" if name == "source" else to_camel(name), populate_by_name=True)

    value: Literal["KEY", "BROWSER", "PASSCODE", "NEVER"]
    source: Literal["DEVICE", "DEVICE_GROUP", "SETTING"]
    group_id: str | None
    group_name: str | None

    @classmethod
    def of(cls, decided: Decided[SshPolicy] | Decided[SudoPolicy]) -> Self:
        """Translate a decision."""
        return cls.model_validate({
            "value": decided.value.name,
            "source": decided.source.name,
            "group_id": decided.group_id or None,
            "group_name": decided.group_name or None,
        })  # fmt: skip


def ssh_word(policy: DevicePolicy) -> SshWord:
    """Return what is said of ssh."""
    return _SSH[policy.ssh] if policy.ssh else INHERIT


def sudo_word(policy: DevicePolicy) -> SudoWord:
    """Return what is said of sudo."""
    return _SUDO[policy.sudo] if policy.sudo else INHERIT


def changed(present: DevicePolicy, ssh: SshWord | None, sudo: SudoWord | None) -> DevicePolicy:
    """Return a policy with a change; what is left out stays."""
    said_ssh = present.ssh if ssh is None else None if ssh == INHERIT else SshPolicy[ssh]
    said_sudo = present.sudo if sudo is None else None if sudo == INHERIT else SudoPolicy[sudo]
    return DevicePolicy(said_ssh, said_sudo)
