"""Who a way in is for, and what it asks of the actions behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.password.model import CodeAsked, SignedIn
from homeport.trust.signin.password.pages.cookies import Cookies


class Hasher(Protocol):
    """Checks passwords; `Argon2id` in `directory.admins`."""

    def hash(self, password: str) -> str:
        """Return a hash with today's parameters."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the password is right; an empty hash takes as long and never is."""
        ...

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash has other parameters than today's."""
        ...


class Checked(Protocol):
    """An attempt whose password is about to be checked."""

    @property
    def password_hash(self) -> str:
        """Against what; empty for nobody's."""
        ...


AttemptT = TypeVar("AttemptT", bound=Checked)
DenialT = TypeVar("DenialT")
DenialT_co = TypeVar("DenialT_co", covariant=True)


class SignIn(Protocol[AttemptT, DenialT_co]):
    """What a door asks of the actions behind it: `PasswordSignIn` for administrators, `PersonSignIn` for users."""

    def begin(self, typed: str, origin: Origin, *, browser: str = "") -> AttemptT:
        """Count an attempt; raise RateLimited while it is too early."""
        ...

    def finish(
        self,
        attempt: AttemptT,
        origin: Origin,
        *,
        verified: bool,
        replacing: str = "",
        browser: str = "",
        rehash: str = "",
        target: str = "",
    ) -> SignedIn | CodeAsked | DenialT_co | None:
        """Judge the attempt; None when name and password do not match."""
        ...

    def waits_for_code(self, token: str) -> bool:
        """Tell whether a sign-in waits for a code."""
        ...

    def give_code(
        self, token: str, code: str, origin: Origin, *, replacing: str = "", browser: str = ""
    ) -> SignedIn | DenialT_co | None:
        """Judge a code; None when it was wrong and another may be given."""
        ...

    def enter_by_passkey(
        self, owner_id: str, origin: Origin, *, replacing: str = "", browser: str = "", target: str = ""
    ) -> SignedIn | DenialT_co | None:
        """Judge whoever's passkey answered; None when they are nobody who may sign in here."""
        ...

    def refuse_passkey(self, origin: Origin) -> str:
        """Record that a passkey did not hold; return the attempt's id, or nothing where none is kept."""
        ...

    def asks_code(self, actor: Actor) -> bool:
        """Tell whether a confirmation needs a code too."""
        ...

    def begin_confirmation(self, actor: Actor) -> AttemptT:
        """Count an attempt to confirm; raise RateLimited while it is too early."""
        ...

    def finish_confirmation(self, actor: Actor, attempt: AttemptT, token: str, *, verified: bool, code: str = "") -> str:
        """Return the session's fresh token, or nothing."""
        ...

    def sign_out(self, actor: Actor, token: str) -> None:
        """End the session."""
        ...


@dataclass(frozen=True, slots=True)
class DoorActions(Generic[AttemptT, DenialT]):
    """What a door needs in one unit of work."""

    sign_in: SignIn[AttemptT, DenialT]
    passkeys: Passkeys
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class Audience:
    """Whose way in it is: where it lies, its cookies and its words. `field` is how the sign-in form calls who signs in."""

    guard: Callable[..., Any]
    sign_in: str
    confirm: str
    sign_out: str
    home: str
    cookies: Cookies
    page: str
    field: str
    missing: str
    wrong: str
    not_here: str
    """What a passkey is told that belongs to nobody who may sign in here."""
    lost: str
    """What to do without phone and recovery codes."""
    target: Callable[[str], str]
    """Where to go on to, from where the browser says that it wanted to go."""
