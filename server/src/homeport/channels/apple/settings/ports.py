"""What the settings need of the database."""

from collections.abc import Sequence
from typing import Protocol

from homeport.channels.apple.settings.model import AppleSettings
from homeport.directory.devices.model import DeviceGroup
from homeport.directory.people.model import UserGroup
from homeport.foundation.kernel.listing import Listing, Page


class SettingsStore(Protocol):
    """The one row."""

    def get(self, *, hold: bool = False) -> AppleSettings:
        """Return the settings, or the defaults; `hold` keeps the row until the unit of work ends."""
        ...

    def save(self, settings: AppleSettings) -> None:
        """Store the settings."""
        ...


class DeviceGroupNames(Protocol):
    """Device groups, to choose one."""

    def get(self, group_id: str) -> DeviceGroup | None:
        """Return a group."""
        ...

    def list(self, listing: Listing) -> Page[DeviceGroup]:
        """Return the groups that match, by name."""
        ...


class UserGroupNames(Protocol):
    """User groups, to choose one."""

    def get_all(self, group_ids: Sequence[str]) -> Sequence[UserGroup]:
        """Return those of these groups that exist."""
        ...

    def search(self, listing: Listing) -> Page[UserGroup]:
        """Return the groups that match, by name."""
        ...
