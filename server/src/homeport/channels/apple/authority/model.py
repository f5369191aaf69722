"""Certificates of devices, the challenges that earn them, and who a certificate stands for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.foundation.kernel.errors import Invalid

SCEP_PATH = "/mdm/scep"
"""Where a device asks for its certificate by SCEP."""
AUTHORITY_VALIDITY = timedelta(days=3650)
VALIDITY = timedelta(days=365)
"""How long a device's certificate is good."""
RENEW_AFTER = VALIDITY * 2 / 3
"""At which age a certificate is renewed."""
CHALLENGE_LIFE = timedelta(minutes=15)
CLOCK_STEP = timedelta(minutes=5)
"""By how much a device's clock may be behind: certificates begin earlier by this."""


class UnknownDevice(Invalid):
    """No device of ours proved itself. It is answered with 400: a Mac that gets 401 may leave the management."""


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who sends a message, as our table knows it. `udid` is None until the first check-in bound the certificate to one."""

    certificate_sha256: str
    session_id: str
    udid: str | None
    serial: str
    issued_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AuthorityKey:
    """The authority's certificate (DER in base64) and its key (an envelope of PKCS #8)."""

    certificate: str
    key_sealed: str
    created_at: datetime


class Way(StrEnum):
    """How a Mac gets its certificate: by SCEP, by ACME, or by ACME and only if its hardware vouches for the key."""

    SCEP = "scep"
    ACME = "acme"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What earns one certificate, once, in one `way`: else whoever has the word would choose the weakest. Only its hash is kept."""

    word_hash: str
    session_id: str
    serial: str
    udid: str | None
    expires_at: datetime
    used_at: datetime | None = None
    certificate_sha256: str = ""
    way: Way = Way.SCEP

    def is_met_by(self, asked: "Asked") -> bool:
        """Tell whether a request came in the way that is wanted."""
        return asked.acme is (self.way is not Way.SCEP) and (asked.attested or self.way is not Way.ATTESTED)


@dataclass(frozen=True, slots=True)
class DeviceCertificate:
    """A certificate that was issued. `serial` is the device's, `serial_number` the certificate's, in hex.

    `first_used_at` ends the life of earlier certificates of the same session. `digest` and `cipher` are what the request used, so that
    old ones can be switched off with evidence. `attested` says that the device's hardware vouched for the key.
    """

    sha256: str
    serial_number: str
    subject: str
    session_id: str
    serial: str
    udid: str | None
    certificate: str
    issued_at: datetime
    not_after: datetime
    digest: str
    cipher: str
    attested: bool = False
    first_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_because: str = ""

    @property
    def identity(self) -> DeviceIdentity:
        """Return whom it stands for."""
        return DeviceIdentity(self.sha256, self.session_id, self.udid, self.serial, self.issued_at)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a device asks a certificate for: its public key (DER of SubjectPublicKeyInfo), and how the request was made.

    There is no name in it: what the certificate says comes from the session. `udid` is the one that the hardware attested.
    """

    public_key: bytes
    digest: str = ""
    cipher: str = ""
    acme: bool = False
    attested: bool = False
    udid: str | None = None
