"""What the REST API asks of Macs under management."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from homeport.channels.apple.ade.actions import Ade
from homeport.channels.apple.ade.model import AdeServer, TokenState
from homeport.channels.apple.applemdms.ports import Attestations, Inventory, MacList
from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.model import Mac
from homeport.channels.apple.push.actions import PushCertificates
from homeport.channels.apple.settings.actions import AppleConfiguration
from homeport.channels.apple.settings.model import AppleSettings
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, NotFound
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission

ID = "apple"
"""The id of the one configuration: an installation has exactly one."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The server at Apple Business Manager with the settings of Macs. `server` is None before the public key was downloaded."""

    server: AdeServer | None
    settings: AppleSettings
    token: TokenState
    push_topic: str
    push_expires_at: datetime | None
    organization: str


@dataclass(frozen=True, slots=True)
class ManagedMac:
    """A Mac, and what is known of it elsewhere: whether Apple's inventory has it, and whether its hardware vouched for its key."""

    mac: Mac
    registered: bool
    attested: bool


@dataclass(frozen=True, slots=True)
class AppleMdms:
    """The reading acts of one unit of work; what changes something is the portal's own."""

    ade: Ade
    settings: AppleConfiguration
    macs: MacActions
    list_of: MacList
    inventory: Inventory
    attestations: Attestations
    push: PushCertificates
    organization: str

    def configuration(self, actor: Actor) -> Configuration:
        """Return the one configuration."""
        actor.require(Permission.APPLE_READ)
        server, push = self.ade.server(actor), self.push.get(actor)
        token = server.token_state(self.ade.clock.now()) if server else TokenState.MISSING
        return Configuration(server, self.settings.get(actor), token, push.topic, push.expires_at, self.organization)

    def public_key(self, actor: Actor, identity: str) -> str:
        """Return the certificate (PEM) for Apple Business Manager; raise NotFound before the portal made one."""
        actor.require(Permission.APPLE_READ)
        _only(identity)
        server = self.ade.server(actor)
        if server is None:
            raise NotFound("No key was made yet. Download the public key in the portal first: MDM (Apple).")
        return server.certificate

    def refresh(self, actor: Actor, identity: str) -> None:
        """Let the next synchronization with Apple begin at once."""
        actor.require(Permission.APPLE_WRITE)
        _only(identity)
        self.ade.ask_soon(actor)

    def devices(self, actor: Actor, identity: str, listing: Listing) -> Page[ManagedMac]:
        """Return a page of the Macs under management."""
        actor.require(Permission.DEVICES_READ)
        _only(identity)
        page = self.list_of.list(listing)
        return Page(self._known(page.items), page.total)

    def device(self, actor: Actor, identity: str, device_id: str) -> ManagedMac:
        """Return one Mac; raise NotFound."""
        actor.require(Permission.DEVICES_READ)
        _only(identity)
        found = self.macs.find(actor, device_id)
        if found is None:
            raise NotFound("This device is no Mac under management.")
        return self._known([found])[0]

    def lock(self, actor: Actor, identity: str, device_id: str, *, reason: str, message: str, pin: str) -> None:
        """Lock a Mac at once."""
        actor.require(Permission.APPLE_ERASE)
        _only(identity)
        self.macs.lock(actor, device_id, reason, message, pin=pin)

    def erase(self, actor: Actor, identity: str, device_id: str, *, reason: str, serial: str, pin: str) -> None:
        """Erase a Mac."""
        actor.require(Permission.APPLE_ERASE)
        _only(identity)
        try:
            self.macs.erase(actor, device_id, reason, serial, pin=pin)
        except Invalid as error:
            named = {"serialNumber" if name == "serial" else name: text for name, text in error.fields.items()}
            raise Invalid(error.detail, named) from error

    def _known(self, macs: Sequence[Mac]) -> list[ManagedMac]:
        devices = self.inventory.get_all([mac.serial for mac in macs])
        attested = self.attestations.attested([mac.certificate_sha256 for mac in macs])
        return [
            ManagedMac(mac, mac.serial in devices and devices[mac.serial].ours, mac.certificate_sha256 in attested)
            for mac in macs
        ]


def _only(identity: str) -> None:
    if identity != ID:
        raise NotFound(f"There is one Apple MDM configuration here, and its id is “{ID}”.")
