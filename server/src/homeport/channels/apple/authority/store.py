"""The authority's port in SQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from homeport.channels.apple.authority.model import AuthorityKey, Challenge, DeviceCertificate, Way
from homeport.channels.apple.authority.tables import apple_authority, apple_certificates, apple_challenges


@dataclass(frozen=True, slots=True)
class SqlAuthorityStore:
    """The authority's key, challenges and certificates in SQL."""

    connection: Connection

    def key(self) -> AuthorityKey | None:
        """Return the authority's certificate and key."""
        table = apple_authority.c
        row = self.connection.execute(select(table.certificate, table.key_sealed, table.created_at)).mappings().one_or_none()
        return AuthorityKey(**row) if row else None

    def add_key(self, key: AuthorityKey) -> None:
        """Store the authority's key, unless another process did so at the same moment."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(apple_authority).values(only=1, **asdict(key)))
        except IntegrityError:
            return  # the other process's key stays

    def add_challenge(self, challenge: Challenge) -> None:
        """Store a new challenge."""
        self.connection.execute(insert(apple_challenges).values(**asdict(challenge)))

    def challenge(self, word_hash: str) -> Challenge | None:
        """Return a challenge."""
        row = (
            self.connection.execute(select(apple_challenges).where(apple_challenges.c.word_hash == word_hash))
            .mappings()
            .one_or_none()
        )
        return Challenge(**{**row, "way": Way(row["way"])}) if row else None

    def use_challenge(self, word_hash: str, now: datetime, certificate_sha256: str) -> bool:
        """Use a challenge up; False when it was used, is over, or is not known. Of many at once one gets True."""
        table = apple_challenges
        used = self.connection.execute(
            update(table)
            .where(table.c.word_hash == word_hash, table.c.used_at.is_(None), table.c.expires_at > now)
            .values(used_at=now, certificate_sha256=certificate_sha256)
        )
        return used.rowcount == 1

    def remove_challenges(self, before: datetime) -> int:
        """Forget the challenges that ended before a moment; return how many."""
        return self.connection.execute(delete(apple_challenges).where(apple_challenges.c.expires_at < before)).rowcount

    def add(self, certificate: DeviceCertificate) -> None:
        """Store a new certificate."""
        self.connection.execute(insert(apple_certificates).values(**asdict(certificate)))

    def get(self, sha256: str) -> DeviceCertificate | None:
        """Return a certificate."""
        row = (
            self.connection.execute(select(apple_certificates).where(apple_certificates.c.sha256 == sha256))
            .mappings()
            .one_or_none()
        )
        return DeviceCertificate(**row) if row else None

    def of_session(self, session_id: str) -> Sequence[DeviceCertificate]:
        """Return the certificates of a session, the oldest first."""
        table = apple_certificates.c
        query = select(apple_certificates).where(table.session_id == session_id).order_by(table.issued_at, table.sha256)
        return [DeviceCertificate(**row) for row in self.connection.execute(query).mappings()]

    def attested(self, sha256s: Collection[str]) -> frozenset[str]:
        """Return those of these certificates for whose key hardware vouched and that are not revoked."""
        table = apple_certificates.c
        good = table.sha256.in_(list(sha256s)) & table.attested.is_(True) & table.revoked_at.is_(None)
        return frozenset(self.connection.execute(select(table.sha256).where(good)).scalars())

    def mark_used(self, sha256: str, now: datetime) -> bool:
        """Note the first use of a certificate; False when it was used before."""
        table = apple_certificates
        marked = self.connection.execute(
            update(table).where(table.c.sha256 == sha256, table.c.first_used_at.is_(None)).values(first_used_at=now)
        )
        return marked.rowcount == 1

    def bind(self, sha256: str, udid: str) -> bool:
        """Bind a certificate to a UDID; False when it is bound to another one."""
        table = apple_certificates
        bound = self.connection.execute(
            update(table).where(table.c.sha256 == sha256, or_(table.c.udid.is_(None), table.c.udid == udid)).values(udid=udid)
        )
        return bound.rowcount == 1

    def revoke(self, sha256: str, now: datetime, because: str) -> bool:
        """Revoke a certificate; False when it was revoked before or is not known."""
        table = apple_certificates
        revoked = self.connection.execute(
            update(table)
            .where(table.c.sha256 == sha256, table.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_because=because)
        )
        return revoked.rowcount == 1

    def due(self, issued_before: datetime, now: datetime, limit: int) -> Sequence[DeviceCertificate]:
        """Return the certificates in use that were issued before a moment, the oldest first."""
        table = apple_certificates.c
        query = (
            select(apple_certificates)
            .where(
                table.revoked_at.is_(None),
                table.first_used_at.is_not(None),
                table.issued_at <= issued_before,
                table.not_after > now,
            )
            .order_by(table.issued_at)
            .limit(limit)
        )
        return [DeviceCertificate(**row) for row in self.connection.execute(query).mappings()]
