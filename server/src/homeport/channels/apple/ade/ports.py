"""What the server at Apple needs of the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from homeport.channels.apple.ade.model import AdeDevice, AdeServer
from homeport.foundation.kernel.listing import Listing, Page


class AdeStore(Protocol):
    """Server and inventory."""

    def server(self, *, hold: bool = False) -> AdeServer | None:
        """Return the server; None while no key pair was made. `hold` keeps its row until the unit of work ends."""
        ...

    def save_server(self, server: AdeServer) -> None:
        """Store the server."""
        ...

    def remove_server(self) -> None:
        """Forget the server and its inventory."""
        ...

    def get(self, serial: str) -> AdeDevice | None:
        """Return a device of the inventory."""
        ...

    def get_all(self, serials: Collection[str]) -> Mapping[str, AdeDevice]:
        """Return those of these devices that the inventory has."""
        ...

    def put(self, found: Sequence[AdeDevice]) -> None:
        """Add devices, or replace those with the same serial number in all but `blocked`, which only `set_blocked` changes."""
        ...

    def set_blocked(self, serial: str, *, blocked: bool) -> bool:
        """Block a device or let it again, in its own column only; tell whether that changed anything."""
        ...

    def remove_unseen(self, generation: int, now: datetime) -> int:
        """Note that devices which a full fetch did not show are no longer ours; return how many."""
        ...

    def unlike(self, profile_uuid: str, now: datetime, limit: int) -> Sequence[AdeDevice]:
        """Return Macs of ours whose profile at Apple is another one and whose time to be tried has come."""
        ...

    def counts(self, profile_uuid: str) -> dict[str, int]:
        """Return how many devices are ours, are Macs, have this profile, and wait because Apple put them off."""
        ...

    def list(self, listing: Listing) -> Page[AdeDevice]:
        """Return the devices that match, by serial number."""
        ...
