"""The MDM push certificate: who it lets Homeport wake, and until when."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

WARN_BEFORE = timedelta(days=30)
"""How long before its end people are told to renew the certificate."""
TOPIC_PREFIX = "com.apple.mgmt."
"""What the topic of every MDM push certificate begins with."""

GONE = frozenset({"Unregistered", "BadDeviceToken", "DeviceTokenNotForTopic", "ExpiredToken"})
"""What Apple says of a token that will never work again; the Mac brings a new one by itself."""


class CertificateState(StrEnum):
    """Whether Macs can be woken with it."""

    MISSING = "missing"
    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Issued:
    """What a certificate says: `topic` is the UID of its subject (OID 0.9.2342.19200300.100.1.1), `serial_number` in hex."""

    pem: str
    topic: str
    serial_number: str
    issuer: str
    starts_at: datetime
    expires_at: datetime
    public_key: bytes


@dataclass(frozen=True, slots=True)
class PushSetup:
    """The one push certificate, and the request that waits to be signed. Keys are sealed; `certificate` and `request` are PEM."""

    certificate: str = ""
    key_sealed: str = ""
    topic: str = ""
    serial_number: str = ""
    issuer: str = ""
    expires_at: datetime | None = None
    uploaded_at: datetime | None = None
    request: str = ""
    request_key_sealed: str = ""
    requested_at: datetime | None = None

    def state(self, now: datetime) -> CertificateState:
        """Return what the certificate is good for."""
        if self.expires_at is None:
            return CertificateState.MISSING
        if self.expires_at <= now:
            return CertificateState.EXPIRED
        return CertificateState.EXPIRING if self.expires_at - now <= WARN_BEFORE else CertificateState.VALID


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves to Apple who pushes: certificate and key in PEM, and the topic that every push names."""

    certificate: str
    key: bytes = field(repr=False)
    topic: str


class Fate(StrEnum):
    """What became of a push: taken, refused for good, refused for now, refused for another reason, or nobody answered sensibly."""

    TAKEN = "taken"
    GONE = "gone"
    LATER = "later"
    REFUSED = "refused"
    TROUBLE = "trouble"
    """It concerns all Macs: the service is down, far away, or does not take the certificate."""


@dataclass(frozen=True, slots=True)
class Due:
    """A Mac to be woken. `token` is in hex; `tries` counts the pushes since it last came."""

    device_id: str
    token: str = field(repr=False)
    magic: str = field(repr=False)
    topic: str
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Pushed:
    """What Apple said of one push; `pause` is how long it asks to wait."""

    due: Due
    fate: Fate
    reason: str = ""
    pause: timedelta = timedelta()
