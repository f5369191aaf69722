"""The push certificate: ask for it, upload it, renew it, remove it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from homeport.channels.apple.push.model import Credentials, Issued, PushSetup
from homeport.channels.apple.push.ports import PushStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.sealing.sealer import Sealer

KEY_CONTEXT, REQUEST_CONTEXT = "apple push key", "apple push request key"

MakeRequest = Callable[[], tuple[str, bytes]]
"""Makes a request (PEM) and its private key (PEM)."""
PublicOf = Callable[[bytes], bytes]
"""Returns the public half (DER) of a private key (PEM)."""


@dataclass(frozen=True, slots=True)
class PushCertificates:
    """The push certificate of one unit of work."""

    store: PushStore
    audit: Audit
    sealer: Sealer
    clock: Clock
    make_request: MakeRequest
    public_of: PublicOf

    def get(self, actor: Actor) -> PushSetup:
        """Return what is set up; empty while nothing is."""
        actor.require(Permission.APPLE_READ)
        return self.store.get()

    def enrolled(self, actor: Actor) -> int:
        """Return how many Macs are under management, and could not be woken without the certificate."""
        actor.require(Permission.APPLE_READ)
        return self.store.enrolled()

    def request(self, actor: Actor) -> str:
        """Return the request (PEM) that waits to be signed; makes it and its key when there is none."""
        actor.require(Permission.APPLE_WRITE)
        before = self.store.get(hold=True)
        if before.request:
            return before.request
        request, key = self.make_request()
        sealed = self.sealer.seal(key, REQUEST_CONTEXT)
        after = replace(before, request=request, request_key_sealed=sealed, requested_at=self.clock.now())
        self.store.save(after)
        self.audit.record(actor, "apple_push_request", resource=_resource(after))
        return request

    def upload(self, actor: Actor, issued: Issued, key: bytes | None = None) -> PushSetup:
        """Take a certificate, with its key (PEM) when it was not requested here; raise Invalid with a sentence when it does not fit.

        A certificate with another topic than the present one is refused: a Mac takes pushes of the topic of its enrolment profile only,
        so each would have to enrol again.
        """
        actor.require(Permission.APPLE_WRITE)
        actor.require_recent(self.clock.now())
        before = self.store.get(hold=True)
        if problem := self._problem(before, issued):
            raise Invalid(problem, {"certificate": problem})
        fitting, requested = self._key_of(before, issued, key)
        after = replace(
            before,
            certificate=issued.pem,
            key_sealed=self.sealer.seal(fitting, KEY_CONTEXT),
            topic=issued.topic,
            serial_number=issued.serial_number,
            issuer=issued.issuer,
            expires_at=issued.expires_at,
            uploaded_at=self.clock.now(),
        )
        if requested:
            after = replace(after, request="", request_key_sealed="", requested_at=None)
        self.store.save(after)
        ended = before.expires_at.isoformat() if before.expires_at else None
        changes = [
            Change("topic", before.topic or None, after.topic),
            Change("serial_number", before.serial_number or None, after.serial_number),
            Change("expires_at", ended, issued.expires_at.isoformat()),
        ]
        changed = [change for change in changes if change.before != change.after]
        self.audit.record(actor, "apple_push_certificate_upload", resource=_resource(after), changes=changed)
        return after

    def remove(self, actor: Actor) -> None:
        """Forget certificate, request and keys: no Mac is woken any more."""
        actor.require(Permission.APPLE_WRITE)
        actor.require_recent(self.clock.now())
        before = self.store.get(hold=True)
        if not before.certificate and not before.request:
            raise Conflict("There is no push certificate.", reason="no_push_certificate")
        self.store.save(PushSetup())
        details = {"enrolled": self.store.enrolled()}
        self.audit.record(actor, "apple_push_certificate_remove", resource=_resource(before), details=details)

    def credentials(self) -> Credentials | None:
        """Return what proves to Apple who pushes; None while there is no certificate, or when it is over."""
        # public: asked by the server itself, which pushes
        found = self.store.get()
        if not found.certificate or found.expires_at is None or found.expires_at <= self.clock.now():
            return None
        return Credentials(found.certificate, self.sealer.unseal(found.key_sealed, KEY_CONTEXT), found.topic)

    def topic(self) -> str:
        """Return the topic for enrolment profiles; empty while there is no certificate."""
        # public: it stands in every enrolment profile
        return self.store.get().topic

    def _problem(self, before: PushSetup, issued: Issued) -> str:
        now = self.clock.now()
        if issued.expires_at <= now:
            return (
                f"This certificate ended on {issued.expires_at:%Y-%m-%d}. Renew it at identity.apple.com and upload the new one."
            )
        if issued.starts_at > now:
            return f"This certificate is valid from {issued.starts_at:%Y-%m-%d %H:%M} UTC only. Check the clock of this server."
        if before.topic and issued.topic != before.topic:
            return (
                f"This certificate is for another topic, {issued.topic}, than the present one, {before.topic}. With it every enrolled "
                "Mac would have to enrol again. Renew the present certificate at identity.apple.com, signed in with the same Apple "
                "Account with which it was made; do not create a new one."
            )
        if before.expires_at is not None and issued.expires_at < before.expires_at:
            return (
                f"This certificate ends on {issued.expires_at:%Y-%m-%d}, before the present one, which ends on "
                f"{before.expires_at:%Y-%m-%d}. It is probably the file of an earlier year; choose the newest."
            )
        return ""

    def _key_of(self, before: PushSetup, issued: Issued, key: bytes | None) -> tuple[bytes, bool]:
        """Return the key that belongs to a certificate, and whether it is the one of the request."""
        if key is not None:
            if self.public_of(key) != issued.public_key:
                problem = "This key does not belong to the certificate. Upload the key from which its request was made."
                raise Invalid(problem, {"key": problem})
            return key, False
        kept = (
            (before.request_key_sealed, REQUEST_CONTEXT, True),
            (before.key_sealed, KEY_CONTEXT, False),  # Apple renews with the same request, too
        )
        for sealed, context, requested in kept:
            if sealed and self.public_of(found := self.sealer.unseal(sealed, context)) == issued.public_key:
                return found, requested
        problem = (
            "This certificate was not made from the request of this page. Upload its private key with it, or download the request "
            "here and have that signed."
        )
        raise Invalid(problem, {"key": problem})


def _resource(setup: PushSetup) -> Resource:
    return Resource("apple_push_certificate", setup.topic or "apple", setup.topic or "Apple push certificate")
