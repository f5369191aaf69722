"""The sessions of administrators, and in the same way of users: begun, looked at, renewed, ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Resource
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.access.model import Action, Decision, described
from homeport.trust.signin.password import model
from homeport.trust.signin.password.model import Session, Way
from homeport.trust.signin.password.ports import Owner, Owners, SessionRules, SessionStore


@dataclass(frozen=True, slots=True)
class Whose:
    """The words for one kind of owners: which permission reads and ends others' sessions, and what the audit log calls them."""

    permission: Permission = Permission.ADMINISTRATORS_WRITE
    kind: str = "admin"
    ended: str = "admin_sessions_end"


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one kind of owners in one unit of work."""

    sessions: SessionStore
    owners: Owners
    rules: SessionRules
    audit: Audit
    clock: Clock
    entropy: Entropy
    whose: Whose = Whose()

    def find(self, token: str) -> Session | None:
        """Return the living session that a cookie's token names."""
        # public: the token is the proof
        session = self.sessions.find(hash_token(token)) if token else None
        return session if session is not None and session.alive(self.clock.now()) else None

    def authenticate(self, token: str, origin: Origin) -> Actor | None:
        """Return whose session it is, with the permissions of their present role, or None."""
        # public: the token is the proof
        session = self.find(token)
        return None if session is None else self.actor(session, origin)

    def actor(self, session: Session, origin: Origin) -> Actor | None:
        """Return a living session's owner as they are now, or None when they are gone or suspended, or an access policy denies them.

        A policy that demands a second factor of somebody without one leaves nothing but to set it up.
        """
        # public: only `find` hands out sessions
        owner, decision = self._present(session, origin)
        if owner is None or self._ended_by(decision, session, owner):
            return None
        if self._demanded(decision, session, owner):
            owner = replace(owner, permissions=frozenset(), lacks_factor=True)
        return replace(owner, session_id=session.id, authenticated_at=session.authenticated_at)

    def end_denied(self, session: Session, origin: Origin) -> None:
        """End a session that access policies let do nothing any more, and record which said so."""
        # public: only `find` hands out sessions; it asks the same as `actor`, which let nobody in
        owner, decision = self._present(session, origin)
        reason = self._ended_by(decision, session, owner) if owner is not None else None
        if owner is None or reason is None or decision is None or self.sessions.get(session.id) is None:
            return
        self.sessions.remove(session.id)
        self._record(owner, session.owner_id, 1, reason.code, described(decision))

    def touch(self, session: Session) -> None:
        """Store that the session was used now."""
        # public: only `find` hands out sessions
        self.sessions.touch(session.id, self.clock.now())

    def start(self, owner: Owner, origin: Origin, *, replacing: str = "", way: Way = Way.PASSWORD) -> tuple[Session, str]:
        """Start a session for somebody who just proved who they are, and return it with its token.

        `replacing` is the token that the browser held before; that session ends, so that nobody can plant one.
        """
        # public: its callers have checked a password or a one-time link
        self.end(replacing)
        now = self.clock.now()
        token = self.entropy.token()
        session = Session(
            id=self.entropy.new_id(),
            token_hash=hash_token(token),
            owner_id=owner.id,
            created_at=now,
            authenticated_at=now,
            last_seen_at=now,
            expires_at=now + model.ABSOLUTE,
            address=origin.address[:64],
            user_agent=origin.user_agent[:300],
            way=way,
        )
        self.sessions.add(session)
        return session, token

    def renew(self, session: Session) -> str:
        """Give the session a fresh token after its person confirmed the password; its end stays as it was.

        Returns nothing when it was ended meanwhile: an ended session does not come back.
        """
        # public: its caller has checked the password
        now = self.clock.now()
        token = self.entropy.token()
        fresh = replace(session, token_hash=hash_token(token), authenticated_at=now, last_seen_at=now)
        return token if self.sessions.replace_token(fresh, session.token_hash) else ""

    def end(self, token: str) -> None:
        """End the session that a cookie's token names, if there is one."""
        # public: the token is the proof
        session = self.sessions.find(hash_token(token)) if token else None
        if session is not None:
            self.sessions.remove(session.id)

    def end_all(self, owner_id: str, *, but: str = "") -> int:
        """End all sessions of somebody, all but one; for the handlers of what happens to them. Return how many."""
        # public: called by event handlers inside the unit of work of an action that was allowed
        return self.sessions.remove_of(owner_id, but=but)

    def list_own(self, actor: Actor) -> Sequence[Session]:
        """Return one's own living sessions, the last used first."""
        # public: one's own
        return self._living(actor.id)

    def list_of(self, actor: Actor, owner_id: str) -> Sequence[Session]:
        """Return somebody's living sessions, the last used first."""
        actor.require(self.whose.permission)
        return self._living(owner_id)

    def end_one(self, actor: Actor, session_id: str, *, of: str = "") -> Session:
        """End a session of one's own, or, for whoever may change their like, anybody's; raise NotFound otherwise.

        `of` is whose session it must be, where that is said.
        """
        # public: everybody may end their own
        session = self.sessions.get(session_id)
        if (
            session is None
            or (session.owner_id != actor.id and not actor.may(self.whose.permission))
            or of not in {"", session.owner_id}
        ):
            raise NotFound("There is no such session. It may have ended already.")
        self.sessions.remove(session.id)
        self._record(actor, session.owner_id, 1)
        return session

    def end_others(self, actor: Actor) -> int:
        """End all one's own sessions but the present one; return how many."""
        # public: one's own
        ended = self.sessions.remove_of(actor.id, but=actor.session_id)
        self._record(actor, actor.id, ended)
        return ended

    def end_all_of(self, actor: Actor, owner_id: str) -> int:
        """End all of somebody's sessions; return how many."""
        actor.require(self.whose.permission)
        ended = self.sessions.remove_of(owner_id)
        self._record(actor, owner_id, ended)
        return ended

    def _present(self, session: Session, origin: Origin) -> tuple[Actor | None, Decision | None]:
        owner = self.owners.acting(session.owner_id, origin)
        asked = owner is not None and session.way is not Way.RECOVERY
        return owner, self.rules.decide(session.owner_id, origin) if asked else None

    def _ended_by(self, decision: Decision | None, session: Session, owner: Actor) -> ReasonCode | None:
        if decision is None:
            return None
        if decision.denied:
            return ReasonCode.DENIED_BY_POLICY
        # Whoever has a passkey has a second factor: a password alone must not put another one in its place.
        demanded = self._demanded(decision, session, owner) and self.rules.has_passkeys(session.owner_id)
        return ReasonCode.PASSKEY_DEMANDED if demanded else None

    @staticmethod
    def _demanded(decision: Decision | None, session: Session, owner: Actor) -> bool:
        demanded = owner.lacks_factor or (decision is not None and decision.action is Action.MFA)
        return demanded and not owner.has_factor and session.way is not Way.PASSKEY

    def _living(self, owner_id: str) -> Sequence[Session]:
        now = self.clock.now()
        return self.sessions.of_owner(owner_id, now, now - model.IDLE)

    def _record(
        self, actor: Actor, owner_id: str, ended: int, reason: str = "", details: Mapping[str, JSON] | None = None
    ) -> None:
        resource = Resource(self.whose.kind, owner_id, self.owners.called(owner_id))
        found = {"sessions": ended, **(details or {})}
        self.audit.record(actor, self.whose.ended, resource=resource, reason=reason, details=found)
