"""Administrators, the one-time links that make them, and what happens to them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from homeport.directory.admins.model.factors import REQUIRED_FOR
from homeport.directory.admins.model.roles import ROLES
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.permissions import Permission

LINK_LIFETIME = timedelta(hours=1)
INVITATION_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who signs in to the admin portal. `version` counts changes."""

    id: str
    email: str
    firstname: str
    lastname: str
    role: str
    password_hash: str = field(repr=False)
    api_keys_allowed: bool
    version: int
    created_at: datetime
    updated_at: datetime
    factor_since: datetime | None = None
    """When the present second factor was set up; None without one."""
    suspended_at: datetime | None = None
    """Since when they may do nothing, not even sign in; None while they may."""
    custom_permissions: frozenset[Permission] = frozenset()
    """What the custom role of this name has at this moment; not stored here."""

    @property
    def full_name(self) -> str:
        """Return first and last name, or the address of somebody without a name."""
        return " ".join(part for part in (self.firstname, self.lastname) if part) or self.email

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return what the present role may do; somebody suspended may do nothing, and so may a role that no longer exists."""
        return frozenset() if self.suspended_at else self.role_permissions

    @property
    def role_permissions(self) -> frozenset[Permission]:
        """Return what the role may do, also while they are suspended: as mighty as they are once somebody activates them."""
        return ROLES.get(self.role, self.custom_permissions)

    @property
    def lacks_factor(self) -> bool:
        """Tell whether the role demands a second factor that is not set up; nothing else works until then."""
        return self.role in REQUIRED_FOR and self.factor_since is None


@dataclass(frozen=True, slots=True)
class AdministratorLink:
    """A one-time link. `email` is empty on a link for the first administrator or for recovery; an invitation names one."""

    id: str
    token_hash: str
    email: str
    role: str
    created_by: str
    """What the maker was called then, with the key's name where a key made it: for people to read, never to compare."""
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    made_by_id: str | None = None
    """The id of the administrator who made it, signed in or with a key; None for the system."""

    @property
    def is_invitation(self) -> bool:
        """Tell whether the link makes one particular new administrator and can reset nobody's password."""
        return bool(self.email)

    def usable(self, now: datetime) -> bool:
        """Tell whether the link was neither used nor has expired."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class AdministratorDeleted(Event):
    """The administrator is about to be removed; sessions end."""

    administrator_id: str


@dataclass(frozen=True, slots=True)
class AdministratorSuspended(Event):
    """The administrator may do nothing until they are activated again; sessions end."""

    administrator_id: str


@dataclass(frozen=True, slots=True)
class AdministratorChanged(Event):
    """Role or access to the API changed."""

    administrator_id: str


@dataclass(frozen=True, slots=True)
class AdministratorPasswordChanged(Event):
    """The password was set anew; sessions that began with the old one end."""

    administrator_id: str


def actor_of(administrator: Administrator, origin: Origin) -> Actor:
    """Return the administrator as an actor without a session; one who lacks the second factor of their role may do nothing."""
    return Actor(
        ActorKind.ADMINISTRATOR,
        administrator.id,
        administrator.email,
        frozenset() if administrator.lacks_factor else administrator.permissions,
        role=administrator.role,
        origin=origin,
        has_factor=administrator.factor_since is not None,
        lacks_factor=administrator.lacks_factor,
    )
