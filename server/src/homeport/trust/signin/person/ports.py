"""What users' passwords and sign-ins need."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from homeport.directory.people.model import User
from homeport.foundation.kernel.actor import Origin
from homeport.trust.signin.person.model import DirectoryPassword, PasswordLink, PasswordRules


class Verdict(StrEnum):
    """What an access policy says of a sign-in; REQUIRE_MFA lets in who also proves a second factor."""

    ALLOW = "allow"
    REQUIRE_MFA = "mfa"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, which policy gave it, and what a refused person is told instead of the usual words."""

    verdict: Verdict
    policy: str = ""
    text: str = ""
    links: tuple[tuple[str, str], ...] = ()
    monitored: str = ""
    """The names of policies that are only monitored and would have applied."""
    would: str = ""
    """What the verdict would be if those were enabled."""


class AccessPolicies(Protocol):
    """Decides about a sign-in to the user portal once the password was right: answered by `trust.access`.

    `PersonSignIn._judge` asks it, once for each sign-in, inside the unit of work that records the sign-in; the ruling stands on
    its timeline. bootstrap (`Unit.person_sign_in`) says who answers.
    """

    def rule(self, user: User, origin: Origin) -> Ruling:
        """Say whether this person may sign in from there."""
        ...

    def has(self, user_id: str) -> bool:
        """Tell whether the user has a second factor: codes, or a passkey, which proves both."""
        ...


class PasswordStore(Protocol):
    """Keeps users' passwords; a user without one has the empty `DirectoryPassword`."""

    def get(self, user_id: str) -> DirectoryPassword:
        """Return a user's."""
        ...

    def get_all(self, user_ids: Collection[str]) -> Sequence[DirectoryPassword]:
        """Return those of these users that are stored."""
        ...

    def save(self, password: DirectoryPassword) -> None:
        """Store a new or changed one."""
        ...


class RuleStore(Protocol):
    """Keeps the rules of users' passwords, and the hashes of earlier ones."""

    def get(self) -> PasswordRules:
        """Return the rules; the usual ones while nobody has set any."""
        ...

    def get_for_update(self) -> PasswordRules:
        """Return the rules and keep others from changing them until the unit of work ends."""
        ...

    def save(self, rules: PasswordRules) -> None:
        """Store changed rules; raise Conflict when somebody else stored the first ones at the same moment."""
        ...

    def earlier(self, user_id: str, most: int) -> Sequence[str]:
        """Return the hashes of a user's earlier passwords, the last first."""
        ...

    def remember(self, earlier_id: str, user_id: str, password_hash: str, at: datetime, most: int) -> None:
        """Keep the hash of a password that was replaced, and forget those of the user beyond the last `most`."""
        ...


class PersonStore(Protocol):
    """Finds users by what they type."""

    def find_by_email(self, email: str) -> User | None:
        """Return the user with exactly this lower-case address."""
        ...

    def find_by_username(self, username: str) -> User | None:
        """Return the user with exactly this lower-case name."""
        ...

    def get(self, user_id: str) -> User | None:
        """Return a user."""
        ...

    def get_for_update(self, user_id: str) -> User | None:
        """Return a user and keep others from changing them until the unit of work ends."""
        ...


class PasswordLinkStore(Protocol):
    """Keeps one-time links."""

    def add(self, link: PasswordLink) -> None:
        """Store a new link."""
        ...

    def find(self, token_hash: str) -> PasswordLink | None:
        """Return the link whose token has this hash."""
        ...

    def find_for_update(self, token_hash: str) -> PasswordLink | None:
        """Return the link, and keep others from using it until the unit of work ends."""
        ...

    def newest_open(self, user_id: str, now: datetime) -> PasswordLink | None:
        """Return the link of a user that can still be used."""
        ...

    def end_of(self, user_id: str, at: datetime) -> int:
        """Make a user's unused links worthless; return how many."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget links that were over before."""
        ...
