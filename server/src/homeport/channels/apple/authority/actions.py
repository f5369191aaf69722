"""What the authority does: make challenges, issue once for each, recognize, renew, revoke."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from homeport.channels.apple.authority import certificates
from homeport.channels.apple.authority.model import (
    CHALLENGE_LIFE,
    RENEW_AFTER,
    Asked,
    AuthorityKey,
    Challenge,
    DeviceCertificate,
    DeviceIdentity,
    UnknownDevice,
    Way,
)
from homeport.channels.apple.authority.ports import AuthorityStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.foundation.kernel.actor import Actor, Origin, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.sealing.sealer import Sealer

CHANNEL = system("apple")
SEALED_AS = "apple device authority"
SUPERSEDED = "superseded"
"""A newer certificate of the same session was used."""
MOST_DUE = 1000


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority for devices, over one unit of work."""

    store: AuthorityStore
    sealer: Sealer
    audit: Audit
    clock: Clock
    entropy: Entropy
    organization: str

    def certificate(self) -> x509.Certificate:
        """Return the authority's certificate; made with its key when first asked for."""
        # public: every device gets it
        return certificates.from_text(self._own().certificate)

    def key(self) -> rsa.RSAPrivateKey:
        """Return the authority's key, to open what devices encrypted to it and to sign answers."""
        # public: SCEP's edge opens and signs with it
        sealed = self._own().key_sealed
        # Proving anew that its primes are prime takes a tenth of a second; whoever could seal another key here has the sealing key.
        key = load_der_private_key(self.sealer.unseal(sealed, SEALED_AS), None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def challenge(self, session_id: str, serial: str, udid: str | None = None, way: Way = Way.SCEP) -> str:
        """Return the word that earns one certificate for a session, within 15 minutes and in one way; only its hash is kept.

        With `udid` the certificate is bound to the device from the beginning, as in a renewal.
        """
        # public: the session was allowed elsewhere
        word = self.entropy.token(32)
        expires_at = self.clock.now() + CHALLENGE_LIFE
        self.store.add_challenge(Challenge(hash_token(word), session_id, serial, udid, expires_at, way=way))
        return word

    def issue(self, word: str, asked: Asked) -> x509.Certificate | None:
        """Return the certificate that a challenge earns, using the challenge up in the same unit of work; None when it earns none.

        A device that repeats its request, because the answer was lost, gets the same certificate again: the key must be the same.
        """
        # public: the challenge is the proof
        return self.earn(hash_token(word), asked)

    def promised(self, word: str) -> Challenge | None:
        """Return what a word promises over ACME; None when it was used, is over, or is for SCEP."""
        # public: the word is the proof
        return self.promised_by(hash_token(word))

    def promised_by(self, word_hash: str) -> Challenge | None:
        """Return the same by the hash of the word, which an order keeps."""
        # public: the order was made with the word
        found = self.store.challenge(word_hash)
        alive = found is not None and found.used_at is None and found.expires_at > self.clock.now()
        return found if alive and found is not None and found.way is not Way.SCEP else None

    def earn(self, word_hash: str, asked: Asked) -> x509.Certificate | None:
        """Return the same as `issue` by the hash of the word."""
        # public: the caller saw the word
        now, found = self.clock.now(), self.store.challenge(word_hash)
        if found is None or found.expires_at <= now or not found.is_met_by(asked):
            return None
        if not asked.attested and any(one.attested and one.revoked_at is None for one in self.store.of_session(found.session_id)):
            return None  # what the hardware vouched for does not fade to a claim
        if found.used_at is None:
            made = self._made(found, asked)
            if self.store.use_challenge(found.word_hash, now, certificates.fingerprint(made)):
                self._keep(made, found, asked, "apple_certificate_issued")
                return made
            found = self.store.challenge(found.word_hash)  # somebody else was faster
        return self._again(found, asked)

    def renew(self, identity: DeviceIdentity, asked: Asked) -> x509.Certificate:
        """Return a new certificate for a device that asked with its present one, which stays good until the new one is used."""
        # public: the caller identified the device by its certificate
        present = self.store.get(identity.certificate_sha256)
        if present is not None and present.attested and not asked.attested:
            raise UnknownDevice("The hardware of this Mac vouched for its key; a renewal has to come by ACME too.")
        held = Challenge("", identity.session_id, identity.serial, identity.udid, self.clock.now())
        made = self._made(held, asked)
        self._keep(made, held, asked, "apple_certificate_renewed")
        return made

    def recognize(self, certificate: x509.Certificate) -> DeviceIdentity:
        """Return whose certificate it is, now; raise UnknownDevice when it is not ours, is over, or was revoked.

        The first use of a renewed certificate revokes the earlier ones of its session, also one that was issued at the same moment.
        """
        # public: this is how a device proves itself
        now, sha256 = self.clock.now(), certificates.fingerprint(certificate)
        found = self.store.get(sha256)
        if found is None:
            raise UnknownDevice("The certificate is not one that this server issued. Enrol the Mac again.")
        try:
            certificate.verify_directly_issued_by(self.certificate())
        except (ValueError, TypeError, InvalidSignature) as error:
            raise UnknownDevice("The certificate was not signed by this server's authority. Enrol the Mac again.") from error
        if found.revoked_at is not None:
            raise UnknownDevice("The certificate was revoked. Enrol the Mac again.")
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise UnknownDevice("The certificate is not good at this time. Check the server's clock, or enrol the Mac again.")
        if found.first_used_at is None and self.store.mark_used(sha256, now):
            for earlier in self.store.of_session(found.session_id):
                if earlier.sha256 != sha256 and earlier.issued_at <= found.issued_at:
                    self._revoke(CHANNEL, earlier, SUPERSEDED)
        return found.identity

    def bind(self, identity: DeviceIdentity, udid: str) -> DeviceIdentity:
        """Bind the certificate to the device's UDID, as its first check-in names it; raise UnknownDevice when it has another."""
        # public: the caller identified the device by its certificate
        if not udid or not self.store.bind(identity.certificate_sha256, udid):
            raise UnknownDevice("The certificate belongs to another Mac than the one that sent the message.")
        return replace(identity, udid=udid)

    def note_refusal(self, sentence: str, origin: Origin) -> None:
        """Record that a request for a certificate was refused, and why."""
        # public: the server's own record
        actor = replace(CHANNEL, origin=origin)
        self.audit.record(
            actor,
            "apple_certificate_refused",
            resource=Resource("apple_certificate", "", ""),
            success=False,
            reason="request_refused",
            details={"because": sentence},
        )

    def revoke_session(self, actor: Actor, session_id: str, because: str) -> int:
        """Revoke every certificate of a session, and return how many; `because` is a short code for the audit log."""
        # public: the caller decided about the device; an administrator needs a permission there
        return sum(self._revoke(actor, one, because) for one in self.store.of_session(session_id))

    def due_for_renewal(self, limit: int = MOST_DUE) -> Sequence[DeviceCertificate]:
        """Return the certificates in use that are older than two thirds of their life, the oldest first."""
        # public: the server's own upkeep
        now = self.clock.now()
        return self.store.due(now - RENEW_AFTER, now, limit)

    def forget_challenges(self) -> int:
        """Forget challenges whose time is over."""
        # public: the server's own upkeep
        return self.store.remove_challenges(self.clock.now())

    def _own(self) -> AuthorityKey:
        found = self.store.key()
        if found is None:
            self._create()
            found = self.store.key()
        assert found is not None
        return found

    def _create(self) -> None:
        key, now = rsa.generate_private_key(65537, certificates.AUTHORITY_BITS), self.clock.now()
        made = certificates.authority(key, self.organization, now)
        plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self.store.add_key(AuthorityKey(certificates.as_text(made), self.sealer.seal(plain, SEALED_AS), now))

    def _made(self, found: Challenge, asked: Asked) -> x509.Certificate:
        return certificates.device(asked.public_key, found, self.certificate(), self.key(), self.clock.now())

    def _keep(self, made: x509.Certificate, found: Challenge, asked: Asked, event: str) -> None:
        kept = DeviceCertificate(
            sha256=certificates.fingerprint(made),
            serial_number=f"{made.serial_number:x}",
            subject=made.subject.rfc4514_string(),
            session_id=found.session_id,
            serial=found.serial,
            udid=asked.udid or found.udid,
            certificate=certificates.as_text(made),
            issued_at=self.clock.now(),
            not_after=made.not_valid_after_utc,
            digest=asked.digest,
            cipher=asked.cipher,
            attested=asked.attested,
        )
        self.store.add(kept)
        self._record(CHANNEL, event, kept, {"digest": asked.digest, "cipher": asked.cipher, "attested": asked.attested})

    def _again(self, found: Challenge | None, asked: Asked) -> x509.Certificate | None:
        stored = self.store.get(found.certificate_sha256) if found and found.certificate_sha256 else None
        if stored is None or stored.revoked_at is not None:
            return None
        certificate = certificates.from_text(stored.certificate)
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return certificate if spki == asked.public_key else None

    def _revoke(self, actor: Actor, certificate: DeviceCertificate, because: str) -> bool:
        if not self.store.revoke(certificate.sha256, self.clock.now(), because):
            return False
        self._record(actor, "apple_certificate_revoked", certificate, {"because": because})
        return True

    def _record(self, actor: Actor, event: str, certificate: DeviceCertificate, details: dict[str, str | bool]) -> None:
        self.audit.record(
            actor,
            event,
            resource=Resource("apple_certificate", certificate.sha256, certificate.serial),
            details={"session_id": certificate.session_id, "serial_number": certificate.serial_number, **details},
        )
