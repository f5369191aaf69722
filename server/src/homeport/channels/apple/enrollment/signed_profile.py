"""The profile as a Mac gets it: with a challenge of its own, signed. The same one is sent again when a certificate is renewed."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding

from homeport.channels.apple.authority.acme.model import PATH as ACME_PATH
from homeport.channels.apple.authority.actions import Authority
from homeport.channels.apple.authority.model import SCEP_PATH, Way
from homeport.channels.apple.cms import signing
from homeport.channels.apple.enrollment.profile import Wanted, build
from homeport.channels.apple.mdm.model import CHECKIN_PATH, CONNECT_PATH


@dataclass(frozen=True, slots=True)
class SignedProfiles:
    """Makes the profiles of one unit of work. `attests`: a root is pinned, so that hardware can be asked to vouch for the key."""

    authority: Authority
    public_url: str
    organization: str
    attests: bool
    way: Callable[[], Way]

    def make(self, session_id: str, serial: str, topic: str, *, udid: str, renews: bool = False) -> bytes:
        """Return a signed profile whose challenge earns one certificate.

        What hardware attests has to be the Mac that began, and what a renewal earns the Mac that had the certificate before: `udid`.
        """
        # public: the session was allowed elsewhere
        certificate, way = self.authority.certificate(), self.way()
        held_to = udid if renews or way is not Way.SCEP else ""
        wanted = Wanted(
            public_url=self.public_url,
            organization=self.organization,
            topic=topic,
            session_id=session_id,
            serial=serial,
            challenge=self.authority.challenge(session_id, serial, held_to or None, way),
            authority=certificate.public_bytes(Encoding.DER),
            scep_path=SCEP_PATH,
            acme_path=ACME_PATH,
            checkin_path=CHECKIN_PATH,
            connect_path=CONNECT_PATH,
            way=way,
            attest=self.attests,
        )
        return signing.sign(build(wanted), self.authority.key(), certificate)
