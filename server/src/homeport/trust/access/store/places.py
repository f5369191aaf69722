"""What tells a country or a device: the operator's file of countries, and the devices that are enrolled."""

from collections.abc import Callable
from dataclasses import dataclass

from homeport.directory.devices.model import Device


@dataclass(frozen=True, slots=True)
class NoCountries:
    """What is known without a file of countries: nothing."""

    def of(self, address: str) -> str | None:  # noqa: ARG002 - the port's name
        """Return that the country is not known."""
        return None


@dataclass(frozen=True, slots=True)
class EnrolledDevices:
    """The devices of the directory; `find` returns the one with a key that is not deleted."""

    find: Callable[[str], Device | None]

    def with_key(self, thumbprint: str) -> str:
        """Return the id of the enrolled, active device with this key; empty when there is none."""
        device = self.find(thumbprint)
        return device.id if device is not None and device.active else ""
