"""Sign in with a password, confirm it, use a one-time link."""

from dataclasses import dataclass, replace

from homeport.directory.admins.actions import AdministratorLinks, Administrators, Factors
from homeport.directory.admins.model import Administrator, actor_of
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.people.model import email_problem, normal_email
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Unauthenticated
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.access.actions import Decisions
from homeport.trust.access.model import Action, Decision, described
from homeport.trust.signin.password import model
from homeport.trust.signin.password.actions.sessions import Sessions
from homeport.trust.signin.password.actions.throttling import Throttling
from homeport.trust.signin.password.model import Attempt, Challenge, CodeAsked, ShutOut, SignedIn, Way
from homeport.trust.signin.password.ports import BrowserStore, ChallengeStore, PasskeyHolders, ThrottleStore


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """Signing in with a password. The edge calls `begin`, checks the password outside any unit of work, then `finish`."""

    sessions: Sessions
    throttles: ThrottleStore
    browsers: BrowserStore
    challenges: ChallengeStore
    factors: Factors
    administrators: Administrators
    links: AdministratorLinks
    decisions: Decisions
    passkeys: PasskeyHolders
    audit: Audit
    clock: Clock
    entropy: Entropy

    def begin(self, email: str, origin: Origin, *, browser: str = "") -> Attempt:
        """Count an attempt and return what to check the password against; raise RateLimited while it is too early.

        The attempt counts as a failure until `finish` learns otherwise, so that a thousand at once are not one each.
        """
        # public: this is where somebody begins to prove who they are
        address = normal_email(email)
        administrator = self.administrators.find_by_email(address)
        keys: tuple[str, ...] = (model.account_key(address), model.address_key(origin.network))
        if administrator is not None and self._known(browser, administrator.id):
            keys = (model.browser_key(browser, administrator.id),)
        self._count(keys)
        return Attempt(
            email=address,
            administrator_id=administrator.id if administrator else "",
            password_hash=administrator.password_hash if administrator else "",
            throttles=keys,
        )

    def finish(
        self,
        attempt: Attempt,
        origin: Origin,
        *,
        verified: bool,
        replacing: str = "",
        browser: str = "",
        rehash: str = "",
        target: str = model.HOME,
    ) -> SignedIn | CodeAsked | ShutOut | None:
        """When the password was right, start a session, or ask for the second factor's code; else record the failure and return None.

        An access policy may deny it even so, and may demand a second factor of somebody who has none: they set one up first.

        `rehash` is the same password's hash with today's parameters, when the stored one is outdated.
        """
        # public: the password is the proof
        administrator = self._unchanged(attempt) if verified else None
        if administrator is None or administrator.suspended_at is not None:
            wrong = "password_wrong" if administrator is None else "administrator_suspended"
            self._refused(attempt, origin, "admin_login_attempt", wrong)
            return None
        self._forgive(attempt)
        if rehash:
            self.administrators.rehash(administrator.id, rehash)
        self._remove_old()
        decision = self.decisions.of_administrator(administrator, origin)
        if decision.denied:
            return self._shut_out(administrator, origin, decision)
        if administrator.factor_since is not None:
            return self._ask_code(administrator, rehash or administrator.password_hash, target)
        if (decision.action is Action.MFA or administrator.lacks_factor) and self.passkeys.of_owner(administrator.id):
            return self._shut_out(administrator, origin, decision, ReasonCode.PASSKEY_DEMANDED)
        return self._signed_in(
            administrator, origin, "password", replacing=replacing, browser=browser, target=target, decision=decision
        )

    def waits_for_code(self, token: str) -> bool:
        """Tell whether the sign-in that the cookie's token names still waits for a code."""
        # public: the token is the proof of the password
        return self._judged(self.challenges.find(hash_token(token)) if token else None) is not None

    def give_code(
        self, token: str, code: str, origin: Origin, *, replacing: str = "", browser: str = ""
    ) -> SignedIn | ShutOut | None:
        """Start the session when the code was right, or record the failure and return None.

        Raises Unauthenticated when the password must be given again, and RateLimited while it is too early.
        """
        # public: the code is the proof, after the password that the token stands for
        found = self.challenges.find(hash_token(token)) if token else None
        if found is not None:
            # First, as whoever resets a factor does: otherwise two could wait for each other.
            self.administrators.hold(found.owner_id)
        waiting = self._judged(self.challenges.find_for_update(hash_token(token)) if token else None)
        if waiting is None:
            raise Unauthenticated("The sign-in took too long or had too many wrong codes. Give the password again.")
        challenge, administrator = waiting
        key = model.factor_key(administrator.id)
        if self._known(browser, administrator.id):
            key = model.browser_key(f"{key}:{browser}", administrator.id)
        self._count((key,))
        attempt = Attempt(administrator.email, administrator.id, administrator.password_hash, (key,))
        way = self.factors.prove(administrator.id, code)
        if not way:
            self.challenges.save(replace(challenge, wrong_codes=challenge.wrong_codes + 1))
            self._refused(attempt, origin, "admin_login_attempt", "code_wrong")
            return None
        self._forgive(attempt)
        self.challenges.remove_of(administrator.id)
        decision = self.decisions.of_administrator(administrator, origin)
        if decision.denied:
            return self._shut_out(administrator, origin, decision)
        way, target = f"password and {way}", challenge.target
        return self._signed_in(administrator, origin, way, replacing=replacing, browser=browser, target=target, decision=decision)

    def enter_by_passkey(
        self, administrator_id: str, origin: Origin, *, replacing: str = "", browser: str = "", target: str = model.HOME
    ) -> SignedIn | ShutOut | None:
        """Sign in somebody whose passkey answered; None when they are gone or suspended. It proves both factors."""
        # public: the passkey's signature was the proof
        administrator = self.administrators.hold(administrator_id)
        if administrator is None or administrator.suspended_at is not None:
            email = administrator.email if administrator else ""
            wrong = "administrator_suspended" if administrator else "administrator_unknown"
            self._refused(Attempt(email, administrator_id, "", ()), origin, "admin_login_attempt", wrong)
            return None
        decision = self.decisions.of_administrator(administrator, origin)
        if decision.denied:
            return self._shut_out(administrator, origin, decision)
        way, proof = Way.PASSKEY.value, Way.PASSKEY
        return self._signed_in(
            administrator, origin, way, replacing=replacing, browser=browser, target=target, decision=decision, proof=proof
        )

    def refuse_passkey(self, origin: Origin) -> str:
        """Record that a passkey did not hold; the attempt has no record of its own, so there is no id to return."""
        # public: nothing is known of whoever tried
        actor = Actor(ActorKind.ADMINISTRATOR, "", "", origin=origin)
        reason = ReasonCode.PASSKEY_WRONG.code
        self.audit.record(actor, "admin_login_attempt", resource=Resource("admin", "", ""), success=False, reason=reason)
        return ""

    def asks_code(self, actor: Actor) -> bool:
        """Tell whether a confirmation needs a code beside the password."""
        # public: of oneself
        administrator = self.administrators.find_present(actor.id)
        return administrator is not None and administrator.factor_since is not None

    def begin_confirmation(self, actor: Actor) -> Attempt:
        """Count an attempt of a signed-in person to confirm their password; raise RateLimited while it is too early."""
        # public: any administrator with a session may confirm; what they may do is asked afterwards
        administrator = self.administrators.find_present(actor.id)
        if administrator is None or not actor.session_id:
            raise Unauthenticated("Sign in again.")
        keys = (model.confirmation_key(administrator.id),)
        self._count(keys)
        return Attempt(administrator.email, administrator.id, administrator.password_hash, keys)

    def finish_confirmation(self, actor: Actor, attempt: Attempt, token: str, *, verified: bool, code: str = "") -> str:
        """Return the session's fresh token when password and code were right, or record the failure and return nothing.

        The code counts for who has a second factor; it is not used up by a wrong password.
        """
        # public: password and code are the proof
        self.administrators.hold(actor.id)
        session = self.sessions.find(token)
        administrator = self._unchanged(attempt) if verified else None
        if (
            administrator is not None
            and administrator.factor_since is not None
            and not self.factors.prove(administrator.id, code)
        ):
            administrator = None
        mine = administrator is not None and session is not None and session.owner_id == administrator.id
        fresh = self.sessions.renew(session) if mine and session is not None else ""
        if administrator is None or not fresh:
            self._refused(attempt, actor.origin, "admin_confirm_attempt")
            return ""
        self._forgive(attempt)
        self.audit.record(actor, "admin_confirm_attempt", resource=_resource(administrator))
        return fresh

    def accept_link(
        self,
        token: str,
        *,
        email: str,
        firstname: str,
        lastname: str,
        password: str,
        origin: Origin,
        replacing: str = "",
        browser: str = "",
    ) -> SignedIn | ShutOut:
        """Use a one-time link up and sign its holder in; raises what `AdministratorLinks.accept` raises.

        Access policies are asked of who was invited. A link made on the server itself is the way back, so it passes them by.
        """
        # public: the link's token is the proof
        invited = self.links.look(token).is_invitation
        administrator = self.links.accept(
            token, email=email, firstname=firstname, lastname=lastname, password=password, origin=origin
        )
        decision = self.decisions.of_administrator(administrator, origin) if invited else None
        if decision is not None and decision.denied:
            return self._shut_out(administrator, origin, decision)
        proof = Way.PASSWORD if invited else Way.RECOVERY
        return self._signed_in(
            administrator, origin, "one-time link", replacing=replacing, browser=browser, decision=decision, proof=proof
        )

    def sign_out(self, actor: Actor, token: str) -> None:
        """End the session."""
        # public: anybody may leave
        self.sessions.end(token)
        self.audit.record(actor, "admin_logout", resource=Resource("admin", actor.id, actor.name))

    def forget_waiting(self, administrator_id: str) -> None:
        """End the sign-ins that wait for a code; for the handlers of another password, another factor and a deletion."""
        # public: called by event handlers inside the unit of work of an action that was allowed
        self.challenges.remove_of(administrator_id)

    def forget_browsers(self, administrator_id: str) -> None:
        """Make every browser unknown to the account again; for the handlers of a new password and of a deletion."""
        # public: called by event handlers inside the unit of work of an action that was allowed
        self.browsers.remove_of(administrator_id)

    def _known(self, browser: str, administrator_id: str) -> bool:
        since = self.clock.now() - model.KNOWN_FOR
        return bool(browser) and self.browsers.knows(hash_token(browser), administrator_id, since)

    def _count(self, keys: tuple[str, ...]) -> None:
        Throttling(self.throttles, self.clock).count(keys)

    def _forgive(self, attempt: Attempt) -> None:
        Throttling(self.throttles, self.clock).forgive(attempt.throttles)

    def _unchanged(self, attempt: Attempt) -> Administrator | None:
        """Hold and return the administrator unless they were removed or got another password while this one was checked."""
        administrator = self.administrators.hold(attempt.administrator_id) if attempt.administrator_id else None
        return administrator if administrator is not None and administrator.password_hash == attempt.password_hash else None

    def _ask_code(self, administrator: Administrator, password_hash: str, target: str) -> CodeAsked:
        now, token = self.clock.now(), self.entropy.token()
        challenge = Challenge(
            id=self.entropy.new_id(),
            token_hash=hash_token(token),
            owner_id=administrator.id,
            password_hash=password_hash,
            wrong_codes=0,
            created_at=now,
            expires_at=now + model.CODE_WITHIN,
            target=target,
        )
        self.challenges.add(challenge)
        return CodeAsked(token)

    def _judged(self, challenge: Challenge | None) -> tuple[Challenge, Administrator] | None:
        if challenge is None or not challenge.usable(self.clock.now()):
            return None
        administrator = self.administrators.find_present(challenge.owner_id)
        if administrator is None or administrator.suspended_at or administrator.password_hash != challenge.password_hash:
            return None
        return challenge, administrator

    def _refused(self, attempt: Attempt, origin: Origin, event_type: str, wrong: str = "password_wrong") -> None:
        # What is no address may be a password typed into the wrong field.
        name = "" if email_problem(attempt.email) else attempt.email
        actor = Actor(ActorKind.ADMINISTRATOR, attempt.administrator_id, name, origin=origin)
        reason = wrong if attempt.administrator_id else "administrator_unknown"
        resource = Resource("admin", attempt.administrator_id, name)
        self.audit.record(actor, event_type, resource=resource, success=False, reason=reason)

    def _shut_out(
        self,
        administrator: Administrator,
        origin: Origin,
        decision: Decision,
        reason: ReasonCode = ReasonCode.DENIED_BY_POLICY,
    ) -> ShutOut:
        policy = decision.policy if decision.denied else None
        self.audit.record(
            actor_of(administrator, origin),
            "admin_login_attempt",
            resource=_resource(administrator),
            success=False,
            reason=reason.code,
            details=described(decision),
        )
        message = policy.message if policy is not None else ""
        return ShutOut(message or reason.person, policy.links if policy is not None else (), reason)

    def _signed_in(
        self,
        administrator: Administrator,
        origin: Origin,
        way: str,
        *,
        replacing: str,
        browser: str,
        target: str = model.HOME,
        decision: Decision | None = None,
        proof: Way = Way.PASSWORD,
    ) -> SignedIn:
        session, token = self.sessions.start(administrator, origin, replacing=replacing, way=proof)
        known = browser if self._known(browser, administrator.id) else self.entropy.token()
        self.browsers.remember(hash_token(known), administrator.id, self.clock.now())
        actor = replace(actor_of(administrator, origin), session_id=session.id)
        details = {"way": way, **(described(decision) if decision is not None else {})}
        self.audit.record(actor, "admin_login_attempt", resource=_resource(administrator), details=details)
        return SignedIn(session, token, known, target)

    def _remove_old(self) -> None:
        now = self.clock.now()
        self.sessions.sessions.remove_over(now, now - model.IDLE)
        self.challenges.remove_before(now)
        self.throttles.remove_before(now - model.FORGOTTEN_AFTER)
        self.browsers.remove_before(now - model.KNOWN_FOR)


def _resource(administrator: Administrator) -> Resource:
    return Resource("admin", administrator.id, administrator.email)
