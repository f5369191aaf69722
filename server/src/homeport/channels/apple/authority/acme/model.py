"""Accounts, orders, and what goes wrong with them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from homeport.foundation.kernel.errors import Invalid

PATH = "/mdm/acme"
LIMIT = 64 * 1024
"""How many bytes a request may have; one with an attestation has about 6 KiB."""
NONCE_LIFE = timedelta(hours=1)
ORDER_LIFE = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)
"""How long an order that is over, and the account of a Mac, can still be asked for."""
IDENTIFIER = "permanent-identifier"
"""The only kind of identifier (draft-ietf-acme-device-attest, section 3); its value is the one-use secret of the profile."""
CHALLENGE = "device-attest-01"
JSON = "application/json"


class ProblemKind(StrEnum):
    """What went wrong, as RFC 8555 (section 6.7) and the draft (section 5) name it."""

    ACCOUNT_DOES_NOT_EXIST = "accountDoesNotExist"
    BAD_ATTESTATION = "badAttestationStatement"
    BAD_CSR = "badCSR"
    BAD_NONCE = "badNonce"
    BAD_PUBLIC_KEY = "badPublicKey"
    BAD_SIGNATURE_ALGORITHM = "badSignatureAlgorithm"
    MALFORMED = "malformed"
    ORDER_NOT_READY = "orderNotReady"
    REJECTED_IDENTIFIER = "rejectedIdentifier"
    UNAUTHORIZED = "unauthorized"
    UNSUPPORTED_IDENTIFIER = "unsupportedIdentifier"


STATUS = {ProblemKind.ACCOUNT_DOES_NOT_EXIST: 400, ProblemKind.ORDER_NOT_READY: 403, ProblemKind.UNAUTHORIZED: 403}
"""HTTP's number for a problem that is not plainly 400. Never 401: a Mac may take that as the end of its management."""


class Problem(Invalid):
    """A request that is not carried out. `detail` holds nothing of what the Mac sent."""

    def __init__(self, kind: ProblemKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind

    @property
    def status(self) -> int:
        """Return HTTP's number."""
        return STATUS.get(self.kind, 400)

    def document(self) -> dict[str, Any]:
        """Return it as RFC 9457 writes problems."""
        return {"type": f"urn:ietf:params:acme:error:{self.kind.value}", "detail": self.detail, "status": self.status}


class OrderState(StrEnum):
    """How far an order is (RFC 8555, section 7.1.6). Its one authorization and its one challenge follow from it."""

    PENDING = "pending"
    READY = "ready"
    VALID = "valid"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Account:
    """A key that signs requests. A Mac makes a new one for each enrolment."""

    id: str
    thumbprint: str
    jwk: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """One certificate that is asked for. `token` is the challenge's (section 8.1).

    `word_hash` names the profile's secret; itself it is kept sealed, since documents about the order repeat it.

    `public_key` is the SHA-256 of the attested key (DER of SubjectPublicKeyInfo), `udid` the attested one; both are empty without an
    attestation. `problem` and `detail` say why it is invalid.
    """

    id: str
    account_id: str
    word_hash: str
    word_sealed: str
    token: str
    expires_at: datetime
    state: OrderState = OrderState.PENDING
    attested: bool = False
    public_key: str = ""
    udid: str = ""
    certificate_sha256: str = ""
    problem: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is a document, or text such as a chain of certificates."""

    status: int
    body: dict[str, Any] | str
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = JSON
