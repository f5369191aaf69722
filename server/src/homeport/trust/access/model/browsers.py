"""A browser whose sign-ins a device's agent began."""

from dataclasses import dataclass
from datetime import datetime, timedelta

OPEN_WITHIN = timedelta(minutes=2)
"""How long the address that the agent shows can be opened; once."""
BELONGS_FOR = timedelta(hours=12)
"""How long a browser that opened it counts as the device's: as long as a session lasts at most."""


@dataclass(frozen=True, slots=True)
class DeviceBrowser:
    """What a token stands for: an address that was handed to a device and not `opened` yet, or the browser that opened it."""

    token_hash: str
    device_id: str
    opened: bool
    expires_at: datetime
