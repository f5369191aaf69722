"""What signing in with a password needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from homeport.foundation.kernel.actor import Actor, Origin
from homeport.trust.access.model import Decision
from homeport.trust.signin.password.model import Challenge, Session, Throttle


class Owner(Protocol):
    """Somebody who can have a session."""

    @property
    def id(self) -> str:
        """Return the id."""
        ...


class Owners(Protocol):
    """The administrators, or the users, to whom sessions belong."""

    def get(self, actor: Actor, owner_id: str, /) -> Any:
        """Return one whom the actor may see; raise NotFound."""
        ...

    def acting(self, owner_id: str, origin: Origin, /) -> Actor | None:
        """Return one as they are at this moment; None when they are gone or may not sign in."""
        ...

    def called(self, owner_id: str, /) -> str:
        """Return by what name the audit log calls one."""
        ...


class SessionRules(Protocol):
    """Says what access policies hold of somebody who has a session; asked at each request, so that a new denial counts at once."""

    def decide(self, owner_id: str, origin: Origin, /) -> Decision | None:
        """Decide about an owner who comes from there now; None for somebody who is gone."""
        ...

    def has_passkeys(self, owner_id: str, /) -> bool:
        """Tell whether an owner has passkeys."""
        ...


class SessionStore(Protocol):
    """Keeps sessions."""

    def add(self, session: Session) -> None:
        """Store a new session."""
        ...

    def find(self, token_hash: str) -> Session | None:
        """Return the session whose token has this hash."""
        ...

    def replace_token(self, session: Session, old_hash: str) -> bool:
        """Store a session's new token and times in the place of those with the old token; tell whether it was still there."""
        ...

    def touch(self, session_id: str, at: datetime) -> None:
        """Note when the session was last used."""
        ...

    def remove(self, session_id: str) -> None:
        """End a session."""
        ...

    def remove_of(self, owner_id: str, *, but: str = "") -> int:
        """End all sessions of somebody, all but one; return how many."""
        ...

    def of_owner(self, owner_id: str, now: datetime, idle_since: datetime) -> Sequence[Session]:
        """Return somebody's living sessions, the last used first."""
        ...

    def get(self, session_id: str) -> Session | None:
        """Return a session."""
        ...

    def remove_over(self, now: datetime, idle_since: datetime) -> None:
        """Remove sessions that expired or were not used since."""
        ...


class ChallengeStore(Protocol):
    """Keeps sign-ins between password and code."""

    def add(self, challenge: Challenge) -> None:
        """Store a new one."""
        ...

    def find(self, token_hash: str) -> Challenge | None:
        """Return the one whose token has this hash."""
        ...

    def find_for_update(self, token_hash: str) -> Challenge | None:
        """Return the one whose token has this hash, and keep others from it until the unit of work ends."""
        ...

    def save(self, challenge: Challenge) -> None:
        """Store a changed one."""
        ...

    def remove_of(self, owner_id: str) -> None:
        """End all of somebody."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget those that were over before."""
        ...


class PasskeyHolders(Protocol):
    """Knows who has passkeys."""

    def of_owner(self, owner_id: str, /) -> Sequence[Any]:
        """Return somebody's passkeys."""
        ...


class ThrottleStore(Protocol):
    """Counts failures, shared by all replicas."""

    def hold(self, key: str, now: datetime) -> Throttle:
        """Return a key's throttle, making one when there is none, and keep others from it until the unit of work ends."""
        ...

    def save(self, throttle: Throttle) -> None:
        """Store a changed throttle."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget throttles whose last failure is older."""
        ...


class BrowserStore(Protocol):
    """Remembers which browsers signed in to which account."""

    def knows(self, browser_hash: str, owner_id: str, since: datetime) -> bool:
        """Tell whether the account signed in with this browser since then."""
        ...

    def remember(self, browser_hash: str, owner_id: str, at: datetime) -> None:
        """Note that the account signed in with this browser."""
        ...

    def remove_of(self, owner_id: str) -> None:
        """Forget the browsers of somebody."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget browsers that were last used before."""
        ...
