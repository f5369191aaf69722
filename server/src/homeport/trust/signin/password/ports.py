"""What signing in with a password needs."""

from datetime import datetime
from typing import Protocol

from homeport.trust.signin.password.model import Session, Throttle


class SessionStore(Protocol):
    """Keeps sessions."""

    def add(self, session: Session) -> None:
        """Store a new session."""
        ...

    def find(self, token_hash: str) -> Session | None:
        """Return the session whose token has this hash."""
        ...

    def touch(self, session_id: str, at: datetime) -> None:
        """Note when the session was last used."""
        ...

    def remove(self, session_id: str) -> None:
        """End a session."""
        ...

    def remove_of(self, administrator_id: str) -> int:
        """End all sessions of an administrator; return how many."""
        ...

    def remove_over(self, now: datetime, idle_since: datetime) -> None:
        """Remove sessions that expired or were not used since."""
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

    def knows(self, browser_hash: str, administrator_id: str, since: datetime) -> bool:
        """Tell whether the account signed in with this browser since then."""
        ...

    def remember(self, browser_hash: str, administrator_id: str, at: datetime) -> None:
        """Note that the account signed in with this browser."""
        ...

    def remove_of(self, administrator_id: str) -> None:
        """Forget the browsers of an administrator."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget browsers that were last used before."""
        ...
