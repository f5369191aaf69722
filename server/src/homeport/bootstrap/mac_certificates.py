"""What MDM is told of the certificates of Macs: the authority, as the room of MDM asks for it."""

from dataclasses import dataclass

from homeport.channels.apple.authority.actions import CHANNEL, Authority
from homeport.channels.apple.authority.model import DeviceIdentity


@dataclass(frozen=True, slots=True)
class MacCertificates:
    """The certificates of one unit of work."""

    authority: Authority

    def bind(self, identity: DeviceIdentity, udid: str) -> DeviceIdentity:
        """Hold a certificate to a UDID; raise UnknownDevice when it has another."""
        return self.authority.bind(identity, udid)

    def retire(self, session_id: str, because: str) -> None:
        """Revoke every certificate of a sign-in."""
        self.authority.revoke_session(CHANNEL, session_id, because)
