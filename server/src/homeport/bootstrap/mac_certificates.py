"""What MDM is told of the certificates of Macs: the authority, as the room of MDM asks for it."""

from dataclasses import dataclass

from homeport.channels.apple.authority.actions import CHANNEL, Authority
from homeport.channels.apple.authority.model import DeviceIdentity
from homeport.channels.apple.enrollment.signed_profile import SignedProfiles
from homeport.channels.apple.mdm.model import Mac


@dataclass(frozen=True, slots=True)
class MacCertificates:
    """The certificates of one unit of work."""

    authority: Authority
    profiles: SignedProfiles

    def bind(self, identity: DeviceIdentity, udid: str) -> DeviceIdentity:
        """Hold a certificate to a UDID; raise UnknownDevice when it has another."""
        return self.authority.bind(identity, udid)

    def renewal(self, mac: Mac) -> bytes:
        """Return the Mac's profile with a new challenge: the same addresses and topic, or the Mac refuses it."""
        return self.profiles.make(mac.session_id, mac.serial, mac.topic, udid=mac.udid, renews=True)

    def retire(self, session_id: str, because: str) -> None:
        """Revoke every certificate of a sign-in."""
        self.authority.revoke_session(CHANNEL, session_id, because)
