"""A session from the Mac's first request to its profile, and what follows the sign-in in between."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from homeport.channels.apple.ade.actions import Ade
from homeport.channels.apple.enrollment.model import KEPT_FOR, LIFETIME, Enrollment, EnrollmentState, Obstacle, account_name
from homeport.channels.apple.enrollment.ports import EnrollmentStore, Entitled
from homeport.channels.apple.machine_info.model import MachineInfo
from homeport.channels.apple.settings.model import AppleSettings
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Resource
from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.signin.model import SignIn

PROFILE_PATH = "/apple/enroll/profile"
MULTIPLE_FACTORS = "mfa"
"""The value of `amr` that says so (RFC 8176, section 2)."""
LONGEST, SHORT = 64, 32
"""Characters that are kept of what a Mac says of itself."""


@dataclass(frozen=True, slots=True)
class Enrollments:
    """The sessions of one unit of work."""

    store: EnrollmentStore
    ade: Ade
    settings: Callable[[], AppleSettings]
    topic: Callable[[], str]
    """The topic of the push certificate; empty while there is none."""
    entitled: Entitled
    groups_of: Callable[[str], frozenset[str]]
    audit: Audit
    clock: Clock
    entropy: Entropy

    def begin(self, machine: MachineInfo, origin: Origin) -> tuple[Enrollment, str] | None:
        """Return a new session and the cookie it is tied to; None when the Mac is not one that Apple assigned to us."""
        # public: nobody has signed in yet; the serial number alone gives nothing but the sign-in page
        if not self.ade.is_ours(machine.serial):
            resource = Resource("mac_enrollment", machine.serial, machine.serial)
            actor = system("apple", origin)
            self.audit.record(actor, "mac_enrollment_refuse", resource=resource, success=False, reason="not_assigned")
            return None
        now, cookie = self.clock.now(), self.entropy.token(32)
        begun = Enrollment(
            id=self.entropy.new_id(),
            cookie_hash=hash_token(cookie),
            serial=machine.serial,
            state=EnrollmentState.STARTED,
            created_at=now,
            expires_at=now + LIFETIME,
            udid=machine.udid[:LONGEST],
            product=machine.product[:LONGEST],
            os_version=machine.os_version[:SHORT],
            build=machine.version[:SHORT],
            language=machine.language[:SHORT],
            verified=machine.trusted,
        )
        self.store.add(begun)
        self.audit.record(system("apple", origin), "mac_enrollment_begin", resource=_resource(begun), details=_details(begun))
        return begun, cookie

    def of_cookie(self, cookie: str, *, hold: bool = False) -> Enrollment | None:
        """Return the session of a web view, unless its time is over."""
        # public: the cookie is the proof
        found = self.store.by_cookie(hash_token(cookie), hold=hold) if cookie else None
        return None if found is None or found.is_over(self.clock.now()) else found

    def obstacle(self, found: Enrollment) -> Obstacle | None:
        """Tell what stands against the profile; None when the person signed in, still may, and its secret was not used yet."""
        # public: the cookie was the proof
        if found.state not in {EnrollmentState.SIGNED_IN, EnrollmentState.ISSUED} or found.user_id is None:
            return Obstacle.NOT_SIGNED_IN
        obstacles = (
            (self.store.has_certificate(found.id), Obstacle.USED),
            (not self.ade.is_ours(found.serial), Obstacle.NOT_OURS),
            (not self.entitled.is_active(found.user_id), Obstacle.NOT_ACTIVE),
            (not self.entitled.may_have(found.user_id, found.serial), Obstacle.NOT_ENTITLED),
            (not self.entitled.has_room(found.user_id, found.serial), Obstacle.TOO_MANY),
            (not self.entitled.has_proof(found.serial, second_factor=found.second_factor), Obstacle.NO_SECOND_FACTOR),
            (not self.topic(), Obstacle.NO_TOPIC),
        )
        return next((one for stands, one in obstacles if stands), None)

    def turned_away(self, found: Enrollment, obstacle: Obstacle, origin: Origin) -> None:
        """Record that a session got no profile."""
        # public: the cookie was the proof
        self.audit.record(
            system("apple", origin),
            "mac_enrollment_refuse",
            resource=_resource(found),
            success=False,
            reason=obstacle.value,
            details=_details(found),
        )

    def issued(self, found: Enrollment, origin: Origin) -> Enrollment:
        """Note that the profile was handed out."""
        # public: the cookie was the proof
        after = replace(
            found,
            state=EnrollmentState.ISSUED,
            downloads=found.downloads + 1,
            issued_at=found.issued_at or self.clock.now(),
        )
        self.store.save(after)
        self.audit.record(system("apple", origin), "mac_enrollment_profile", resource=_resource(after), details=_details(after))
        return after

    def forget(self) -> int:
        """Forget sessions that earned nothing; return how many."""
        # public: the server's own upkeep
        return self.store.remove_before(self.clock.now() - KEPT_FOR)

    # What follows the sign-in with the provider

    def admit(self, sign_in: SignIn, user: User) -> ReasonCode | None:
        """Tell why this person may not enrol the Mac, or None."""
        # public: asked by the sign-in
        found = self.store.get(sign_in.continuation_id, hold=True)
        if found is None or found.is_over(self.clock.now()):
            return ReasonCode.SIGNIN_EXPIRED
        if found.state is not EnrollmentState.STARTED:
            return ReasonCode.SIGNIN_ALREADY_USED
        if not self.ade.is_ours(found.serial):
            return ReasonCode.DEVICE_GONE
        return None if self.entitled.may_have(user.id, found.serial) else ReasonCode.DEVICE_NOT_ASSIGNED

    def complete(self, sign_in: SignIn, user: User) -> ReasonCode | None:
        """Keep whose Mac it is and which account is intended; the identity is issuer and subject, never the address."""
        # public: called by the sign-in
        found = self.store.get(sign_in.continuation_id, hold=True)
        if found is None or found.state is not EnrollmentState.STARTED:
            return ReasonCode.SIGNIN_ALREADY_USED
        settings = self.settings()
        after = replace(
            found,
            state=EnrollmentState.SIGNED_IN,
            second_factor=MULTIPLE_FACTORS in sign_in.methods.split(),
            sign_in_id=sign_in.id,
            user_id=user.id,
            provider_id=sign_in.provider_id,
            issuer=sign_in.issuer,
            subject=sign_in.subject,
            username=account_name(user.username, settings.managed_admin_name),
            full_name=(f"{user.firstname} {user.lastname}".strip() or user.username)[:255],
            admin=settings.makes_admin(self.groups_of(user.id)),
            reason="",
        )
        self.store.save(after)
        actor = system("apple", Origin(sign_in.address, sign_in.user_agent))
        self.audit.record(actor, "mac_enrollment_sign_in", resource=_resource(after), details=_details(after))
        return None

    def refused(self, sign_in: SignIn, reason: ReasonCode) -> None:
        """Keep why the sign-in was refused; the person may try again while the session lives."""
        # public: called by the sign-in
        found = self.store.get(sign_in.continuation_id, hold=True)
        if found is not None and found.state is EnrollmentState.STARTED:
            self.store.save(replace(found, reason=reason.code))

    def location(self, _sign_in: SignIn) -> str:
        """Return where the web view gets its profile."""
        # public: only an address
        return PROFILE_PATH


def _resource(found: Enrollment) -> Resource:
    return Resource("mac_enrollment", found.id, found.serial)


def _details(found: Enrollment) -> dict[str, JSON]:
    return {"serial": found.serial, "user_id": found.user_id or "", "username": found.username, "sign_in": found.sign_in_id}
