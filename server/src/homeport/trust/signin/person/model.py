"""A user's directory password: its status, who manages it, and the one-time links with which it is set."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from homeport.directory.admins.model import SHORTEST_PASSWORD
from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.reasons import ReasonCode

HOME = "/user"
ACTIVATION_LIFETIME = timedelta(days=7)
RESET_LIFETIME = timedelta(hours=1)


class Authority(StrEnum):
    """Who manages the password; HOMEPORT unless an administrator named somebody else, then nobody sets or changes it here."""

    HOMEPORT = ""
    ACTIVE_DIRECTORY = "active_directory"
    PROVIDER = "federated_identity_provider"
    SCIM = "scim"

    @property
    def words(self) -> str:
        """Return the name that people read."""
        return {
            Authority.HOMEPORT: "This directory",
            Authority.ACTIVE_DIRECTORY: "Active Directory",
            Authority.PROVIDER: "your identity provider",
            Authority.SCIM: "the system that provisions users (SCIM)",
        }[self]


class PasswordStatus(StrEnum):
    """PENDING was never set; EXPIRED signs in only to be changed."""

    PENDING = "Pending"
    ACTIVE = "Active"
    EXPIRED = "Expired"
    MANAGED = "Managed elsewhere"


@dataclass(frozen=True, slots=True)
class DirectoryPassword:
    """A user's password and second factor. `version` counts changes of who manages it; a user without a row has none of it."""

    user_id: str
    password_hash: str = field(default="", repr=False)
    set_at: datetime | None = None
    expired_at: datetime | None = None
    """Since when it must be changed at the next sign-in; None while it need not."""
    authority: Authority = Authority.HOMEPORT
    factor_since: datetime | None = None
    """When the present second factor was set up; None without one."""
    version: int = 1

    @property
    def status(self) -> PasswordStatus:
        """Return how the password stands."""
        if self.authority is not Authority.HOMEPORT:
            return PasswordStatus.MANAGED
        if not self.password_hash:
            return PasswordStatus.PENDING
        return PasswordStatus.EXPIRED if self.expired_at else PasswordStatus.ACTIVE


LEAST_SHORTEST, MOST_HISTORY, MOST_DAYS = 8, 24, 3650


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What holds for users' passwords. `version` counts changes and is 0 while nobody has set any."""

    shortest: int = SHORTEST_PASSWORD
    history: int = 0
    """How many earlier passwords of a user cannot be chosen again; 0 for none."""
    lifetime_days: int = 0
    """After how many days a password has to be changed; 0 for never."""
    version: int = 0

    def expiry_of(self, password: DirectoryPassword) -> datetime | None:
        """Return when a password has to be changed by its age; None when it need not, such as one that is managed elsewhere."""
        own = password.authority is Authority.HOMEPORT and bool(password.password_hash)
        return password.set_at + timedelta(days=self.lifetime_days) if own and self.lifetime_days and password.set_at else None

    def applied(self, password: DirectoryPassword, now: datetime) -> DirectoryPassword:
        """Return how a password stands now: expired by its age, too. What is stored stays, so that a longer life revives it."""
        due = self.expiry_of(password)
        return password if password.expired_at or due is None or due > now else replace(password, expired_at=due)


class LinkKind(StrEnum):
    """ACTIVATION sets the first password and works for a week; RESET sets another and works for an hour."""

    ACTIVATION = "activation"
    RESET = "reset"

    @property
    def lifetime(self) -> timedelta:
        """Return how long a link of this kind works."""
        return ACTIVATION_LIFETIME if self is LinkKind.ACTIVATION else RESET_LIFETIME


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A one-time link with which a user sets their password. The link holds a token; only its hash is kept."""

    id: str
    token_hash: str
    user_id: str
    kind: LinkKind
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Tell whether the link was neither used nor has expired."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class UserPasswordChanged(Event):
    """The password was set, removed or expired, or the second factor changed; sessions end, all but `session_id`."""

    user_id: str
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class PersonAttempt:
    """A password about to be checked: what was typed, against whose hash (empty for nobody's), and which throttles count it."""

    typed: str
    user_id: str
    password_hash: str = field(repr=False)
    throttles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A sign-in that was refused: why, and the id under which an administrator finds it. `told` may be said to the person."""

    reason: ReasonCode
    sign_in_id: str
    told: bool = False
    """Whether the password was right, so that the reason tells a stranger nothing."""
    text: str = ""
    """What the access policy says to the person; empty for the reason's own words."""
    links: tuple[tuple[str, str], ...] = ()
    """Where the policy sends the person for help: text and address."""
