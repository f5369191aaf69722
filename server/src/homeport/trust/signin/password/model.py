"""A session, how long it lives, how failures slow down, and where a sign-in may lead."""

import ipaddress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.foundation.kernel.entropy import hash_token
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.access.model import Link

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCHED_EVERY = timedelta(minutes=1)
"""How often a session's last use is stored, so that looking at pages does not write at each click."""
KNOWN_FOR = timedelta(days=180)
"""How long a browser stays known to the accounts that signed in with it."""
FORGOTTEN_AFTER = timedelta(hours=24)
"""How long after the last failure a delay starts from nothing again."""
CODE_WITHIN = timedelta(minutes=5)
"""How long a right password waits for the second factor's code."""
MOST_WRONG_CODES = 5
"""After so many wrong codes the password is asked again."""
LONGEST_TARGET = 2000
HOME = "/admin"
_WAYS_IN = {"/signin", "/signout", "/user/signin", "/user/signout"}


class Way(StrEnum):
    """How a session's person proved who they are, as far as it matters afterwards."""

    PASSWORD = "password"  # noqa: S105 - a word, no password
    """The password, and the code of who has a second factor."""
    PASSKEY = "passkey"
    """Both factors in one."""
    RECOVERY = "recovery"
    """A one-time link made on the server: access policies are not asked, so that it is the way back whatever they say."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an administrator or a user, its owner. The cookie holds a token; only its hash is kept."""

    id: str
    token_hash: str
    owner_id: str
    created_at: datetime
    authenticated_at: datetime
    """When the person last gave the password; sensitive acts need this to be recent."""
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    way: Way = Way.PASSWORD

    def alive(self, now: datetime) -> bool:
        """Tell whether the session is neither over nor idle for too long."""
        return now < self.expires_at and now - self.last_seen_at < IDLE

    def to_touch(self, now: datetime) -> bool:
        """Tell whether the last use should be stored anew."""
        return now - self.last_seen_at >= TOUCHED_EVERY


@dataclass(frozen=True, slots=True)
class Pace:
    """How failures slow down: `free` of them cost nothing, then the delay doubles from one second up to `longest`."""

    free: int
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """Return how long to wait after so many failures."""
        beyond = failures - self.free
        return timedelta() if beyond < 0 else min(timedelta(seconds=2 ** min(beyond, 20)), self.longest)


ACCOUNT_PACE = Pace(free=5, longest=timedelta(minutes=15))
ADDRESS_PACE = Pace(free=20, longest=timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Throttle:
    """The failures counted under one key. An attempt counts as a failure until it has succeeded."""

    key: str
    failures: int
    blocked_until: datetime
    last_failure_at: datetime

    def present(self, now: datetime) -> "Throttle":
        """Return the throttle as it counts now: from nothing when the last failure is long ago."""
        return replace(self, failures=0) if now - self.last_failure_at > FORGOTTEN_AFTER else self

    def failed(self, pace: Pace, now: datetime) -> "Throttle":
        """Return the throttle after one more failure."""
        failures = self.failures + 1
        return replace(self, failures=failures, blocked_until=now + pace.delay(failures), last_failure_at=now)

    def forgiven(self, now: datetime) -> "Throttle":
        """Return the throttle without the last failure, which turned out to be none."""
        return replace(self, failures=max(0, self.failures - 1), blocked_until=now)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password about to be checked: against whose hash (empty for nobody's), and which throttles count it."""

    email: str
    administrator_id: str
    password_hash: str
    throttles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in between password and code. Only the browser whose cookie holds the token can go on with it; it opens nothing else."""

    id: str
    token_hash: str
    owner_id: str
    password_hash: str = field(repr=False)
    """Against which the password was right; another password meanwhile ends it."""
    wrong_codes: int
    created_at: datetime
    expires_at: datetime
    target: str
    """Where the browser wanted to go."""
    sign_in_id: str = ""
    """The attempt's own record, with its steps; empty where none is kept."""

    def usable(self, now: datetime) -> bool:
        """Tell whether a code may still be given."""
        return now < self.expires_at and self.wrong_codes < MOST_WRONG_CODES


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """What a right password of somebody with a second factor hands to the browser."""

    token: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a successful sign-in hands to the browser."""

    session: Session
    token: str
    browser: str
    """The token by which this browser is known to the account from now on."""
    target: str = HOME
    """Where to go on to."""


@dataclass(frozen=True, slots=True)
class ShutOut:
    """The proof was right, and the sign-in is denied even so: what the person reads, where they can read on, and why."""

    message: str
    links: tuple[Link, ...] = ()
    reason: ReasonCode = ReasonCode.DENIED_BY_POLICY


def account_key(email: str) -> str:
    """Return the throttle's key of an account, whether it exists or not."""
    return f"account:{hash_token(email)}"


def browser_key(browser: str, administrator_id: str) -> str:
    """Return the throttle's key of a browser known to an account; others' failures do not count under it."""
    return f"browser:{hash_token(f'{browser}:{administrator_id}')}"


def confirmation_key(administrator_id: str) -> str:
    """Return the throttle's key of confirming one's password and code."""
    return f"confirm:{administrator_id}"


def factor_key(administrator_id: str) -> str:
    """Return the throttle's key of an account's second factor."""
    return f"factor:{administrator_id}"


def address_key(address: str) -> str:
    """Return the throttle's key of an address; an IPv6 customer has a whole /64 and counts as one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"address:{hash_token(address)[:16]}"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return f"address:{ipaddress.ip_network((parsed, 64), strict=False)}"
    return f"address:{getattr(parsed, 'ipv4_mapped', None) or parsed}"


def pace_of(key: str) -> Pace:
    """Return how failures under a key slow down."""
    return ADDRESS_PACE if key.startswith("address:") else ACCOUNT_PACE


def safe_target(text: str, default: str = HOME) -> str:
    r"""Return the path to go on to after the sign-in: one on this site, or the default.

    Browsers read `//host`, `/\host` and a slash followed by a tab as another site, so nothing of the kind passes.
    """
    if not text.startswith("/") or text.startswith("//") or len(text) > LONGEST_TARGET:
        return default
    if any(character == "\\" or ord(character) <= ord(" ") or ord(character) >= 0x7F for character in text):  # noqa: PLR2004 - ASCII
        return default
    path = text.partition("?")[0].partition("#")[0]
    return default if path in _WAYS_IN or path.startswith(("/signin/", "/user/signin/", "/user/link/")) else text
