"""Tie a browser to the device whose agent began its sign-in."""

from dataclasses import dataclass

from homeport.directory.devices.model import Device
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import NotFound
from homeport.trust.access.model.browsers import BELONGS_FOR, OPEN_WITHIN, DeviceBrowser
from homeport.trust.access.ports import BrowserStore

DEAD = "This address was opened already, or is older than two minutes. Run the command on the machine again."


@dataclass(frozen=True, slots=True)
class DeviceBrowsers:
    """The browsers of devices in one unit of work."""

    browsers: BrowserStore
    clock: Clock
    entropy: Entropy

    def begin(self, device: Device) -> str:
        """Return the token of an address that the device may open once, within two minutes."""
        # public: asked by a device that proved its key
        now = self.clock.now()
        self.browsers.remove_before(now)
        return self._made(device.id, opened=False)

    def open(self, token: str) -> str:
        """Use an address up and return the token by which the browser that opened it is known; raise NotFound when it is dead."""
        # public: the token is the proof
        hashed, now = hash_token(token), self.clock.now()
        found = self.browsers.find(hashed)
        if found is None or found.opened or found.expires_at <= now or not self.browsers.take(hashed):
            raise NotFound(DEAD)
        return self._made(found.device_id, opened=True)

    def _made(self, device_id: str, *, opened: bool) -> str:
        token = self.entropy.token()
        over = self.clock.now() + (BELONGS_FOR if opened else OPEN_WITHIN)
        self.browsers.add(DeviceBrowser(hash_token(token), device_id, opened, over))
        return token
