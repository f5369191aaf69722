"""What the authority's actions need from storage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeport.channels.apple.authority.model import AuthorityKey, Challenge, DeviceCertificate


class AuthorityStore(Protocol):
    """The authority's key, challenges and certificates."""

    def key(self) -> AuthorityKey | None:
        """Return the authority's certificate and key."""
        ...

    def add_key(self, key: AuthorityKey) -> None:
        """Store the authority's key, unless another process did so at the same moment."""
        ...

    def add_challenge(self, challenge: Challenge) -> None:
        """Store a new challenge."""
        ...

    def challenge(self, word_hash: str) -> Challenge | None:
        """Return a challenge."""
        ...

    def use_challenge(self, word_hash: str, now: datetime, certificate_sha256: str) -> bool:
        """Use a challenge up; False when it was used, is over, or is not known. Of many at once one gets True."""
        ...

    def remove_challenges(self, before: datetime) -> int:
        """Forget the challenges that ended before a moment; return how many."""
        ...

    def add(self, certificate: DeviceCertificate) -> None:
        """Store a new certificate."""
        ...

    def get(self, sha256: str) -> DeviceCertificate | None:
        """Return a certificate."""
        ...

    def of_session(self, session_id: str) -> Sequence[DeviceCertificate]:
        """Return the certificates of a session, the oldest first."""
        ...

    def mark_used(self, sha256: str, now: datetime) -> bool:
        """Note the first use of a certificate; False when it was used before."""
        ...

    def bind(self, sha256: str, udid: str) -> bool:
        """Bind a certificate to a UDID; False when it is bound to another one."""
        ...

    def revoke(self, sha256: str, now: datetime, because: str) -> bool:
        """Revoke a certificate; False when it was revoked before or is not known."""
        ...

    def due(self, issued_before: datetime, now: datetime, limit: int) -> Sequence[DeviceCertificate]:
        """Return the certificates in use, and still good, that were issued before a moment, the oldest first."""
        ...
