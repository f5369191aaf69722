"""One attempt to sign in with a password, kept with its steps among the sign-ins."""

from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.recorder import Recorder
from homeport.trust.signin.model import LIFETIME, Purpose, SignIn, SignInEnded, State
from homeport.trust.signin.ports import SignInStore

_LONGEST_ADDRESS, _LONGEST_BROWSER, _LONGEST_NAME = 64, 300, 320


@dataclass(frozen=True, slots=True)
class PasswordAttempts:
    """Records attempts in one unit of work. Names are kept only when they can be no password typed into the wrong field."""

    store: SignInStore
    audit: Audit
    clock: Clock
    entropy: Entropy
    publisher: Publisher

    def begin(self, purpose: Purpose, origin: Origin, user: User | None, typed: str) -> tuple[SignIn, Recorder]:
        """Store an attempt that somebody just made; `typed` is the name they gave."""
        # public: whoever signs in has not signed in yet
        now = self.clock.now()
        sign_in = SignIn(
            id=self.entropy.new_id(),
            purpose=purpose,
            state=State.STARTED,
            started_at=now,
            expires_at=now + LIFETIME,
            user_id=user.id if user else None,
            address=origin.address[:_LONGEST_ADDRESS],
            user_agent=origin.user_agent[:_LONGEST_BROWSER],
            email=user.email if user else typed[:_LONGEST_NAME],
        )
        self.store.add(sign_in)
        recorder = Recorder(self.clock)
        recorder.ok("started", purpose=purpose.value, address=origin.address)
        return sign_in, recorder

    def resume(self, sign_in_id: str) -> tuple[SignIn | None, Recorder]:
        """Return an attempt that waits for more, to add steps to it."""
        # public: the challenge's token is the proof
        return self.store.get_for_update(sign_in_id), Recorder(self.clock)

    def waits(self, sign_in: SignIn, recorder: Recorder) -> None:
        """Keep the steps so far; the attempt goes on."""
        # public: called by the sign-in
        self.store.update(replace(sign_in, state=State.USER_MATCHED))
        self.store.add_steps(sign_in.id, recorder.steps)

    def refuse(self, sign_in: SignIn, reason: ReasonCode, recorder: Recorder, detail: str = "") -> SignIn:
        """End the attempt with a reason."""
        # public: called by the sign-in
        recorder.failed("refused", reason=reason.code, detail=detail)
        return self._end(replace(sign_in, state=State.REFUSED, reason=reason.code), recorder)

    def complete(self, sign_in: SignIn, recorder: Recorder) -> SignIn:
        """End the attempt well."""
        # public: called by the sign-in
        recorder.ok("completed")
        return self._end(replace(sign_in, state=State.COMPLETED), recorder)

    def _end(self, sign_in: SignIn, recorder: Recorder) -> SignIn:
        sign_in = replace(sign_in, ended_at=self.clock.now())
        self.store.update(sign_in)
        self.store.add_steps(sign_in.id, recorder.steps)
        origin = Origin(sign_in.address, sign_in.user_agent)
        self.audit.record(
            Actor(ActorKind.USER, sign_in.user_id or "", sign_in.email, origin=origin),
            "sign_in",
            resource=Resource("sign_in", sign_in.id, sign_in.email),
            success=sign_in.state is State.COMPLETED,
            reason=sign_in.reason,
            details={"purpose": sign_in.purpose.value, "user_id": sign_in.user_id or "", "subject": ""},
        )
        self.publisher.publish(SignInEnded(sign_in))
        return sign_in
