"""What the API needs of the database beyond what the portal's actions give."""

from collections.abc import Collection, Mapping
from typing import Protocol

from homeport.channels.apple.ade.model import AdeDevice
from homeport.channels.apple.mdm.model import Mac
from homeport.foundation.kernel.listing import Listing, Page


class MacList(Protocol):
    """Macs under management."""

    def list(self, listing: Listing) -> Page[Mac]:
        """Return the Macs that match."""
        ...


class Inventory(Protocol):
    """Apple's inventory."""

    def get_all(self, serials: Collection[str]) -> Mapping[str, AdeDevice]:
        """Return those of these devices that the inventory has."""
        ...


class Attestations(Protocol):
    """Certificates of Macs."""

    def attested(self, sha256s: Collection[str]) -> frozenset[str]:
        """Return those of these certificates for whose key hardware vouched and that are not revoked."""
        ...
