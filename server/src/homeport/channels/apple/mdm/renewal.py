"""Renewal of a Mac's certificate at two thirds of its life: the server sends the profile again, with a new challenge.

The profile is made when the Mac asks for work, since its challenge lasts 15 minutes and a Mac may be away for weeks. The present
certificate is good until the first use of the new one, so a renewal that is lost or refused harms nothing and is tried again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from homeport.channels.apple.authority.model import CHALLENGE_LIFE, RENEW_AFTER, DeviceIdentity
from homeport.channels.apple.mdm import commands
from homeport.channels.apple.mdm.management import Management, wake
from homeport.channels.apple.mdm.model import Mac

AGAIN_AFTER = timedelta(days=1)
"""How long a renewal that the Mac answered without a new certificate is left alone."""
_KIND = "InstallProfile"


@dataclass(frozen=True, slots=True)
class Renewal:
    """Renewals of one unit of work."""

    management: Management

    def offer(self, mac: Mac, identity: DeviceIdentity) -> None:
        """Queue the profile when the certificate of the Mac's message is due; a Mac in Setup Assistant is left alone."""
        # public: the caller identified the device by its certificate
        management, now = self.management, self.management.clock.now()
        if mac.awaiting or identity.issued_at is None or now - identity.issued_at < RENEW_AFTER:
            return
        earlier = management.queue.store.newest(mac.device_id, [_KIND])
        if earlier is not None and now - earlier.created_at < (AGAIN_AFTER if earlier.over else CHALLENGE_LIFE):
            return
        if earlier is not None and not earlier.over:
            management.queue.finish(earlier, acknowledged=False, errors="The challenge in it was over before the Mac took it.")
        management.queue.add(mac, commands.install_profile(management.certificates.renewal(mac)))
        management.log.record(mac, "mac_certificate_renewal", details={"certificate_sha256": identity.certificate_sha256})

    def wake_due(self, certificates: Iterable[str]) -> int:
        """Wake the Macs that speak with these certificates, so that they ask for work; return how many."""
        # public: the server's own upkeep
        management, woken = self.management, 0
        for sha256 in certificates:
            device_id = management.macs.by_certificate(sha256)
            mac = management.macs.lock(device_id) if device_id else None
            if mac is not None and mac.push_token and mac.push_due_at is None:
                management.save(wake(mac, management), mac)
                woken += 1
        return woken
