"""Devices: what they say of themselves, whether they may be used, and what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from homeport.foundation.kernel.events import Event

IN_CONTACT = timedelta(minutes=3)
WOKEN = timedelta(hours=26)
"""A Mac without an agent speaks when it is woken: after a day of silence, within the hour that follows."""


class DeviceStatus(StrEnum):
    """Whether a device may do anything: `pending` waits for an administrator's approval."""

    ACTIVE = "active"
    PENDING = "pending"


class OSFamily(StrEnum):
    """Kinds of operating system, as device account provisioning is set for them."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What a device says of itself. `machine_id` is the SHA-256 of its /etc/machine-id in hex. An empty text means unsaid."""

    hostname: str = ""
    serial_number: str = ""
    machine_id: str = ""
    os: str = ""
    os_name: str = ""
    os_version: str = ""
    arch: str = ""
    agent_version: str = ""

    def cleaned(self) -> Self:
        """Return the facts without control characters and not longer than they are stored."""
        longest = {"hostname": 253, "machine_id": 64, "os": 32, "os_version": 64, "arch": 32, "agent_version": 64}
        return replace(
            self,
            **{
                one.name: "".join(letter for letter in getattr(self, one.name) if letter.isprintable())[
                    : longest.get(one.name, 255)
                ]
                for one in fields(self)
            },
        )


@dataclass(frozen=True, slots=True)
class Device:
    """A machine. `thumbprint` is the RFC 7638 SHA-256 thumbprint of `device_key`, its public JWK.

    `deleted_at` marks a tombstone, kept so that the agent can be told. `version` rises with each change by an administrator,
    `desired_state_version` with each change of what the device should do. `limited` leaves it to the people who are assigned to it.
    """

    id: str
    hostname: str
    display_name: str
    serial_number: str
    machine_id: str
    os: str
    os_name: str
    os_version: str
    arch: str
    agent_version: str
    device_key: Mapping[str, str]
    thumbprint: str
    status: DeviceStatus
    enrolled_at: datetime
    last_contact_at: datetime | None
    address: str
    enrolled_with: str
    version: int = 1
    desired_state_version: int = 1
    deleted_at: datetime | None = None
    limited: bool = False

    @property
    def name(self) -> str:
        """Return what people call the device."""
        return self.display_name or self.hostname or self.id

    @property
    def os_family(self) -> OSFamily | None:
        """Return the kind of operating system; None for one that Homeport does not know."""
        return OSFamily(self.os) if self.os in set(OSFamily) else None

    def in_contact(self, now: datetime) -> bool:
        """Tell whether the device was heard lately: agents call at least every 50 seconds, Macs without one when they are woken."""
        span = WOKEN if self.os_family is OSFamily.MACOS and not self.agent_version else IN_CONTACT
        return self.last_contact_at is not None and now - self.last_contact_at < span

    @property
    def active(self) -> bool:
        """Tell whether the device may sign people in."""
        return self.status is DeviceStatus.ACTIVE and self.deleted_at is None


@dataclass(frozen=True, slots=True)
class DeviceEnrolled(Event):
    """A device joined for the first time."""

    device_id: str


@dataclass(frozen=True, slots=True)
class DeviceApproved(Event):
    """A waiting device may now be used."""

    device_id: str


@dataclass(frozen=True, slots=True)
class DeviceDeleted(Event):
    """A device was removed; its bindings were, before."""

    device_id: str


@dataclass(frozen=True, slots=True)
class DesiredStateChanged(Event):
    """What a device should do has changed, so an agent that waits should be answered."""

    device_id: str
