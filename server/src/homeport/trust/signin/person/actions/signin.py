"""Sign in to the user portal: password, access policy, code; and confirm it later."""

from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.people.model import User, UserState, email_problem, normal_email
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Unauthenticated
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.recorder import Recorder
from homeport.trust.signin.model import Purpose, SignIn
from homeport.trust.signin.password import model
from homeport.trust.signin.password.actions import Sessions
from homeport.trust.signin.password.actions.throttling import Throttling
from homeport.trust.signin.password.model import MOST_WRONG_CODES, Challenge, CodeAsked, SignedIn, Way
from homeport.trust.signin.password.ports import BrowserStore, ChallengeStore
from homeport.trust.signin.password.recording import PasswordAttempts
from homeport.trust.signin.person.actions.factors import PersonFactors
from homeport.trust.signin.person.model import HOME, Authority, DirectoryPassword, PersonAttempt, Refused
from homeport.trust.signin.person.ports import AccessPolicies, PasswordStore, PersonStore, Ruling, Verdict

_AGAINST = {UserState.SUSPENDED: ReasonCode.USER_SUSPENDED, UserState.STAGED: ReasonCode.USER_STAGED}


@dataclass(frozen=True, slots=True)
class PersonSignIn:
    """Signing in as a user. The edge calls `begin`, checks the password outside any unit of work, then `finish`."""

    sessions: Sessions
    throttling: Throttling
    browsers: BrowserStore
    challenges: ChallengeStore
    passwords: PasswordStore
    people: PersonStore
    factors: PersonFactors
    policies: AccessPolicies
    attempts: PasswordAttempts
    audit: Audit
    clock: Clock
    entropy: Entropy

    def begin(self, typed: str, origin: Origin, *, browser: str = "") -> PersonAttempt:
        """Count an attempt and return what to check the password against; raise RateLimited while it is too early.

        `typed` is a user name or an e-mail address. Whether it is anybody's makes no difference to what happens.
        """
        # public: this is where somebody begins to prove who they are
        name = normal_email(typed)
        user = self.people.find_by_email(name) if "@" in name else self.people.find_by_username(name)
        keys: tuple[str, ...] = (
            model.account_key(f"user {user.id if user else name}"),
            model.address_key(origin.network),
        )
        if user is not None and self._known(browser, user.id):
            keys = (model.browser_key(browser, user.id),)
        self.throttling.count(keys)
        password_hash = self.passwords.get(user.id).password_hash if user else ""
        return PersonAttempt(name, user.id if user else "", password_hash, keys)

    def finish(
        self,
        attempt: PersonAttempt,
        origin: Origin,
        *,
        verified: bool,
        replacing: str = "",
        browser: str = "",
        rehash: str = "",
        target: str = HOME,
    ) -> SignedIn | CodeAsked | Refused:
        """Judge an attempt: start a session, ask for the code, or refuse. Either way it is recorded.

        `rehash` is the same password's hash with today's parameters, when the stored one is outdated.
        """
        # public: the password is the proof
        user = self.people.get_for_update(attempt.user_id) if attempt.user_id else None
        sign_in, recorder = self.attempts.begin(Purpose.USER_PORTAL, origin, user, _nameable(attempt.typed))
        password = self.passwords.get(user.id) if user else None
        if user is None or password is None or not verified or password.password_hash != attempt.password_hash:
            reason = ReasonCode.PASSWORD_WRONG if user else ReasonCode.USER_UNKNOWN
            if password is not None and not password.password_hash:
                reason = ReasonCode.PASSWORD_NOT_SET
            return self._refuse(sign_in, reason, recorder)
        recorder.ok("password right", user=user.username)
        self.throttling.forgive(attempt.throttles)
        self._remove_old()
        ruling = self._judge(user, password, origin, recorder)
        if isinstance(ruling, Refused):
            self.attempts.refuse(sign_in, ruling.reason, recorder)
            return replace(ruling, sign_in_id=sign_in.id)
        if rehash:
            self.passwords.save(replace(password, password_hash=rehash))
        if password.factor_since is not None:
            self.attempts.waits(sign_in, recorder)
            return self._ask_code(user, rehash or password.password_hash, target, sign_in)
        return self._entered(user, sign_in, recorder, origin, replacing=replacing, browser=browser, target=target)

    def _judge(
        self, user: User, password: DirectoryPassword, origin: Origin, recorder: Recorder, *, both: bool = False
    ) -> Ruling | Refused:
        """Decide once the password was right, or a passkey, which proves `both` factors: state, authority, then **the access policies** (`ports.AccessPolicies`)."""
        if (reason := _AGAINST.get(user.state)) is not None:
            return Refused(reason, "", told=True)
        if password.authority is not Authority.HOMEPORT:
            return Refused(ReasonCode.PASSWORD_MANAGED_ELSEWHERE, "", told=True)
        ruling = self.policies.rule(user, origin)
        recorder.note("access policies", verdict=ruling.verdict.value, policy=ruling.policy)
        if ruling.monitored:
            recorder.note("policies only monitored", verdict_would_be=ruling.would, policies=ruling.monitored)
        if ruling.verdict is Verdict.DENY:
            return Refused(ReasonCode.DENIED_BY_POLICY, "", told=True, text=ruling.text, links=ruling.links)
        if ruling.verdict is Verdict.REQUIRE_MFA and password.factor_since is None and not both:
            # Whoever has a passkey has a second factor: a password alone must not put another one in its place.
            if self.policies.has(user.id):
                return Refused(ReasonCode.PASSKEY_DEMANDED, "", told=True)
            recorder.note("second factor missing", detail="The session does nothing but set one up.")
        return ruling

    def waits_for_code(self, token: str) -> bool:
        """Tell whether the sign-in that the cookie's token names still waits for a code."""
        # public: the token is the proof of the password
        return self._waiting(self.challenges.find(hash_token(token)) if token else None) is not None

    def give_code(
        self, token: str, code: str, origin: Origin, *, replacing: str = "", browser: str = ""
    ) -> SignedIn | Refused | None:
        """Start the session when the code was right; else count it and return None, or Refused after the last one.

        Raises Unauthenticated when the password must be given again, and RateLimited while it is too early.
        """
        # public: the code is the proof, after the password that the token stands for
        found = self.challenges.find(hash_token(token)) if token else None
        if found is not None:
            # First, as whoever changes the person does: otherwise two could wait for each other.
            self.people.get_for_update(found.owner_id)
        waiting = self._waiting(self.challenges.find_for_update(hash_token(token)) if token else None)
        if waiting is None:
            raise Unauthenticated("The sign-in took too long or had too many wrong codes. Give the password again.")
        challenge, user = waiting
        key = model.factor_key(f"user {user.id}")
        if self._known(browser, user.id):
            key = model.browser_key(f"{key}:{browser}", user.id)
        self.throttling.count((key,))
        sign_in, recorder = self.attempts.resume(challenge.sign_in_id)
        way = self.factors.prove(user.id, code)
        if not way:
            wrong = challenge.wrong_codes + 1
            self.challenges.save(replace(challenge, wrong_codes=wrong))
            recorder.failed("code wrong", number=wrong)
            if sign_in is not None and wrong >= MOST_WRONG_CODES:
                return self._refuse(sign_in, ReasonCode.CODE_WRONG, recorder, told=True)
            if sign_in is not None:
                self.attempts.waits(sign_in, recorder)
            return None
        recorder.ok("second factor", way=way)
        self.throttling.forgive((key,))
        self.challenges.remove_of(user.id)
        ruling = self._judge(user, self.passwords.get(user.id), origin, recorder)
        if isinstance(ruling, Refused):  # what decides may have changed since the password, and so may the address
            if sign_in is not None:
                self.attempts.refuse(sign_in, ruling.reason, recorder)
            return replace(ruling, sign_in_id=sign_in.id if sign_in is not None else "")
        return self._entered(user, sign_in, recorder, origin, replacing=replacing, browser=browser, target=challenge.target)

    def enter_by_link(
        self, user: User, origin: Origin, *, replacing: str = "", browser: str = ""
    ) -> SignedIn | CodeAsked | Refused:
        """Sign in somebody who just set their password by a one-time link; policies and a second factor count as ever."""
        # public: the link's token was the proof
        held = self.people.get_for_update(user.id) or user
        sign_in, recorder = self.attempts.begin(Purpose.USER_PORTAL, origin, held, held.email)
        recorder.ok("password set by a one-time link", user=held.username)
        password = self.passwords.get(held.id)
        ruling = self._judge(held, password, origin, recorder)
        if isinstance(ruling, Refused):
            self.attempts.refuse(sign_in, ruling.reason, recorder)
            return replace(ruling, sign_in_id=sign_in.id)
        if password.factor_since is not None:
            self.attempts.waits(sign_in, recorder)
            return self._ask_code(held, password.password_hash, HOME, sign_in)
        return self._entered(held, sign_in, recorder, origin, replacing=replacing, browser=browser, target=HOME)

    def enter_by_passkey(
        self, user_id: str, origin: Origin, *, replacing: str = "", browser: str = "", target: str = HOME
    ) -> SignedIn | Refused:
        """Sign in somebody whose passkey answered; policies count as ever, and no code is asked."""
        # public: the passkey's signature was the proof
        user = self.people.get_for_update(user_id)
        sign_in, recorder = self.attempts.begin(Purpose.USER_PORTAL, origin, user, "")
        if user is None:
            return self._refuse(sign_in, ReasonCode.PASSKEY_WRONG, recorder, told=True)
        recorder.ok("passkey right", user=user.username)
        ruling = self._judge(user, self.passwords.get(user.id), origin, recorder, both=True)
        if isinstance(ruling, Refused):
            self.attempts.refuse(sign_in, ruling.reason, recorder)
            return replace(ruling, sign_in_id=sign_in.id)
        return self._entered(
            user, sign_in, recorder, origin, replacing=replacing, browser=browser, target=target, way=Way.PASSKEY
        )

    def refuse_passkey(self, origin: Origin) -> str:
        """Record that a passkey did not hold; return the id of the attempt."""
        # public: nothing is known of whoever tried
        sign_in, recorder = self.attempts.begin(Purpose.USER_PORTAL, origin, None, "")
        return self.attempts.refuse(sign_in, ReasonCode.PASSKEY_WRONG, recorder).id

    def asks_code(self, actor: Actor) -> bool:
        """Tell whether a confirmation needs a code beside the password."""
        # public: of oneself
        return self.passwords.get(actor.id).factor_since is not None

    def begin_confirmation(self, actor: Actor) -> PersonAttempt:
        """Count an attempt of a signed-in person to confirm their password; raise RateLimited while it is too early."""
        # public: any user with a session may confirm
        keys = (model.confirmation_key(f"user {actor.id}"),)
        self.throttling.count(keys)
        return PersonAttempt(actor.name, actor.id, self.passwords.get(actor.id).password_hash, keys)

    def finish_confirmation(self, actor: Actor, attempt: PersonAttempt, token: str, *, verified: bool, code: str = "") -> str:
        """Return the session's fresh token when password and code were right, or record the failure and return nothing."""
        # public: password and code are the proof
        self.people.get_for_update(actor.id)
        password, session = self.passwords.get(actor.id), self.sessions.find(token)
        right = verified and password.password_hash == attempt.password_hash
        if right and password.factor_since is not None:
            right = bool(self.factors.prove(actor.id, code))
        mine = session is not None and session.owner_id == actor.id
        fresh = self.sessions.renew(session) if right and mine and session is not None else ""
        resource = Resource("user", actor.id, actor.name)
        reason = "" if fresh else ReasonCode.PASSWORD_WRONG.code
        self.audit.record(actor, "user_confirm_attempt", resource=resource, success=bool(fresh), reason=reason)
        if fresh:
            self.throttling.forgive(attempt.throttles)
        return fresh

    def sign_out(self, actor: Actor, token: str) -> None:
        """End the session."""
        # public: anybody may leave
        self.sessions.end(token)
        self.audit.record(actor, "user_logout", resource=Resource("user", actor.id, actor.name))

    def end_everything(self, user_id: str, *, but: str = "") -> None:
        """End sessions and sign-ins that wait; for the handlers of a suspension, a deletion and another proof."""
        # public: called by event handlers inside the unit of work of an action that was allowed
        self.sessions.end_all(user_id, but=but)
        self.challenges.remove_of(user_id)

    def forget_browsers(self, user_id: str) -> None:
        """Make every browser unknown to the account again."""
        # public: called by event handlers inside the unit of work of an action that was allowed
        self.browsers.remove_of(user_id)

    def _refuse(self, sign_in: SignIn, reason: ReasonCode, recorder: Recorder, *, told: bool = False) -> Refused:
        self.attempts.refuse(sign_in, reason, recorder)
        return Refused(reason, sign_in.id, told=told)

    def _entered(
        self,
        user: User,
        sign_in: SignIn | None,
        recorder: Recorder,
        origin: Origin,
        *,
        replacing: str,
        browser: str,
        target: str,
        way: Way = Way.PASSWORD,
    ) -> SignedIn:
        session, token = self.sessions.start(user, origin, replacing=replacing, way=way)
        known = browser if self._known(browser, user.id) else self.entropy.token()
        self.browsers.remember(hash_token(known), user.id, self.clock.now())
        if sign_in is not None:
            self.attempts.complete(sign_in, recorder)
        return SignedIn(session, token, known, target)

    def _known(self, browser: str, user_id: str) -> bool:
        since = self.clock.now() - model.KNOWN_FOR
        return bool(browser) and self.browsers.knows(hash_token(browser), user_id, since)

    def _ask_code(self, user: User, password_hash: str, target: str, sign_in: SignIn) -> CodeAsked:
        now, token = self.clock.now(), self.entropy.token()
        challenge = Challenge(
            id=self.entropy.new_id(),
            token_hash=hash_token(token),
            owner_id=user.id,
            password_hash=password_hash,
            wrong_codes=0,
            created_at=now,
            expires_at=now + model.CODE_WITHIN,
            target=target,
            sign_in_id=sign_in.id,
        )
        self.challenges.add(challenge)
        return CodeAsked(token)

    def _waiting(self, challenge: Challenge | None) -> tuple[Challenge, User] | None:
        if challenge is None or not challenge.usable(self.clock.now()):
            return None
        user, password = self.people.get(challenge.owner_id), self.passwords.get(challenge.owner_id)
        if user is None or user.state is not UserState.ACTIVATED or password.authority is not Authority.HOMEPORT:
            return None
        return (challenge, user) if password.password_hash == challenge.password_hash else None

    def _remove_old(self) -> None:
        now = self.clock.now()
        self.sessions.sessions.remove_over(now, now - model.IDLE)
        self.challenges.remove_before(now)
        self.throttling.throttles.remove_before(now - model.FORGOTTEN_AFTER)
        self.browsers.remove_before(now - model.KNOWN_FOR)


def user_actor(user: User, origin: Origin) -> Actor:
    """Return a user as an actor without a session: everything of their own, nothing of the directory."""
    return Actor(ActorKind.USER, user.id, user.username, origin=origin)


def _nameable(typed: str) -> str:
    """Return what was typed when it is an address; what belongs to nobody and is none may be a password in the wrong field."""
    return "" if email_problem(typed) else typed
