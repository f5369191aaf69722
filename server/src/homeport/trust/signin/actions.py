"""The sign-in state machine: start, return, outcome. It does no I/O; the callback edge fetches what it says."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.people.actions import People
from homeport.directory.people.model import User, UserState
from homeport.foundation.kernel.actor import Actor, Origin, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Listing, Page, Window
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.foundation.sealing.sealer import Sealer
from homeport.trust.federation import relying_party
from homeport.trust.federation.actions import Federation
from homeport.trust.federation.model import Client, IdentityProvider, Metadata, Refusal, redirect_uri
from homeport.trust.federation.recorder import Recorder
from homeport.trust.federation.relying_party import Code, Grant
from homeport.trust.federation.verifier import VerifiedIdentity
from homeport.trust.signin.model import (
    LIFETIME,
    MAX_AGE,
    DayOfSignIns,
    FollowUp,
    Listed,
    Purpose,
    RecordedStep,
    Refusals,
    SignIn,
    SignInEnded,
    State,
)
from homeport.trust.signin.ports import Continuation, SignInStore

SIGNIN = system("signin")
UNKNOWN_LIFETIME = LIFETIME
ADDRESS_LENGTH, TEXT_LENGTH = 64, 300


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser."""

    sign_in: SignIn
    location: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A return that may be exchanged: everything the exchange needs, read in the unit of work that used up the `state`."""

    sign_in: SignIn
    grant: Grant
    client: Client
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class SignIns:
    """The sign-ins of one unit of work."""

    store: SignInStore
    federation: Federation
    people: People
    audit: Audit
    continuations: Mapping[Purpose, Continuation]
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    public_url: str

    def start(
        self, purpose: Purpose, continuation_id: str, browser: str, origin: Origin, *, device_id: str | None = None
    ) -> Started | SignIn:
        """Begin a sign-in at the active provider for the browser with this cookie; a refused sign-in when there is no provider."""
        # public: whoever signs in has not signed in yet
        sign_in, recorder = self._begun(purpose, continuation_id, browser, origin, device_id)
        provider = self.federation.active_provider()
        if provider is None or provider.metadata is None:
            self.store.add(sign_in)
            return self._refuse(sign_in, Refusal(ReasonCode.PROVIDER_MISSING, "No identity provider is active."), recorder)
        if not self.federation.is_reachable(provider):
            self.store.add(sign_in)
            detail = provider.metadata_error or "Its metadata was last fetched more than 24 hours ago."
            return self._refuse(sign_in, Refusal(ReasonCode.PROVIDER_UNREACHABLE, detail), recorder)
        return self._sent(sign_in, provider, provider.metadata, recorder)

    def _sent(self, sign_in: SignIn, provider: IdentityProvider, metadata: Metadata, recorder: Recorder) -> Started:
        request = relying_party.begin(
            metadata, provider.client_id, redirect_uri(self.public_url, provider.id), self.entropy, max_age=MAX_AGE
        )
        recorder.ok("sent to the provider", provider=provider.name, endpoint=metadata.authorization_endpoint)
        sign_in = replace(
            sign_in,
            state=State.AT_PROVIDER,
            provider_id=provider.id,
            state_hash=hash_token(request.state),
            nonce=request.nonce,
            verifier_sealed=self.sealer.seal(request.code_verifier.encode(), f"verifier {sign_in.id}"),
        )
        self.store.add(sign_in)
        self.store.add_steps(sign_in.id, recorder.steps)
        return Started(sign_in, request.url)

    def start_test(self, actor: Actor, provider_id: str, browser: str, origin: Origin) -> Started | SignIn:
        """Begin a connection test: a sign-in that shows how it would end, and from which nothing follows. Raises NotFound."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        provider, mark = self.federation.under_test(provider_id)
        sign_in, recorder = self._begun(Purpose.CONNECTION_TEST, mark, browser, origin)
        recorder.note("tested by an administrator", administrator=actor.name, configuration=mark)
        sign_in = replace(sign_in, provider_id=provider.id)
        if provider.metadata is None:
            self.store.add(sign_in)
            return self._refuse(sign_in, Refusal(ReasonCode.PROVIDER_UNREACHABLE, "Its metadata was never fetched."), recorder)
        return self._sent(sign_in, provider, provider.metadata, recorder)

    def turn_away(
        self,
        purpose: Purpose,
        continuation_id: str,
        reason: ReasonCode,
        browser: str,
        origin: Origin,
        *,
        device_id: str | None = None,
    ) -> SignIn:
        """Record an attempt that ends before the provider is asked, so that person and administrator share an id.

        An empty `continuation_id` leaves what the attempt was for open.
        """
        # public: whoever is turned away has not signed in
        sign_in, recorder = self._begun(purpose, continuation_id, browser, origin, device_id)
        self.store.add(sign_in)
        return self._refuse(sign_in, Refusal(reason, "Turned away before the provider was asked."), recorder)

    def receive(self, provider_id: str, parameters: Sequence[tuple[str, str]], browser: str, origin: Origin) -> Returned | SignIn:
        """Judge the return to a provider's redirect URI and use up its `state`; a refused sign-in when it does not hold.

        A return that does not prove that it belongs to an open sign-in of this browser leaves that sign-in alone and is recorded
        as an attempt of its own, so that nobody can end another person's sign-in.
        """
        # public: the redirect is judged here
        recorder = Recorder(self.clock)
        state = relying_party.callback_state(parameters)
        if isinstance(state, Refusal):
            return self._stray(state, provider_id, origin, recorder)
        sign_in = self.store.find_by_state(hash_token(state))
        if sign_in is None:
            return self._stray(Refusal(ReasonCode.STATE_UNKNOWN, "No sign-in has this `state`."), provider_id, origin, recorder)
        if refusal := self._why_not_this(sign_in, provider_id, browser):
            return self._stray(refusal, provider_id, origin, recorder, of=sign_in)
        recorder.ok("came back", address=origin.address)
        sign_in = replace(sign_in, state=State.CODE_RECEIVED)
        self.store.update(sign_in)
        if sign_in.is_over(self.clock.now()):
            return self._refuse(sign_in, Refusal(ReasonCode.SIGNIN_EXPIRED, "The ten minutes were over."), recorder)
        provider = self._provider_of(sign_in)
        if provider is None or provider.metadata is None:
            return self._refuse(sign_in, Refusal(ReasonCode.PROVIDER_GONE, "The provider was removed."), recorder)
        code = relying_party.judge_callback(parameters, provider.metadata, recorder)
        if isinstance(code, Refusal):
            return self._refuse(sign_in, code, recorder)
        self.store.add_steps(sign_in.id, recorder.steps)
        grant = self._grant(sign_in, code, provider.id)
        return Returned(sign_in, grant, self.federation.client(provider), provider.metadata)

    def conclude(self, sign_in_id: str, outcome: VerifiedIdentity | Refusal, recorder: Recorder) -> SignIn:
        """Decide whose identity it is and whether they may; complete or refuse, at most once."""
        # public: called by the callback that used up the `state`
        sign_in = self.store.get_for_update(sign_in_id)
        if sign_in is None or sign_in.state is not State.CODE_RECEIVED:
            # Deleting the provider, or expiry, ended it while the provider was asked.
            assert sign_in is not None
            self.store.add_steps(sign_in.id, recorder.steps)
            return sign_in
        self._note_secrets(sign_in, recorder)
        if isinstance(outcome, Refusal):
            return self._refuse(sign_in, outcome, recorder)
        sign_in = replace(sign_in, state=State.IDENTITY_VERIFIED, issuer=outcome.issuer, subject=outcome.subject)
        sign_in = replace(sign_in, email=(outcome.email or "")[:320], methods=" ".join(outcome.methods))
        provider = self._provider_of(sign_in)
        if provider is None:
            return self._refuse(sign_in, Refusal(ReasonCode.PROVIDER_GONE, "The provider was removed."), recorder)
        matched = self.federation.match(outcome, provider, sign_in.started_at, recorder)
        if isinstance(matched, Refusal):
            return self._refuse(sign_in, matched, recorder)
        user = self.people.get_for_update(SIGNIN, matched.user_id)
        if user.state is not UserState.ACTIVATED:  # suspended since it was matched; the lock decides
            return self._refuse(sign_in, Refusal(ReasonCode.USER_SUSPENDED, f"The user is {user.state.value}."), recorder)
        sign_in = replace(sign_in, state=State.USER_MATCHED, user_id=user.id)
        if sign_in.purpose is Purpose.CONNECTION_TEST:  # before anybody is admitted or linked
            recorder.note("test over", detail="Nothing follows from a connection test: no link was made and nobody was admitted.")
            return self._completed(sign_in, user.username, recorder)
        continuation = self.continuations[sign_in.purpose]
        if reason := continuation.admit(sign_in, user):
            return self._refuse(sign_in, Refusal(reason), recorder)
        recorder.ok("admitted", user=user.username)
        sign_in = replace(sign_in, state=State.ADMITTED)
        if refusal := self.federation.accept(matched, provider, recorder):
            return self._refuse(sign_in, refusal, recorder)
        if reason := continuation.complete(sign_in, user):
            return self._refuse(sign_in, Refusal(reason), recorder)
        recorder.ok("completed")
        return self._completed(sign_in, user.username, recorder)

    def person_of(self, actor: Actor, sign_in: SignIn) -> User | None:
        """Return the user whom a sign-in matched, if they still exist and the actor may see users."""
        actor.require(Permission.SIGNINS_READ)
        if sign_in.user_id is None or not actor.may(Permission.USERS_READ):
            return None
        try:
            return self.people.get(actor, sign_in.user_id)
        except NotFound:
            return None

    def follow_up(self, event: FollowUp) -> None:
        """Add what happened later, at the machine, to the timeline of a sign-in that may be forgotten by now."""
        # public: the device has proved itself by its key
        if self.store.get_for_update(event.sign_in_id) is None:
            return
        recorder = Recorder(self.clock)
        if event.reason:
            recorder.failed(event.name, reason=event.reason, detail=event.detail)
        else:
            recorder.ok(event.name, detail=event.detail)
        self.store.add_steps(event.sign_in_id, recorder.steps)

    def belongs_to(self, sign_in_id: str, browser: str) -> SignIn | None:
        """Return a sign-in if the browser with this cookie began it."""
        # public: the cookie is the proof
        sign_in = self.store.get(sign_in_id)
        return sign_in if sign_in and browser and hmac.compare_digest(sign_in.browser_hash, hash_token(browser)) else None

    def location(self, sign_in: SignIn) -> str:
        """Return the page that follows a completed sign-in."""
        # public: only an address
        return self.continuations[sign_in.purpose].location(sign_in)

    def end_open_of_provider(self, provider_id: str) -> int:
        """Refuse every open sign-in at a provider that is being deleted; return how many."""
        # public: called when the provider's deletion was allowed
        ended = self.store.open_of_provider(provider_id)
        for sign_in in ended:
            self._refuse(sign_in, Refusal(ReasonCode.PROVIDER_GONE, "The provider was deleted."), Recorder(self.clock))
        return len(ended)

    def expire(self) -> int:
        """End open sign-ins whose ten minutes are over; return how many."""
        # public: the server's own upkeep
        late = self.store.open_before(self.clock.now())
        for sign_in in late:
            self.store.update(replace(sign_in, state=State.EXPIRED, ended_at=self.clock.now(), verifier_sealed="", nonce=""))
        return len(late)

    def list(self, actor: Actor, listing: Listing) -> Page[SignIn]:
        """Return a page of sign-ins, newest first."""
        actor.require(Permission.SIGNINS_READ)
        return self.store.list(listing)

    def window(
        self, actor: Actor, listing: Listing, cursor: str = "", *, newer: bool = False, resumed: bool = False
    ) -> Window[Listed]:
        """Return a window of sign-ins with names, newest first, before or after the sign-in with the id `cursor`.

        When that one is gone: the newest, or, with `resumed`, none.
        """
        actor.require(Permission.SIGNINS_READ)
        return self.store.window(listing, cursor, newer=newer, resumed=resumed)

    def refusals(self, actor: Actor, provider_id: str = "") -> Sequence[Refusals]:
        """Return how often each reason refused lately, the most frequent first; at one provider, or anywhere."""
        actor.require(Permission.SIGNINS_READ)
        return self.store.refusals(provider_id, self.clock.now())

    def days(self, actor: Actor, count: int) -> Sequence[DayOfSignIns]:
        """Return the last so many days (UTC), oldest first and none left out, with how many sign-ins began and how they ended."""
        actor.require(Permission.SIGNINS_READ)
        days = [self.clock.now().date() - timedelta(days=ago) for ago in reversed(range(count))]
        found = {one.day: one for one in self.store.days(days[0])}
        return [found.get(day, DayOfSignIns(day)) for day in days]

    def explain(self, actor: Actor, sign_in_id: str) -> tuple[SignIn, Sequence[RecordedStep]]:
        """Return a sign-in with its steps; raise NotFound."""
        actor.require(Permission.SIGNINS_READ)
        sign_in = self.store.get(sign_in_id)
        if sign_in is None:
            raise NotFound("No sign-in has this id. Ids are shown on the refusal page and at the machine's prompt.")
        return sign_in, self.store.steps(sign_in_id)

    def _begun(
        self, purpose: Purpose, continuation_id: str, browser: str, origin: Origin, device_id: str | None = None
    ) -> tuple[SignIn, Recorder]:
        now = self.clock.now()
        sign_in = SignIn(
            id=self.entropy.new_id(),
            purpose=purpose,
            state=State.STARTED,
            started_at=now,
            expires_at=now + LIFETIME,
            continuation_id=continuation_id,
            browser_hash=hash_token(browser),
            address=origin.address[:ADDRESS_LENGTH],
            user_agent=origin.user_agent[:TEXT_LENGTH],
            device_id=device_id,
        )
        recorder = Recorder(self.clock)
        recorder.ok("started", purpose=purpose.value, address=origin.address)
        return sign_in, recorder

    def _provider_of(self, sign_in: SignIn) -> IdentityProvider | None:
        """Return the provider that a sign-in was sent to; None when it is gone, or a tested configuration is another by now."""
        if sign_in.purpose is not Purpose.CONNECTION_TEST:
            return self.federation.provider_for_callback(sign_in.provider_id)
        try:
            return self.federation.under_test(sign_in.provider_id, sign_in.continuation_id)[0]
        except NotFound:
            return None

    def _note_secrets(self, sign_in: SignIn, recorder: Recorder) -> None:
        if sign_in.purpose is not Purpose.CONNECTION_TEST:  # which writes nothing but its own record
            self.federation.note_secrets(sign_in.provider_id, recorder.secret_answers)

    def _completed(self, sign_in: SignIn, name: str, recorder: Recorder) -> SignIn:
        sign_in = replace(sign_in, state=State.COMPLETED, ended_at=self.clock.now(), verifier_sealed="", nonce="")
        self.store.update(sign_in)
        self.store.add_steps(sign_in.id, recorder.steps)
        self._record(sign_in, name)
        self.publisher.publish(SignInEnded(sign_in))
        return sign_in

    def _why_not_this(self, sign_in: SignIn, provider_id: str, browser: str) -> Refusal | None:
        if not browser or not hmac.compare_digest(sign_in.browser_hash, hash_token(browser)):
            seen = "another one" if browser else "none"
            return Refusal(ReasonCode.BROWSER_MISMATCH, f"The browser's cookie is {seen}.")
        if sign_in.provider_id != provider_id:
            return Refusal(ReasonCode.PROVIDER_MISMATCH, "The sign-in was sent to another provider.")
        if sign_in.state is State.REFUSED and sign_in.reason == ReasonCode.PROVIDER_GONE.code:
            return Refusal(ReasonCode.PROVIDER_GONE, "The provider was deleted while the sign-in was open.")
        if sign_in.state is State.EXPIRED:
            return Refusal(ReasonCode.SIGNIN_EXPIRED, "The ten minutes were over.")
        if sign_in.state is not State.AT_PROVIDER:
            return Refusal(ReasonCode.SIGNIN_ALREADY_USED, f"The sign-in is already {sign_in.state.value}.")
        return None

    def _stray(self, refusal: Refusal, provider_id: str, origin: Origin, recorder: Recorder, of: SignIn | None = None) -> SignIn:
        """Record a return that belongs to no open sign-in of this browser as an attempt of its own."""
        now = self.clock.now()
        attempt = SignIn(
            id=self.entropy.new_id(),
            purpose=Purpose.UNKNOWN,
            state=State.STARTED,
            started_at=now,
            expires_at=now + UNKNOWN_LIFETIME,
            provider_id=provider_id[:36],
            address=origin.address[:ADDRESS_LENGTH],
            user_agent=origin.user_agent[:TEXT_LENGTH],
        )
        self.store.add(attempt)
        recorder.note("came back", address=origin.address, sign_in=of.id if of else "(none)")
        return self._refuse(attempt, refusal, recorder)

    def _refuse(self, sign_in: SignIn, refusal: Refusal, recorder: Recorder) -> SignIn:
        recorder.failed("refused", reason=refusal.reason.code, detail=refusal.detail)
        sign_in = replace(
            sign_in, state=State.REFUSED, reason=refusal.reason.code, ended_at=self.clock.now(), verifier_sealed="", nonce=""
        )
        self.store.update(sign_in)
        self.store.add_steps(sign_in.id, recorder.steps)
        if continuation := self.continuations.get(sign_in.purpose):
            continuation.refused(sign_in, refusal.reason)
        self._record(sign_in, sign_in.email)
        self.publisher.publish(SignInEnded(sign_in))
        return sign_in

    def _record(self, sign_in: SignIn, name: str) -> None:
        self.audit.record(
            system("signin", Origin(sign_in.address, sign_in.user_agent)),
            "sign_in",
            resource=Resource("sign_in", sign_in.id, name),
            success=sign_in.state is State.COMPLETED,
            reason=sign_in.reason,
            details={"purpose": sign_in.purpose.value, "user_id": sign_in.user_id or "", "subject": sign_in.subject},
        )

    def _grant(self, sign_in: SignIn, code: Code, provider_id: str) -> Grant:
        return Grant(
            code=code,
            code_verifier=self.sealer.unseal(sign_in.verifier_sealed, f"verifier {sign_in.id}").decode(),
            nonce=sign_in.nonce,
            redirect_uri=redirect_uri(self.public_url, provider_id),
            max_age=MAX_AGE,
        )
